// Package hooks runs commands of the user for the system's shell: one for each new tip of a synced
// chain, one for each change of a transaction of the wallets.
//
// A [Hook] runs its command once at a time. Nothing is queued for a command that takes long: the
// next run is for what is new when it has ended, and neither the sync nor a wallet waits. When its
// context ends, a command is killed with all processes that it has started.
//
// Blocks and Transactions belong to the goroutine that calls them, and start none. A [Runner] may
// be used from several.
//
// Reading order: hook.go, with shell_unix.go and shell_windows.go; blocks.go and transactions.go;
// runner.go, which starts the processes and reaps others as process 1.
package hooks
