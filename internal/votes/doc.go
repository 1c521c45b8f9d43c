// Package votes checks the votes of a block: that real tickets of its chain have
// approved of its parent. A header only counts votes, so work alone does not show that
// there was a stakeholder behind any of them. This package reads the votes themselves
// and the blocks that their tickets were bought in.
//
// # What it proves
//
// A verified vote in block N+1 names block N by hash and height; it spends a ticket that
// stands in the stake tree of the main chain's block at the height and the position
// that the vote states; that ticket was live: bought more than the network's maturity
// before the vote, and not yet expired; it is signed rightly under the voting script of
// the ticket; and no other vote seen here has spent the ticket.
//
// It does not prove that the lottery has drawn these tickets: that takes all live
// tickets, which only a full node knows. See docs/security.md for what this is worth.
//
// # Who does what
//
// The package has no network, no clock and no store: a Verifier asks its Source for
// blocks, which have to be proven against their headers already (consensus.CheckBlock), and
// keeps a bounded number of ticket blocks. It starts no goroutines. A Verifier belongs
// to one goroutine.
//
// Read reason.go, then vote.go (what a transaction says), verify.go, and cache.go.
package votes
