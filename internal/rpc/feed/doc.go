// Package feed serves the subscriptions of websockets: the status, the blocks, and the
// changes of a wallet.
//
// # Guarantees
//
//   - Nothing is stored for a client. Each feed follows its source, which can be read from
//     any place, at the pace of its client. A slow client misses values in between, gets a
//     gap where a sequence has to be complete, and delays neither the source nor other
//     clients.
//   - Data that several clients get at the same place is read and encoded once.
//   - While the daemon is busy, each client is notified at a time of its own, and all of them
//     together get a bounded number of notifications.
//
// # Goroutines
//
// Hub.Run has one that follows the wallets. A Sender has one while there is a notification to
// send.
//
// # Reading order
//
// hub.go (the newest update, and when senders get it), sender.go (the feeds of one client),
// status.go, blocks.go, steps.go, locator.go, wallet.go, items.go, only.go, cache.go, jobs.go,
// into.go (what other workers than a websocket need).
package feed
