// Package webhook posts what happens on the chain and in wallets to a web server of the user, the
// receiver.
//
// # Guarantees
//
//   - Events are posted one at a time, in order, until the receiver answers with a status of 200 to
//     299. Those of a wallet, and of blocks, leave nothing out, however long the receiver, or the
//     daemon, is away: a feed continues from its cursor. Where that is not possible the event says
//     so, see api.WalletEvent and api.BlocksEvent.
//   - Each event has a number. It is written to a file before it is posted, so that an event that is
//     posted again, because the receiver or the daemon ended in between, is the same one, byte for
//     byte: a receiver that leaves out the numbers it has loses nothing and counts nothing twice.
//   - What is posted is signed with a secret that both sides know.
//   - Nothing is posted in plain text but to this machine. Redirects are not followed, and the
//     environment names no proxy.
//   - A receiver that is slow or away holds up nothing else: nothing is queued for it.
//
// # Goroutines
//
// Hook.Run blocks until its context ends. It uses the goroutine of a feed.Sender for the events.
//
// # Reading order
//
// hook.go (the feeds and their places), event.go (what is posted, and the signature), state.go
// (the file), post.go (attempts), target.go.
package webhook
