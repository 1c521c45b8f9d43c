// Command spvd is the daemon: it keeps a Decred light wallet in step with the
// network and answers JSON-RPC.
//
// It embeds the light client of package spvd, as any program can, and adds what users of a
// daemon need. It reads the settings (internal/settings), opens the client, and builds the RPC
// server and the status page around it (build.go, page.go). It runs all of them until a signal, the stop method or a failure ends one
// (serve.go, internal/orchestrator, supervisor.go). With --until it ends by itself (until.go), with
// --blocknotify and --walletnotify it runs commands of the user (hooks.go, internal/hooks). With
// --checkdb it proves the chain store and the wallets instead and exits (checkdb.go), with
// --compact it makes the store smaller (compact.go), with --verifysnapshot it proves a snapshot
// (checksnapshot.go).
//
// Settings come from, in rising order of precedence, the defaults, the
// configuration file, SPVD_* environment variables and the command line.
//
// The exit code is 0 after a clean stop, 1 after a fatal error, of which
// standard error has one line, and 2 when the settings are wrong. The first
// signal stops cleanly within ten seconds, the second one at once.
package main
