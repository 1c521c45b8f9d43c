// Package serve serves a proven chain to other light clients, over the protocol of Decred's
// nodes: to those that connect to addresses that the user has named. It never announces
// these addresses, and makes no connections.
//
// A [Server] answers what a full node answers, as far as a light client can: headers after
// locators, committed filters, one at a time and in batches, the initial state, pings, blocks,
// which it fetches from the network through [Network] and keeps in a cache, and transactions that
// are being published. New blocks are announced by headers or by inventory, as each client asks.
// Unmined transactions of clients are fetched and handed to the network like the user's own. What
// a full node leaves without an answer, or the store does not hold, stays without one here: filters
// that were never fetched, blocks of unknown branches, and addresses of other nodes.
//
// # Guarantees
//
//   - Nothing is served before the store is open, and nothing from a store that is being closed:
//     when the state says that the store is no longer open, or the context of Serve ends, no
//     further request is read, what is queued is written within drainTime, and all goroutines
//     have returned.
//   - All that is sent was proven. Headers are sent as far as their filters are there, so that
//     the chain of the server looks like that of a full node.
//   - Trouble with an address to listen at, like one that is taken, is reported and tried again; it
//     concerns no other address and stops nothing.
//   - Each host, or /64 network of IPv6, is bounded in its connections and new connections,
//     in requests for blocks that wait, in bytes per second, in blocks fetched per hour and in
//     transactions. While the sync has work to do, all clients together get a small share of a
//     processor.
//   - Memory follows the bytes that arrive, and the bytes that wait to be sent. A client that does
//     not read is not read from.
//
// # Goroutines and locks
//
// Serve owns all goroutines: one that follows the state, one for each address to listen at, one
// that announces, and five for each client, which read, write, fetch blocks ahead, answer with
// them in order, and publish. No lock is held across I/O or a wait.
//
// # Reading order
//
// config.go and ports.go: what a server is made of. server.go and listener.go: how it lives.
// frame.go and parse.go: bytes to requests; message.go and outbox.go: answers to bytes.
// sums.go and buffers.go: what is used again of them. session.go and handshake.go: one client; answers.go, data.go, blocks.go, transactions.go and
// announce.go: what it is answered. limits.go, budget.go and source.go: what it may cost.
// clients.go: what is shown.
package serve
