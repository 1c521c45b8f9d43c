package peer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/spv/p2p"
)

// errBlocksOnly means that a peer accepts no transactions. A dcrd node that runs with
// --blocksonly disconnects a peer that announces one.
var errBlocksOnly = errors.New("the peer takes no transactions")

// WantTxs sets whether the transactions that peers announce are fetched. From the first time
// that it is set, new connections ask peers to announce transactions; earlier connections are
// replaced, one after the other, and the only connection not before another one is there.
// What is announced while it is not set is fetched when it is: nodes announce nothing twice.
func (p *Pool) WantTxs(want bool) {
	if p.relay.Want(want) {
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
	return m.AskMempool()
}

// Offer announces a transaction to a peer, once per connection, and serves it to
// that peer until it is withdrawn.
func (p *Pool) Offer(ctx context.Context, id p2p.PeerID, tx *wire.MsgTx) error {
	m, err := p.reach(ctx, id)
	if err != nil {
		return err
	}
	if !m.WantsTx() {
		return &fault.Error{Reason: fault.NotFound, Peer: m.Addr, Err: errBlocksOnly}
	}
	hash := tx.TxHash()
	announce, err := p.relay.Offer(id, hash, tx)
	if err != nil || !announce {
		return err
	}
	return m.AnnounceTx(hash)
}

// Withdraw stops serving a transaction to all peers.
func (p *Pool) Withdraw(hash chainhash.Hash) { p.relay.Withdraw(hash) }

// TakeTxs removes and returns the oldest transactions that have arrived, of at most most
// bytes together but at least one, or none if most is zero. The caller has to call JudgeTx
// for each. The bytes of transactions that were not taken yet are bounded: the oldest of the
// source that has sent most is dropped. The events are about offered transactions, each once.
func (p *Pool) TakeTxs(most int) ([]p2p.Tx, []p2p.TxEvent) { return p.relay.Take(most) }

// JudgeTx records what became of a transaction that TakeTxs has delivered. Of one that is
// kept, a second copy is fetched from another network. One that was refused with these bytes
// is fetched from another peer, because its witness may be forged.
func (p *Pool) JudgeTx(hash chainhash.Hash, kept, refused bool) {
	p.relay.Judge(hash, kept, refused)
}

// ForgetUnkept forgets which transactions were fetched and not kept: they are fetched
// again when a peer announces them again.
func (p *Pool) ForgetUnkept() { p.relay.ForgetUnkept() }

// reach returns the live connection with an id. Its errors are Gone, and Cancelled if ctx has
// ended.
func (p *Pool) reach(ctx context.Context, id p2p.PeerID) (*roster.Peer, error) {
	if ctx.Err() != nil {
		return nil, &fault.Error{Reason: fault.Cancelled, Err: ctx.Err()}
	}
	m := p.roster.Get(id)
	if m == nil || !m.Live() {
		return nil, &fault.Error{Reason: fault.Gone}
	}
	return m, nil
}

// lateTxsEvery is the period in which requested transactions are checked, as long as there are
// any.
const lateTxsEvery = time.Second

// requestLateTxs requests transactions that peers did not send from other peers, until ctx ends.
func (p *Pool) requestLateTxs(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.relay.Due():
		}
		for busy := true; busy; busy = p.requestLateTxsNow(time.Now()) {
			if wait.For(ctx, lateTxsEvery) != nil {
				return
			}
		}
	}
}

// requestLateTxsNow requests late transactions from other peers, and reports whether any are still
// outstanding. A peer that owes transactions and sends none for long gains ban score.
func (p *Pool) requestLateTxsNow(now time.Time) bool {
	ask, late, busy := p.relay.Chase(now)
	for _, m := range p.roster.Live() {
		if slices.Contains(late, m.ID) {
			p.fault(m, fault.Timeout, errors.New("it does not send transactions that it announced"))
		}
		if err := m.AskTxs(ask[m.ID]); err != nil {
			m.End(err)
		}
	}
	return busy
}
