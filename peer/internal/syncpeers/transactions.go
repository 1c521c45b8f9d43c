package syncpeers

import (
	"context"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

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
func (s *Peers) WantTxs(want bool) {
	if s.deps.Relay.Want(want) {
		s.deps.Renew() // a first payment does not wait for the next look at the connections
	}
}

// AskMempool asks a peer to announce all transactions that wait for a block. It is an
// error, and nothing is sent, if the peer was asked in the last two minutes, because
// dcrd counts it against us, or was not asked for announcements at all.
func (s *Peers) AskMempool(ctx context.Context, id p2p.PeerID) error {
	m, err := s.livePeer(ctx, id)
	if err != nil {
		return err
	}
	return m.AskMempool()
}

// Offer announces a transaction to a peer, once per connection, and serves it to
// that peer until it is withdrawn.
func (s *Peers) Offer(ctx context.Context, id p2p.PeerID, tx *wire.MsgTx) error {
	m, err := s.livePeer(ctx, id)
	if err != nil {
		return err
	}
	if !m.WantsTx() {
		return &fault.Error{Reason: fault.NotFound, Peer: m.Addr, Err: errBlocksOnly}
	}
	hash := tx.TxHash()
	announce, err := s.deps.Relay.Offer(id, hash, tx)
	if err != nil || !announce {
		return err
	}
	return m.AnnounceTx(hash)
}

// Withdraw stops serving a transaction to all peers.
func (s *Peers) Withdraw(hash chainhash.Hash) { s.deps.Relay.Withdraw(hash) }

// TakeTxs removes and returns the oldest transactions that have arrived, of at most most
// bytes together but at least one, or none if most is zero. The caller has to call JudgeTx
// for each. The bytes of transactions that were not taken yet are bounded: the oldest of the
// source that has sent most is dropped. The events are about offered transactions, each once.
func (s *Peers) TakeTxs(most int) ([]p2p.Tx, []p2p.TxEvent) { return s.deps.Relay.Take(most) }

// JudgeTx records what became of a transaction that TakeTxs has delivered. Of one that is
// kept, a second copy is fetched from another network. One that was refused with these bytes
// is fetched from another peer, because its witness may be forged.
func (s *Peers) JudgeTx(hash chainhash.Hash, kept, refused bool) {
	s.deps.Relay.Judge(hash, kept, refused)
}

// ForgetUnkept forgets which transactions were fetched and not kept: they are fetched
// again when a peer announces them again.
func (s *Peers) ForgetUnkept() { s.deps.Relay.ForgetUnkept() }

// livePeer returns the live connection with an id. Its errors are Gone, and Cancelled if ctx has
// ended.
func (s *Peers) livePeer(ctx context.Context, id p2p.PeerID) (*roster.Peer, error) {
	if ctx.Err() != nil {
		return nil, &fault.Error{Reason: fault.Cancelled, Err: ctx.Err()}
	}
	m := s.deps.Roster.Get(id)
	if m == nil || !m.Live() {
		return nil, &fault.Error{Reason: fault.Gone}
	}
	return m, nil
}
