package peer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Limits on what has come of transactions and nobody has taken yet.
const (
	maxTxNews      = 2000    // pieces of news
	maxTxNewsBytes = 4 << 20 // in the transactions of all of them
)

// errBlocksOnly means that a peer takes no transactions. A dcrd node that runs
// with --blocksonly drops whoever announces one to it.
var errBlocksOnly = errors.New("the peer takes no transactions")

// relay is what a pool knows of unmined transactions. Its lock is a leaf: nothing
// else is locked and nobody is waited for under it.
type relay struct {
	cfg     *Config
	changed chan struct{} // the pool's

	mu      sync.Mutex
	told    bool // new connections ask for announcements; never taken back
	wanted  bool // announced transactions are fetched
	hearing hearing
	shelf   shelf
	news    []txNews
	bytes   int // in the transactions of news
}

// txNews is a transaction that a peer has sent, or word of an offered one.
type txNews struct {
	id    uint64
	tx    *wire.MsgTx // nil for word of an offered one
	hash  chainhash.Hash
	asked bool // the peer has asked for it; else it has announced it
	size  int
}

func newRelay(cfg *Config, changed chan struct{}) *relay {
	return &relay{cfg: cfg, changed: changed, told: cfg.RelayTx, hearing: newHearing(), shelf: newShelf()}
}

// WantTxs says whether the transactions that peers announce are fetched. From
// the first time that they are, new connections ask peers to announce them; what
// was connected before is replaced, one connection after the other, and never
// the only one before another is there.
func (p *Pool) WantTxs(want bool) {
	r := p.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted = want
	r.told = r.told || want
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
	p.relay.shelf.withdraw(hash)
}

// TakeTxs calls heard for each transaction that came since the last call, with
// the peer that sent it, and told for each offered one that a peer has asked for
// or, without having been offered it, announced. Of too much the oldest is
// dropped.
func (p *Pool) TakeTxs(heard func(id uint64, tx *wire.MsgTx), told func(id uint64, hash chainhash.Hash, asked bool)) {
	for _, n := range p.relay.take() {
		if n.tx != nil {
			heard(n.id, n.tx)
		} else {
			told(n.id, n.hash, n.asked)
		}
	}
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

// chaseTxs asks others for what peers were asked for and did not send.
func (p *Pool) chaseTxs(now time.Time) {
	p.relay.mu.Lock()
	ask := p.relay.hearing.chase(now)
	p.relay.mu.Unlock()
	for _, c := range p.conns() {
		if err := c.askTxs(ask[c.id]); err != nil {
			c.end(err)
		}
	}
}

func (r *relay) take() []txNews {
	r.mu.Lock()
	defer r.mu.Unlock()
	news := r.news
	r.news, r.bytes = nil, 0
	return news
}

func (r *relay) asksFor() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told
}

func (r *relay) offer(id uint64, hash chainhash.Hash, tx *wire.MsgTx) (announce bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hearing.known.add(hash)
	return r.shelf.offer(id, hash, tx)
}

// put adds news and drops the oldest if there is too much. The caller holds the
// lock.
func (r *relay) put(n txNews) {
	r.news = append(r.news, n)
	r.bytes += n.size
	drop := 0
	for ; len(r.news)-drop > maxTxNews || r.bytes > maxTxNewsBytes; drop++ {
		r.bytes -= r.news[drop].size
	}
	r.news = r.news[drop:]
	poke(r.changed)
}

// announced takes what a peer has announced, and returns what to ask it for.
func (r *relay) announced(id uint64, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, hash := range hashes {
		if r.shelf.echoes(id, hash) {
			r.put(txNews{id: id, hash: hash})
		}
	}
	if !r.wanted {
		return nil
	}
	return r.hearing.announced(id, hashes, time.Now())
}

// arrived takes a transaction. It reports whether it was asked for, and returns
// what to ask the peer for now.
func (r *relay) arrived(id uint64, tx *wire.MsgTx) (asked bool, ask []chainhash.Hash) {
	hash, size := tx.TxHash(), tx.SerializeSize()
	r.mu.Lock()
	defer r.mu.Unlock()
	asked, fresh, ask := r.hearing.arrived(id, hash, size, time.Now())
	if fresh {
		r.put(txNews{id: id, tx: tx, hash: hash, size: size})
	}
	return asked, ask
}

// missing takes word that a peer does not have transactions.
func (r *relay) missing(id uint64, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hearing.missing(id, hashes, time.Now())
}

// serve returns a transaction that a peer asks for, or nil.
func (r *relay) serve(id uint64, hash chainhash.Hash) *wire.MsgTx {
	r.mu.Lock()
	defer r.mu.Unlock()
	tx := r.shelf.serve(id, hash)
	if tx != nil {
		r.put(txNews{id: id, hash: hash, asked: true})
	}
	return tx
}

func (r *relay) left(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hearing.left(id, time.Now())
	r.shelf.left(id)
}
