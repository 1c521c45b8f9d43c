package spv

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/p2p"
)

// errSilent is what a request to a silent peer ends with.
var errSilent = errors.New("no reply in time")

// requestTime is how long a fake peer may be silent about a request.
const requestTime = 10 * time.Second

// fakePeer is a peer that answers from a chain, without any wire between.
type fakePeer struct {
	id      p2p.PeerID
	host    string
	claim   consensus.Height // instead of the height of its chain; zero: that
	chain   *testnet.Chain
	latency time.Duration
	trip    time.Duration // that its handshake took

	silentHeaders bool
	silentFilters bool
	spoilHeaders  func([]byte)
	spoilFilters  func([]byte)
	wrongBlocks   bool
	emptyBlocks   bool             // the transactions are nil: whatever looks at them panics
	brokenHeaders bool             // the next request for headers panics
	withheldFrom  consensus.Height // blocks from it on are not served; zero: all are
	leavesAt      consensus.Height // asked for headers after it, it sends the first ones and leaves; zero: never

	group       string // of its address; empty if not known
	busy        int
	sendHeaders int
	asked       []string // the kinds of requests in order
}

// fakeNet implements Peers with fake peers.
type fakeNet struct {
	sendsHeaders func() // called when sendheaders is sent; nil for nothing

	mu      sync.Mutex
	peers   map[p2p.PeerID]*fakePeer
	nextID  p2p.PeerID
	changed chan struct{}
	news    []iter.Seq[p2p.Announcement]
	late    []p2p.LateReply
	accused map[p2p.PeerID][]error
	banned  map[p2p.PeerID]*fakePeer
	credits map[p2p.PeerID]uint32 // the greatest height by peer
	sought  []string              // the reasons, in order
	useless map[p2p.PeerID][]error
	dials   int // in progress
	defects int // of the pool
	broken  any // TakeAnnouncements panics with it once, if it is not nil
	flying  int
	point   func(ctx context.Context, what string) error // is called for each request, unless it is nil

	relay fakeRelay
}

func newFakeNet() *fakeNet {
	return &fakeNet{peers: make(map[p2p.PeerID]*fakePeer), changed: make(chan struct{}, 1), accused: make(map[p2p.PeerID][]error), banned: make(map[p2p.PeerID]*fakePeer), credits: make(map[p2p.PeerID]uint32),
		useless: make(map[p2p.PeerID][]error)}
}

// join connects a peer and returns its number.
func (n *fakeNet) join(p *fakePeer) *fakePeer {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nextID++
	p.id = n.nextID
	n.peers[p.id] = p
	n.poke()
	return p
}

// leave disconnects a peer.
func (n *fakeNet) leave(p *fakePeer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.peers, p.id)
	n.poke()
}

// extend gives a peer another chain and announces its newest blocks the way the
// connection calls for.
func (n *fakeNet) extend(p *fakePeer, c *testnet.Chain) {
	n.mu.Lock()
	defer n.mu.Unlock()
	from := p.chain.Height()
	p.chain = c
	if p.sendHeaders == 0 {
		hash := c.Tip().Hash
		n.news = append(n.news, func(yield func(p2p.Announcement) bool) {
			yield(p2p.Announcement{From: p.id, Blocks: []chainhash.Hash{hash}})
		})
	} else {
		payload := headersPayload(c, min(from, c.Height()-1)+1, c.Height())
		n.news = append(n.news, func(yield func(p2p.Announcement) bool) { yield(p2p.Announcement{From: p.id, Headers: payload}) })
	}
	n.poke()
}

// told returns what a peer was asked for so far, and how often it was sent
// sendheaders.
func (n *fakeNet) told(p *fakePeer) (asked []string, sendHeaders int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(p.asked), p.sendHeaders
}

// change changes a peer's behaviour.
func (n *fakeNet) change(p *fakePeer, by func(*fakePeer)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	by(p)
}

