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
	words    []txWord      // about offered transactions, each once
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
func (p *Pool) AskMempool(ctx context.Context, id uint64) error {
	m, err := p.reach(ctx, id)
	if err != nil {
		return err
	}
	return m.askMempool()
}

// Offer announces a transaction to a peer, once per connection, and serves it to
// that peer until it is withdrawn.
func (p *Pool) Offer(ctx context.Context, id uint64, tx *wire.MsgTx) error {
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

// TakeTxs calls heard for the oldest transactions that have arrived, of at most most bytes
// together, but for at least one; for none if most is zero. It passes the id of the peer that
// sent the transaction, the source that the bytes count against, and the bytes; agreed means
// that peers of two networks have sent these bytes. The form was checked, and the peer was
// asked for the transaction. The caller has to call JudgeTx for each.
//
// It calls told for each offered transaction that a peer has requested or, without having
// been offered it, announced. The bytes of transactions that were not taken yet are bounded:
// the oldest of the source that has sent most is dropped.
func (p *Pool) TakeTxs(most int, heard func(id uint64, source string, raw []byte, agreed bool), told func(id uint64, hash chainhash.Hash, asked bool)) {
	txs, words := p.relay.take(most)
	for _, t := range txs {
		heard(t.id, t.source, t.raw, t.agreed)
	}
	for _, w := range words {
		told(w.id, w.hash, w.asked)
	}
}

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
func (p *Pool) reach(ctx context.Context, id uint64) (*member, error) {
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

// take removes and returns transactions of at most so many bytes, and all words.
func (r *relay) take(most int) ([]heardTx, []txWord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	words := r.words
	r.words = nil
	if most <= 0 {
		return nil, words
	}
	return r.heard.take(most), words
}

func (r *relay) asksFor() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.announce
}

func (r *relay) offer(id uint64, hash chainhash.Hash, tx *wire.MsgTx) (announce bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.known.add(hash)
	return r.offered.offer(id, hash, tx)
}

// tell adds a word about an offered transaction. The caller holds the lock.
func (r *relay) tell(w txWord) {
	if len(r.words) < maxTxWords && !slices.Contains(r.words, w) {
		r.words = append(r.words, w)
		poke(r.changed)
	}
}

// announced records the transactions that a peer announces, and returns which to request from
// it.
func (r *relay) announced(id uint64, addr string, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, hash := range hashes {
		if r.offered.echoes(id, hash) {
			r.tell(txWord{id: id, hash: hash})
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
func (r *relay) arrived(id uint64, hash chainhash.Hash, raw []byte) (asked bool, ask []chainhash.Hash) {
	full := chainhash.HashH(raw)
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.requests.arrived(id, hash, full, len(raw), time.Now())
	if a.fresh {
		for _, gone := range r.heard.put(heardTx{id: id, source: a.source, hash: hash, raw: raw, agreed: a.agreed}) {
			r.requests.dropped(gone)
		}
		poke(r.changed)
	}
	return a.asked, a.ask
}

// oversized records a transaction that was skipped, and reports whether the peer was asked
// for any.
func (r *relay) oversized(id uint64, size int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.oversized(id, size, time.Now())
}

// missing records that a peer does not have transactions, and returns which to request from
// it now.
func (r *relay) missing(id uint64, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.missing(id, hashes, time.Now())
}

// serve returns a transaction that a peer requests, or nil.
func (r *relay) serve(id uint64, hash chainhash.Hash) *wire.MsgTx {
	r.mu.Lock()
	defer r.mu.Unlock()
	tx := r.offered.serve(id, hash)
	if tx != nil {
		r.tell(txWord{id, hash, true})
	}
	return tx
}

func (r *relay) left(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.left(id, time.Now())
	r.offered.left(id)
}
