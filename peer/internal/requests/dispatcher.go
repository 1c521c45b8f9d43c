package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/spv/p2p"
)

// Deps are what a Dispatcher needs.
type Deps struct {
	Genesis     chainhash.Hash
	MaxRequests int           // in flight of one peer
	MaxBytes    int           // of the replies to these, as estimated
	Stall       time.Duration // how long a request waits while no byte arrives from its peer

	Score     func(host string) float64 // the ban score of a host
	Blocks    func(host string) int     // how many blocks a host was asked for until its last connection ended
	SetBlocks func(host string, n int)  // sets the result of Blocks
	TimedOut  func(host string)         // is called when a request to a host has reached its deadline
	Malformed func(p2p.PeerID, error)   // is called when a peer has sent a block that cannot be parsed
	LateReply func()                    // is called when TakeLate may return another reply
}

// Dispatcher sends requests to the peers that Join has added.
type Dispatcher struct {
	deps  Deps
	queue *queue
	late  lateReplies
}

// New returns a Dispatcher without peers: requests wait for one.
func New(deps Deps) *Dispatcher {
	return &Dispatcher{deps: deps, queue: &queue{deps: deps, sizes: pick.FirstSizes()}}
}

// Join makes a peer available for requests.
func (d *Dispatcher) Join(p *roster.Peer) { d.queue.join(p) }

// Leave removes a peer whose connection has ended.
func (d *Dispatcher) Leave(p *roster.Peer) { d.queue.leave(p) }

// Load is what is in flight to a peer and how fast it delivers.
type Load struct {
	Requests int
	Bytes    int     // of their replies, estimated
	Rate     float64 // bytes per second; zero if not measured
}

// Load returns the load of a peer; zero if it was not joined.
func (d *Dispatcher) Load(p *roster.Peer) Load { return d.queue.load(p) }

// Headers requests the headers after the first locator hash that the peer knows, up to stop
// (zero: as many as a message holds, 2,000), from a peer outside avoid, or from any if all
// are in it. It returns the payload of a headers message of the right form, which the caller
// owns, and the id of the peer that was asked, also with an error.
func (d *Dispatcher) Headers(ctx context.Context, avoid []p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, p2p.PeerID, error) {
	if _, err := conn.HeadersRequest(d.deps.Genesis, locator, stop); err != nil {
		return nil, 0, err
	}
	return d.fetchHedged(ctx, pick.Want{Kind: conn.GetHeaders, Avoid: avoid}, func() *conn.Request {
		r, _ := conn.HeadersRequest(d.deps.Genesis, locator, stop) // it was checked above
		return r
	})
}

// HeadersFrom is Headers from one peer. It fails at once if that peer is gone.
func (d *Dispatcher) HeadersFrom(ctx context.Context, id p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, error) {
	if id == 0 {
		return nil, &fault.Error{Reason: fault.Gone}
	}
	r, err := conn.HeadersRequest(d.deps.Genesis, locator, stop)
	if err != nil {
		return nil, err
	}
	return d.fetchOnce(ctx, pick.Want{Kind: conn.GetHeaders, Only: id}, r)
}

// CFilters requests the version 2 committed filters of the blocks from start to end, both
// included, at most 100. It returns the payload of a cfiltersv2 message of the right form
// that begins and ends with these blocks. A node that lacks a filter stays silent. A reply of
// more than most bytes, if most is not zero, is not read into memory, and a proven fault.
func (d *Dispatcher) CFilters(ctx context.Context, avoid []p2p.PeerID, start, end chainhash.Hash, most int) ([]byte, p2p.PeerID, error) {
	return d.fetchHedged(ctx, pick.Want{Kind: conn.GetCFilters, Avoid: avoid}, func() *conn.Request { return conn.CFiltersRequest(start, end, most) })
}

// CFilter requests the version 2 committed filter of one block. It returns the payload of a
// cfilterv2 message of the right form for this block.
func (d *Dispatcher) CFilter(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) ([]byte, p2p.PeerID, error) {
	return d.fetchHedged(ctx, pick.Want{Kind: conn.GetCFilter, Avoid: avoid}, func() *conn.Request { return conn.CFilterRequest(hash) })
}

// Block requests a block. Of the block it returns only the hash of the header has been
// compared. The reason of the error is NotFound if the peer says that it does not have the
// block.
func (d *Dispatcher) Block(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) (*wire.MsgBlock, p2p.PeerID, error) {
	payload, from, err := d.fetchHedged(ctx, pick.Want{Kind: conn.GetBlock, Avoid: avoid, Spread: true}, func() *conn.Request { return conn.BlockRequest(hash) })
	if err != nil {
		return nil, from, err
	}
	msg, err := parse.Block(payload)
	if err != nil {
		d.deps.Malformed(from, err)
		return nil, from, fmt.Errorf("get block %v: %w", hash, fault.New(fault.Malformed, err))
	}
	return msg, from, nil
}

// fetchOnce sends one request to one peer and returns the payload.
func (d *Dispatcher) fetchOnce(ctx context.Context, w pick.Want, r *conn.Request) ([]byte, error) {
	w.Bytes = d.queue.expect(r.Kind())
	l, err := d.queue.acquire(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", r, err)
	}
	payload, err := l.Do(ctx, r)
	d.queue.finish(l, w, r, len(payload), err)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", r, err)
	}
	return payload, nil
}

// Replied records the reply of a peer to a request that was abandoned: from now on the peer gets
// requests again like others. The reply is kept for TakeLate.
func (d *Dispatcher) Replied(p *roster.Peer, r *conn.Request, payload []byte) {
	d.queue.replied(p, r)
	d.keepLate(p.ID, r, payload)
}

// keepLate keeps a late reply for TakeLate, if a caller has a use for it and the limits allow it.
func (d *Dispatcher) keepLate(from p2p.PeerID, r *conn.Request, payload []byte) {
	l, ok := r.Late(from, payload)
	if !ok {
		return
	}
	d.late.put(l)
	d.deps.LateReply()
}

// TakeLate removes and returns the oldest reply that arrived after another peer had answered its
// request, or after the request was abandoned, and false if there is none. The form of its payload
// was checked like that of other replies.
func (d *Dispatcher) TakeLate() (p2p.LateReply, bool) { return d.late.take() }
