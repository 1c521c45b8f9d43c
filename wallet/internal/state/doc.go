// Package state is what a wallet keeps of itself: its accounts, scripts and birthdays, how far
// the chain has been applied and searched, and its jobs. A Snapshot has all of it, as rows of the
// wallet's file and in memory. The books of payments are in package ledger.
//
// A snapshot that was installed never changes: a change is made to a copy, which is stored with
// Save. Methods that change a snapshot say which of its lists must be its own. An Edit makes the
// changes that need more than the snapshot: scripts derived from keys, and the time.
//
// # Reading the source
//
// Start with snapshot.go and progress.go. The rows are in account.go, script.go, block.go, job.go,
// anchors.go, birthdayundo.go and forgetting.go; store.go creates, loads and saves them, and
// upgrade.go brings old ones up to date. Package birthday says from when on payments count, and
// package remembered which blocks are known; birthday.go makes birthdays follow the chain, claims.go
// lets them become earlier, windows.go makes accounts watch more. What is still to be searched is
// in cursor.go, scannedranges.go and jobs.go.
package state
