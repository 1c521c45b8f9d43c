package peer

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/spv/p2p"
)

// Headers requests the headers after the first locator hash that the peer knows, up to stop
// (zero: as many as a message holds, 2,000), from a peer outside avoid, or from any if all
// are in it. It returns the payload of a headers message of the right form, which the caller
// owns, and the id of the peer that was asked, also with an error.
func (p *Pool) Headers(ctx context.Context, avoid []p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, p2p.PeerID, error) {
	if _, err := conn.HeadersRequest(p.cfg.Params.GenesisHash, locator, stop); err != nil {
		return nil, 0, err
	}
	return p.fetchHedged(ctx, pick.Want{Kind: conn.GetHeaders, Avoid: avoid}, func() *conn.Request {
		r, _ := conn.HeadersRequest(p.cfg.Params.GenesisHash, locator, stop) // it was checked above
		return r
	})
}

// HeadersFrom is Headers from one peer. It fails at once if that peer is gone.
func (p *Pool) HeadersFrom(ctx context.Context, id p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, error) {
	if id == 0 {
		return nil, &fault.Error{Reason: fault.Gone}
	}
	r, err := conn.HeadersRequest(p.cfg.Params.GenesisHash, locator, stop)
	if err != nil {
		return nil, err
	}
	payload, _, err := p.fetch(ctx, pick.Want{Kind: conn.GetHeaders, Only: id}, r)
	return payload, err
}

// CFilters requests the version 2 committed filters of the blocks from start to end, both
// included, at most 100. It returns the payload of a cfiltersv2 message of the right form
// that begins and ends with these blocks. A node that lacks a filter stays silent. A reply of
// more than most bytes, if most is not zero, bans its peer and is not read into memory.
func (p *Pool) CFilters(ctx context.Context, avoid []p2p.PeerID, start, end chainhash.Hash, most int) ([]byte, p2p.PeerID, error) {
	return p.fetchHedged(ctx, pick.Want{Kind: conn.GetCFilters, Avoid: avoid}, func() *conn.Request { return conn.CFiltersRequest(start, end, most) })
}

// CFilter requests the version 2 committed filter of one block. It returns the payload of a
// cfilterv2 message of the right form for this block.
func (p *Pool) CFilter(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) ([]byte, p2p.PeerID, error) {
	return p.fetchHedged(ctx, pick.Want{Kind: conn.GetCFilter, Avoid: avoid}, func() *conn.Request { return conn.CFilterRequest(hash) })
}

// Block requests a block. Of the block it returns only the hash of the header has been
// compared. The reason of the error is NotFound if the peer says that it does not have the
// block.
func (p *Pool) Block(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) (*wire.MsgBlock, p2p.PeerID, error) {
	payload, from, err := p.fetchHedged(ctx, pick.Want{Kind: conn.GetBlock, Avoid: avoid, Spread: true}, func() *conn.Request { return conn.BlockRequest(hash) })
	if err != nil {
		return nil, from, err
	}
	msg, err := parse.Block(payload)
	if err != nil {
		p.convict(from, fault.Malformed, err)
		return nil, from, fmt.Errorf("get block %v: %w", hash, fault.New(fault.Malformed, err))
	}
	return msg, from, nil
}

// fetch sends one request to one peer and returns the payload and the id of the peer.
func (p *Pool) fetch(ctx context.Context, w pick.Want, r *conn.Request) ([]byte, p2p.PeerID, error) {
	w.Bytes = p.expect(r.Kind())
	m, err := p.acquire(ctx, w)
	if err != nil {
		return nil, w.Only, fmt.Errorf("%v: %w", r, err)
	}
	payload, err := m.Do(ctx, r)
	p.finishRequest(m, w, r, len(payload), err)
	if err != nil {
		return nil, m.id, fmt.Errorf("%v: %w", r, err)
	}
	return payload, m.id, nil
}

// expect estimates the size of the reply to a request.
func (p *Pool) expect(k conn.Kind) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sizes.Of(k)
}
