// Package pick chooses the peer for a request, and measures what it is chosen by: how fast a
// peer delivers, how large replies are and how long they take to begin.
//
// # Guarantees
//
//   - Of the peers with room for one more request, that one is chosen whose reply is expected
//     first. A peer that has left requests of the kind unanswered is chosen when all have.
//   - Blocks are spread: no peer is asked for more than twice its even share, plus eight,
//     counted among the peers that are good enough, because a peer that sees all blocks that
//     a wallet requests learns what the wallet owns.
//   - A peer without requests in flight always has room, however large the reply.
//
// Everything here is a plain value without a clock, a lock or state of its own but for the
// measurements. Read pick.go, then gauge.go.
package pick