func (n *fakeNet) poke() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// pick waits for a peer that is not to be avoided, the least busy one, which counts as busy until
// it is released.
func (n *fakeNet) pick(ctx context.Context, avoid []p2p.PeerID) (*fakePeer, error) {
	for {
		n.mu.Lock()
		var best *fakePeer
		for _, strict := range []bool{true, false} {
			for _, p := range n.peers {
				if strict && slices.Contains(avoid, p.id) {
					continue
				}
				if best == nil || p.busy < best.busy || p.busy == best.busy && p.id < best.id {
					best = p
				}
			}
			if best != nil {
				best.busy++
				break
			}
		}
		n.mu.Unlock()
		if best != nil {
			return best, nil
		}
		if wait.For(ctx, 100*time.Millisecond) != nil {
			return nil, ctx.Err()
		}
	}
}

// release ends what pick has begun.
func (n *fakeNet) release(p *fakePeer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p.busy--
}

// serve waits as long as the peer takes and then lets answer make the reply.
func (n *fakeNet) serve(ctx context.Context, p *fakePeer, kind string, silent bool, answer func() []byte) ([]byte, error) {
	n.mu.Lock()
	p.busy++
	n.flying++
	p.asked = append(p.asked, kind)
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		p.busy--
		n.flying--
		n.mu.Unlock()
	}()
	if n.point != nil {
		if err := n.point(ctx, kind); err != nil {
			return nil, err
		}
	}
	takes := p.latency
	if silent {
		takes = requestTime
	}
	if wait.For(ctx, takes) != nil {
		return nil, ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if silent || n.peers[p.id] == nil {
		return nil, errSilent
	}
	return answer(), nil
}

func (n *fakeNet) Headers(ctx context.Context, avoid []p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, p2p.PeerID, error) {
	p, err := n.pick(ctx, avoid)
	if err != nil {
		return nil, 0, err
	}
	defer n.release(p)
	payload, err := n.HeadersFrom(ctx, p.id, locator, stop)
	return payload, p.id, err
}

func (n *fakeNet) HeadersFrom(ctx context.Context, id p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) ([]byte, error) {
	n.mu.Lock()
	p := n.peers[id]
	n.mu.Unlock()
	if p == nil {
		return nil, errSilent
	}
	return n.serve(ctx, p, "headers", p.silentHeaders, func() []byte {
		if p.brokenHeaders {
			p.brokenHeaders = false
			panic("headers cannot be read")
		}
		from := consensus.Height(1)
		for _, hash := range locator {
			if h, ok := p.chain.Find(&hash); ok {
				from = h + 1
				break
			}
		}
		if p.leavesAt > 0 && from > p.leavesAt {
			from = 1
			delete(n.peers, p.id)
			n.poke()
		}
		to := min(p.chain.Height(), from+headersync.FullBatch-1)
		if h, ok := p.chain.Find(&stop); ok {
			to = min(to, h)
		}
		payload := headersPayload(p.chain, from, to)
		if p.spoilHeaders != nil {
			p.spoilHeaders(payload)
		}
		return payload
	})
}

func (n *fakeNet) CFilters(ctx context.Context, avoid []p2p.PeerID, start, end chainhash.Hash, _ int) ([]byte, p2p.PeerID, error) {
	p, err := n.pick(ctx, avoid)
	if err != nil {
		return nil, 0, err
	}
	defer n.release(p)
	n.mu.Lock()
	first, okFirst := p.chain.Find(&start)
	last, okLast := p.chain.Find(&end)
	n.mu.Unlock()
	silent := p.silentFilters || !okFirst || !okLast
	payload, err := n.serve(ctx, p, "filters", silent, func() []byte {
		payload := filtersPayload(p.chain, first, last)
		if p.spoilFilters != nil {
			p.spoilFilters(payload)
		}
		return payload
	})
	return payload, p.id, err
}

