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

// errBlocksOnly means that a peer takes no transactions. A dcrd node that runs
// with --blocksonly drops whoever announces one to it.
var errBlocksOnly = errors.New("the peer takes no transactions")

// relay is what a pool knows of unmined transactions. Its lock is a leaf: nothing
// else is locked and nobody is waited for under it.
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
	pursue   chan struct{} // capacity one; poked when something was asked for
}

func newRelay(cfg *Config, changed chan struct{}) *relay {
	return &relay{
		cfg: cfg, changed: changed, announce: cfg.RelayTx, requests: newTxRequests(), offered: newOffered(),
		pursue: make(chan struct{}, 1),
	}
}

// WantTxs says whether the transactions that peers announce are fetched. From
// the first time that they are, new connections ask peers to announce them; what
// was connected before is replaced, one connection after the other, and never
// the only one before another is there.
func (p *Pool) WantTxs(want bool) {
	r := p.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fetch = want
	r.announce = r.announce || want
}

// AskMempool asks a peer to announce all transactions that wait for a block. It
// is sent once per connection however often it is asked for, because dcrd counts
// it against us, and only where the peer was asked for announcements at all.
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

// Withdraw stops serving a transaction.
func (p *Pool) Withdraw(hash chainhash.Hash) {
	p.relay.mu.Lock()
	defer p.relay.mu.Unlock()
	p.relay.offered.withdraw(hash)
}

// TakeTxs calls heard for the oldest transactions that came, with the peer that sent
// it, the source that this counts against, and the bytes: those of at most most bytes,
// one at least, none if most is zero. Agreed says that peers of two networks have sent
// these bytes. The form is checked, and that the peer was asked for it. JudgeTx has to be
// called for each.
//
// It calls told for each offered transaction that a peer has asked for or, without
// having been offered it, announced. Of what is not taken the bytes are bounded: the
// source that has sent most loses its oldest.
func (p *Pool) TakeTxs(most int, heard func(id uint64, source string, raw []byte, agreed bool), told func(id uint64, hash chainhash.Hash, asked bool)) {
	txs, words := p.relay.take(most)
	for _, t := range txs {
		heard(t.id, t.source, t.raw, t.agreed)
	}
	for _, w := range words {
		told(w.id, w.hash, w.asked)
	}
}

// JudgeTx says what has become of a transaction that TakeTxs has given. Of one that is
// kept, a second copy is fetched from another network. One that was refused as it is is
// fetched from another peer, for its witness may be forged.
func (p *Pool) JudgeTx(hash chainhash.Hash, kept, refused bool) {
	r := p.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.judged(hash, kept, refused, time.Now())
	poke(r.pursue)
}

// reach returns the connection with an id.
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

// chaseEvery is how often it is looked at what peers owe, as long as they owe anything.
const chaseEvery = time.Second

// chase asks others for what peers were asked for and did not send, until ctx ends.
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

// chaseTxs asks others for what is late, and reports whether anything is still owed. A
// peer that owes and sends nothing for long gains ban score.
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

// take returns transactions of so many bytes, and all words.
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

// announced takes what a peer has announced, and returns what to ask it for.
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

// arrived takes the bytes of a transaction. It reports whether it was asked for, and
// returns what to ask the peer for now.
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

// oversized takes note of a transaction that was not read, and reports whether the peer
// was asked for any.
func (r *relay) oversized(id uint64, size int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.oversized(id, size, time.Now())
}

// missing takes word that a peer does not have transactions.
func (r *relay) missing(id uint64, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.missing(id, hashes, time.Now())
}

// serve returns a transaction that a peer asks for, or nil.
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
