package peer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/p2p"
)

// errBlocksOnly means that a peer accepts no transactions. A dcrd node that runs with
// --blocksonly disconnects a peer that announces one.
var errBlocksOnly = errors.New("the peer takes no transactions")

// relay is what a pool knows of unmined transactions. Its lock is a leaf: under it no other
// lock is taken and nothing is waited for.
type relay struct {
	cfg     *Config
	changed chan struct{} // the pool's

	mu       sync.Mutex
	announce bool // new connections ask for announcements; never taken back
	fetch    bool // announced transactions are fetched
	requests txRequests
	offered  offered
	heard    heardQueue
	events   []p2p.TxEvent // about offered transactions, each once
	pursue   chan struct{} // capacity one; poked when a transaction was requested
}

func newRelay(cfg *Config, changed chan struct{}) *relay {
	return &relay{
		cfg: cfg, changed: changed, announce: cfg.RelayTx, requests: newTxRequests(), offered: newOffered(),
		pursue: make(chan struct{}, 1),
	}
}

// WantTxs sets whether the transactions that peers announce are fetched. From the first time
// that it is set, new connections ask peers to announce transactions; earlier connections are
// replaced, one after the other, and the only connection not before another one is there.
func (p *Pool) WantTxs(want bool) {
	r := p.relay
	r.mu.Lock()
	r.fetch = want
	first := want && !r.announce
	r.announce = r.announce || want
	r.mu.Unlock()
	if first {
		p.renewOne() // a first payment does not wait for the next look at the connections
	}
}

// AskMempool asks a peer to announce all transactions that wait for a block. It is an
// error, and nothing is sent, if the peer was asked in the last two minutes, because
// dcrd counts it against us, or was not asked for announcements at all.
func (p *Pool) AskMempool(ctx context.Context, id p2p.PeerID) error {
	m, err := p.reach(ctx, id)
	if err != nil {
		return err
	}
	return m.askMempool()
}

// Offer announces a transaction to a peer, once per connection, and serves it to
// that peer until it is withdrawn.
func (p *Pool) Offer(ctx context.Context, id p2p.PeerID, tx *wire.MsgTx) error {
	m, err := p.reach(ctx, id)
	if err != nil {
		return err
	}
	if !m.remote.wantsTx {
		return &Error{Reason: NotFound, Peer: m.addr, Err: errBlocksOnly}
	}
	hash := tx.TxHash()
	announce, err := p.relay.offer(id, hash, tx)
	if err != nil || !announce {
		return err
	}
	inv := wire.NewMsgInv()
	if err := inv.AddInvVect(wire.NewInvVect(wire.InvTypeTx, &hash)); err != nil {
		return err
	}
	return m.put(inv)
}

// Withdraw stops serving a transaction to all peers.
func (p *Pool) Withdraw(hash chainhash.Hash) {
	p.relay.mu.Lock()
	defer p.relay.mu.Unlock()
	p.relay.offered.withdraw(hash)
}

// TakeTxs removes and returns the oldest transactions that have arrived, of at most most
// bytes together but at least one, or none if most is zero. The caller has to call JudgeTx
// for each. The bytes of transactions that were not taken yet are bounded: the oldest of the
// source that has sent most is dropped. The events are about offered transactions, each once.
func (p *Pool) TakeTxs(most int) ([]p2p.Tx, []p2p.TxEvent) { return p.relay.take(most) }

// JudgeTx records what became of a transaction that TakeTxs has delivered. Of one that is
// kept, a second copy is fetched from another network. One that was refused with these bytes
// is fetched from another peer, because its witness may be forged.
func (p *Pool) JudgeTx(hash chainhash.Hash, kept, refused bool) {
	r := p.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.judged(hash, kept, refused, time.Now())
	poke(r.pursue)
}

// ForgetUnkept forgets which transactions were fetched and not kept: they are fetched
// again when a peer announces them again.
func (p *Pool) ForgetUnkept() {
	r := p.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.forgetUnkept()
	poke(r.pursue)
}

