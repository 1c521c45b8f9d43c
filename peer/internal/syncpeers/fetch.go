package syncpeers

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// Headers requests the headers after the first locator hash that the peer knows, up to stop
// (zero: as many as a message holds, 2,000), from a peer outside avoid, or from any if all
// are in it. It returns the payload of a headers message of the right form, which the caller
// owns, and the id of the peer that was asked, also with an error.
func (s *Peers) Headers(ctx context.Context, avoid []p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, p2p.PeerID, error) {
	return s.deps.Requests.Headers(ctx, avoid, locator, stop)
}

// HeadersFrom is Headers from one peer. It fails at once if that peer is gone.
func (s *Peers) HeadersFrom(ctx context.Context, id p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, error) {
	return s.deps.Requests.HeadersFrom(ctx, id, locator, stop)
}

// CFilters requests the version 2 committed filters of the blocks from start to end, both
// included, at most 100. It returns the payload of a cfiltersv2 message of the right form
// that begins and ends with these blocks. A node that lacks a filter stays silent. A reply of
// more than most bytes, if most is not zero, bans its peer and is not read into memory.
func (s *Peers) CFilters(ctx context.Context, avoid []p2p.PeerID, start, end chainhash.Hash, most int) ([]byte, p2p.PeerID, error) {
	return s.deps.Requests.CFilters(ctx, avoid, start, end, most)
}

// CFilter requests the version 2 committed filter of one block. It returns the payload of a
// cfilterv2 message of the right form for this block.
func (s *Peers) CFilter(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) ([]byte, p2p.PeerID, error) {
	return s.deps.Requests.CFilter(ctx, avoid, hash)
}

// Block requests a block. Of the block it returns only the hash of the header has been
// compared. The reason of the error is NotFound if the peer says that it does not have the
// block. A block that cannot be parsed bans its peer.
func (s *Peers) Block(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) (*wire.MsgBlock, p2p.PeerID, error) {
	return s.deps.Requests.Block(ctx, avoid, hash)
}

// TakeLate removes and returns the oldest reply that arrived after another peer had answered
// its request, or after the request was abandoned. The form of its payload is checked as that
// of other replies. It returns false if there is none. The bytes of late replies are bounded;
// further ones are dropped. Changed is poked when there is one.
func (s *Peers) TakeLate() (p2p.LateReply, bool) { return s.deps.Requests.TakeLate() }
