// Command spvd is the daemon: it keeps a Decred light wallet in step with the
// network and answers JSON-RPC.
//
// This is the only package that sees every room. It reads the configuration
// (config.go, load.go), takes the data directory (lock.go), opens the wallet if
// there is one (wallets.go), builds the peer pool, the syncer and the RPC server, hands each the ones below it through
// the ports they declare (ports_*.go), and runs them until a signal, the stop
// method or a failure ends one of them (serve.go, services.go). With --checkdb
// it proves the chain store instead and exits (checkdb.go).
//
// Settings come from, in rising order of precedence, the defaults, the
// configuration file, SPVD_* environment variables and the command line.
//
// The exit code is 0 after a clean stop, 1 after a fatal error, of which
// standard error has one line, and 2 when the settings are wrong. The first
// signal stops cleanly within ten seconds, the second one at once.
package main
