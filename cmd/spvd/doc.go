// Command spvd is the daemon: it keeps a Decred light wallet in step with the
// network and answers JSON-RPC.
//
// This is the only package that sees every room. It reads the configuration
// (config.go, load.go, inifile.go, validate.go), takes the data directory (lock.go),
// opens the wallets (wallets.go), builds the peer pool, the syncer, the RPC server and
// the status page (build.go, page.go), hands each the ones below it through the ports
// they declare (the files that begin with ports), and runs them until a signal, the
// stop method or a failure ends one of them (serve.go, services.go, supervisor.go).
// With --until it ends by itself (until.go), with hooks it runs commands of the user
// (hook.go, blocknotify.go, walletnotify.go). With --checkdb it proves the chain store
// instead and exits (checkdb.go).
//
// Settings come from, in rising order of precedence, the defaults, the
// configuration file, SPVD_* environment variables and the command line.
//
// The exit code is 0 after a clean stop, 1 after a fatal error, of which
// standard error has one line, and 2 when the settings are wrong. The first
// signal stops cleanly within ten seconds, the second one at once.
package main
