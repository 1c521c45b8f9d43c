// Package notifier gives programs with keys of their own, like Lightning nodes, what they ask of a
// chain: blocks and filters as they are connected and disconnected, the confirmations of a
// transaction or script, and the spend of an output. Nothing is imported into a wallet, and no
// server is asked for an address: filters are matched here, and blocks that match are fetched.
//
// # Guarantees
//
//   - Each watch is a function that runs on the goroutine of its caller and calls it for each
//     event, in the order of the chain: no event is queued, a slow caller delays itself only.
//   - A watch that is begun at a known block says first what was disconnected since, then what was
//     connected. One that is begun after a restart so misses nothing.
//   - A confirmation that a reorganisation takes back is said to be taken back, before anything
//     else is said about the transaction. So is a spend.
//   - What a block is said to contain was proven against its header.
//
// A watch ends with its context, with the error of the caller's function, or with one of the
// store. The client has to run: a watch waits while it does not sync.
//
// # Reading order
//
// source.go (the chain), follow.go (its steps), confirm.go and spend.go (what is watched).
package notifier
