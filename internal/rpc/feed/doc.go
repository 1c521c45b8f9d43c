// Package feed is the subscriptions of websockets: the status, the blocks, and what happens
// to a wallet.
//
// # Guarantees
//
//   - Nothing is stored for a client. Each feed follows its source, which can be read from any
//     place, at the pace of its client. A slow client misses values in between, gets a gap for
//     what has to be complete, and delays neither the source nor other clients.
//   - What several clients get at the same place is read and encoded once.
//   - While the daemon is busy, each client is notified at a time of its own, and all of them
//     together get a bounded number of notifications.
//
// # Goroutines
//
// Hub.Run has one that follows the wallets. A Sender has one while there is something to send.
//
// # Reading order
//
// hub.go (the newest update, and when senders learn of it), sender.go (the feeds of one
// client), status.go, blocks.go, steps.go, locator.go, wallet.go, items.go, cache.go, jobs.go.
package feed
