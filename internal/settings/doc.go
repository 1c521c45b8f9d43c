// Package settings is what users set of the daemon: the options of its command line, which are also
// the keys of its configuration file and environment variables. It reads them in the order of
// precedence, says what is wrong with them in words of users, and describes them: in the sample
// configuration, the manual pages and the completion of shells, which all follow from one table, the
// tags of [Config].
//
// It sets nothing up: cmd/spvd makes a client and servers of what it returns. Errors repeat no
// secret.
//
// # Goroutines
//
// The package starts none.
//
// # Reading order
//
// config.go is the table, load.go reads the sources, validate.go and users.go say what does not go
// together. The files that begin with values, and group.go, are the types of options. inifile.go,
// manual.go and completion.go describe them.
package settings
