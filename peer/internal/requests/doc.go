// Package requests carries requests to peers and replies back: it chooses the peer for each, sends
// it to further peers when a reply is overdue, and records how each peer answers.
//
// # Guarantees
//
//   - A request ends exactly once: with its reply, at its deadline, with its connection or with its
//     context. From then on it does not count as in flight.
//   - Freed room goes to the request that has waited longest among those that may use it.
//   - A request that one peer leaves unanswered, or answers in a trickle, is sent to other peers, at
//     last to eight; a reply that flows is waited for.
//   - A peer that leaves requests unanswered gets fewer of them, and is disconnected only when
//     another peer answers. That proves nothing against it.
//   - The bytes of late replies that wait are bounded, of one peer and in all.
//
// A [Dispatcher] may be used from any goroutine. A request owns one goroutine per peer that it is
// sent to, and has none left when it returns. The lock of the queue also guards what is
// measured of the peers. It is held across no call of Deps but Score, Blocks, SetBlocks and
// TimedOut.
//
// dispatcher.go is what callers use. queue.go: the requests that wait for a peer. link.go: a peer as
// requests see it. hedge.go: one request that is sent to several peers. late.go: replies that
// arrived late.
package requests