func (n *fakeNet) Block(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) (*wire.MsgBlock, p2p.PeerID, error) {
	p, err := n.pick(ctx, avoid)
	if err != nil {
		return nil, 0, err
	}
	defer n.release(p)
	var block *wire.MsgBlock
	n.mu.Lock()
	height, has := p.chain.Find(&hash)
	withheld := !has || p.withheldFrom > 0 && height >= p.withheldFrom
	n.mu.Unlock()
	if withheld {
		return nil, p.id, errSilent
	}
	_, err = n.serve(ctx, p, "block", false, func() []byte {
		h, _ := p.chain.Find(&hash)
		if p.wrongBlocks {
			h--
		}
		block = p.chain.Block(h)
		if p.emptyBlocks {
			block.Transactions[0] = nil
		}
		return nil
	})
	return block, p.id, err
}

func (n *fakeNet) Live() iter.Seq2[p2p.PeerID, uint32] {
	n.mu.Lock()
	defer n.mu.Unlock()
	claims := make(map[p2p.PeerID]uint32, len(n.peers))
	for id, p := range n.peers {
		if claims[id] = uint32(p.chain.Height()); p.claim != 0 {
			claims[id] = uint32(p.claim)
		}
	}
	return func(yield func(p2p.PeerID, uint32) bool) {
		for id, claim := range claims {
			if !yield(id, claim) {
				return
			}
		}
	}
}

func (n *fakeNet) Dialling() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials > 0
}

// dial begins so many dials, or ends them.
func (n *fakeNet) dial(more int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials += more
	n.poke()
}

func (n *fakeNet) Host(id p2p.PeerID) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.peers[id]; p != nil {
		return p.host
	}
	return ""
}

// Acquit forgets that a peer was accused, and connects it again.
func (n *fakeNet) Acquit(id p2p.PeerID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.banned[id] != nil {
		n.peers[id] = n.banned[id]
	}
	delete(n.banned, id)
	delete(n.accused, id)
	n.poke()
}

func (n *fakeNet) Group(id p2p.PeerID) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.peers[id]; p != nil {
		return p.group
	}
	return ""
}

func (n *fakeNet) Trip(id p2p.PeerID) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.peers[id]; p != nil {
		return p.trip
	}
	return 0
}

func (n *fakeNet) Defects() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.defects
}

func (n *fakeNet) Changed() <-chan struct{} { return n.changed }

func (n *fakeNet) TakeAnnouncements() iter.Seq[p2p.Announcement] {
	n.mu.Lock()
	news, broken := n.news, n.broken
	n.news, n.broken = nil, nil
	n.mu.Unlock()
	if broken != nil {
		panic(broken)
	}
	return func(yield func(p2p.Announcement) bool) {
		for _, item := range news {
			item(yield)
		}
	}
}

func (n *fakeNet) SendHeaders(_ context.Context, id p2p.PeerID) error {
	if n.sendsHeaders != nil {
		n.sendsHeaders()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.peers[id]; p != nil {
		p.sendHeaders++
		p.asked = append(p.asked, "sendheaders")
	}
	return nil
}

func (n *fakeNet) Useless(id p2p.PeerID, what error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.useless[id] = append(n.useless[id], what)
}

func (n *fakeNet) Credit(id p2p.PeerID, height uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.credits[id] = max(n.credits[id], height)
}

func (n *fakeNet) Seek(reason string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sought = append(n.sought, reason)
}

// Accuse disconnects the peer, as a pool does.
func (n *fakeNet) Accuse(id p2p.PeerID, evidence error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.accused[id] = append(n.accused[id], evidence)
	if p := n.peers[id]; p != nil {
		n.banned[id] = p
	}
	delete(n.peers, id)
	n.poke()
}

// headersPayload encodes headers of a chain as a headers message.
func headersPayload(c *testnet.Chain, from, to consensus.Height) []byte {
	return c.HeadersPayload(from, to)
}

// filtersPayload encodes filters of a chain as a cfiltersv2 message.
func filtersPayload(c *testnet.Chain, from, to consensus.Height) []byte {
	return c.CFiltersPayload(from, to)
}