// reach returns the live connection with an id. Its errors are Gone, and Cancelled if ctx has
// ended.
func (p *Pool) reach(ctx context.Context, id p2p.PeerID) (*member, error) {
	if ctx.Err() != nil {
		return nil, &Error{Reason: Cancelled, Err: ctx.Err()}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.member(id)
	if m == nil || !m.live() {
		return nil, &Error{Reason: Gone}
	}
	return m, nil
}

// chaseEvery is the period in which requested transactions are checked, as long as there are
// any.
const chaseEvery = time.Second

// chase requests transactions that peers did not send from other peers, until ctx ends.
func (p *Pool) chase(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.relay.pursue:
		}
		for busy := true; busy; busy = p.chaseTxs(time.Now()) {
			if wait.For(ctx, chaseEvery) != nil {
				return
			}
		}
	}
}

// chaseTxs requests late transactions from other peers, and reports whether any are still
// outstanding. A peer that owes transactions and sends none for long gains ban score.
func (p *Pool) chaseTxs(now time.Time) (busy bool) {
	p.relay.mu.Lock()
	ask, late := p.relay.requests.chase(now)
	busy = !p.relay.requests.idle()
	p.relay.mu.Unlock()
	for _, c := range p.conns() {
		if slices.Contains(late, c.id) {
			p.fault(c, Timeout, errors.New("it does not send transactions that it announced"))
		}
		if err := c.askTxs(ask[c.id]); err != nil {
			c.end(err)
		}
	}
	return busy
}

// take removes and returns transactions of at most so many bytes, and all events.
func (r *relay) take(most int) ([]p2p.Tx, []p2p.TxEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	if most <= 0 {
		return nil, events
	}
	return r.heard.take(most), events
}

func (r *relay) asksFor() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.announce
}

func (r *relay) offer(id p2p.PeerID, hash chainhash.Hash, tx *wire.MsgTx) (announce bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.known.add(hash)
	return r.offered.offer(id, hash, tx)
}

// addEventLocked adds an event of an offered transaction.
func (r *relay) addEventLocked(e p2p.TxEvent) {
	if len(r.events) < maxTxEvents && !slices.Contains(r.events, e) {
		r.events = append(r.events, e)
		poke(r.changed)
	}
}

// announced records the transactions that a peer announces, and returns which to request from
// it.
func (r *relay) announced(id p2p.PeerID, addr string, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, hash := range hashes {
		if r.offered.echoes(id, hash) {
			r.addEventLocked(p2p.TxEvent{From: id, Hash: hash})
		}
	}
	if !r.fetch {
		return nil
	}
	poke(r.pursue)
	return r.requests.announced(id, addr, hashes, time.Now())
}

// arrived records the bytes of a transaction. It reports whether the peer was asked for it,
// and returns which transactions to request from the peer now.
func (r *relay) arrived(id p2p.PeerID, hash chainhash.Hash, raw []byte) (asked bool, ask []chainhash.Hash) {
	full := chainhash.HashH(raw)
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.requests.arrived(id, hash, full, len(raw), time.Now())
	if a.fresh {
		for _, gone := range r.heard.put(heardTx{hash: hash, Tx: p2p.Tx{From: id, Source: a.source, Raw: raw, Agreed: a.agreed}}) {
			r.requests.dropped(gone)
		}
		poke(r.changed)
	}
	return a.asked, a.ask
}

// oversized records a transaction that was skipped, and reports whether the peer was asked
// for any.
func (r *relay) oversized(id p2p.PeerID, size int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.oversized(id, size, time.Now())
}

// missing records that a peer does not have transactions, and returns which to request from
// it now.
func (r *relay) missing(id p2p.PeerID, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.missing(id, hashes, time.Now())
}

// serve returns a transaction that a peer requests, or nil.
func (r *relay) serve(id p2p.PeerID, hash chainhash.Hash) *wire.MsgTx {
	r.mu.Lock()
	defer r.mu.Unlock()
	tx := r.offered.serve(id, hash)
	if tx != nil {
		r.addEventLocked(p2p.TxEvent{From: id, Hash: hash, Requested: true})
	}
	return tx
}

func (r *relay) left(id p2p.PeerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.left(id, time.Now())
	r.offered.left(id)
}
