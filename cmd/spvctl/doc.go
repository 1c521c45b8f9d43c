// Command spvctl talks to a running spvd: it shows the progress of the sync and the peers,
// and calls any JSON-RPC method.
//
// It keeps no state and reads no data of the daemon except its credentials: the certificate,
// and the configuration file or the cookie.
//
// Exit codes: 0 done, 1 an error (one line on standard error), 2 wrong usage. The exit code
// of the status command is the state of the daemon, see statusCommand.
//
// Reading order: main.go, options.go, system.go (where a daemon has its files) and target.go
// (the address of the daemon and the credentials), client.go, command.go and one file for each
// command; watch.go shows a sync, with picture.go for the lines and canvas.go for the terminal;
// top.go is the dashboard, with dashboard.go for what it shows and keyboard_unix.go for the
// keys; call.go is for all methods that have no command of their own.
package main
