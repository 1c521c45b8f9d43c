// Package votecheck verifies the votes behind the payments of wallets. Package votes
// judges the votes of one block; this package decides which blocks are to be judged,
// fetches them and those of their tickets, keeps what was found out, and says so.
//
// # What is verified
//
// A payment is confirmed by its own block and the five after it. The votes for a block
// stand in its successor, so that the first vote is there with the second confirmation.
// A Checker verifies them for the payments of at least [Config.Least] in the newest
// blocks, and for any transaction of a wallet on [Checker.Request].
//
// # What it guarantees
//
//   - A Checker never stops the sync, and blocks nothing: what a peer withholds is "not yet
//     known", a state of its own, and is asked for again while other blocks are verified.
//     Trouble with its file is a warning, and [Checker.Serve] tries again.
//   - What was found out about a block counts only while that block and its successor
//     are on the main chain. It is kept across restarts, and not fetched again.
//   - Everything is bounded: results, jobs, blocks in memory, fetches at a time, and the
//     bytes that are fetched in an hour.
//   - A failed block on the main chain makes the status of the sync not synced, and a
//     warning names the payment, by [Syncer.ReportVotes].
//
// # Who does what
//
// [New] starts nothing. Serve runs one goroutine that owns the Verifier and the file, and
// a bounded number that wait for blocks, all of which have returned before it does. All
// other methods may be called from any goroutine; those that read never wait for the
// network or the disk, but for the headers in the chain store.
//
// Read ports.go for what it needs, checker.go for what callers use, serve.go for the loop,
// fetch.go for the blocks that it fetches and verifies, plan.go, budget.go and pending.go
// for what it decides, then state.go and journal.go for what it keeps, and report.go for
// what it says.
package votecheck
