package txrelay

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// MempoolPeers is how many peers are asked for all that waits for a block when a
// wallet begins to listen, and when it watches more: each request raises the ban
// score that the peer gives us. Peers that were asked not long ago refuse, and others are asked.
const MempoolPeers = 2

// heardAtOnce is how many bytes of transactions are given to the wallet at a time. The
// others wait at the peers, where they are bounded.
const heardAtOnce = 256 << 10

// Peers is the network as a Relay needs it; see spv.Relay.
type Peers interface {
	WantTxs(want bool)
	AskMempool(ctx context.Context, id p2p.PeerID) error
	ForgetUnkept()
	Offer(ctx context.Context, id p2p.PeerID, tx *wire.MsgTx) error
	Withdraw(hash chainhash.Hash)
	TakeTxs(most int) ([]p2p.Tx, []p2p.TxEvent)
	JudgeTx(hash chainhash.Hash, kept, refused bool)
}

// Wallet is the wallet as a Relay needs it; see spv.Wallet.
type Wallet interface {
	Scanned() (at consensus.BlockID, watching bool)
	Heard(ctx context.Context, tx *wire.MsgTx, source string, agreed bool) (kept, refused bool, err error)
	Published(ctx context.Context) ([]*wire.MsgTx, error)
	MinedAt(ctx context.Context, hash chainhash.Hash) (h consensus.Height, ok bool, err error)
}

// importer is a Wallet that may watch more while it is used; see spv.Importer.
type importer interface{ Imports() uint64 }

// Deps are what a Relay needs.
type Deps struct {
	Peers   Peers
	Wallet  Wallet
	Finder  *Finder
	Jobs    *jobs.Group
	Defects *defect.Reporter
	Rand    func() uint64 // the source of jitter, and of the order of peers
	Log     *slog.Logger
}

// Order is a transaction to publish.
type Order struct {
	Tx    *wire.MsgTx
	Own   bool // the wallet keeps it
	Since time.Time

	// Source is the host of the light client that has sent it; then the wallet hears it as
	// one that a peer has relayed. It is empty if a user here publishes it.
	Source string
}

// Relay is what a run of the syncer knows of unmined transactions.
type Relay struct {
	deps         Deps
	store        *chain.Reader       // of the current phase
	out          []*broadcast        // in the order they were published
	changed      []Standing          // not taken by Changed yet
	heard        []p2p.Tx            // not given to the wallet yet
	giving       []p2p.Tx            // what a job gives to it
	taking       bool                // there is such a job
	alreadyMined []*AlreadyMined     // what was mined when it was heard
	judged       consensus.BlockID   // the tip when that was searched for last
	searched     SearchedBlocks      // the blocks that were fetched for it
	stale        bool                // the wallet may publish other transactions than out has
	reading      bool                // a job reads which
	polled       map[p2p.PeerID]bool // peers that were asked for their mempool for what is watched now
	imports      uint64              // that of the wallet when they were
}

// New returns a relay without any transactions.
func New(deps Deps) *Relay {
	return &Relay{deps: deps, polled: make(map[p2p.PeerID]bool), searched: make(SearchedBlocks)}
}

// Begin begins a time of following the chain of a store. It resets the jobs of an earlier time,
// which have ended without a result: what they were to give to the wallet is given again. What
// was announced since then was not heard: peers are asked for their mempool again.
func (r *Relay) Begin(store *chain.Reader) {
	r.store = store
	r.heard, r.giving = append(r.giving, r.heard...), nil
	r.taking, r.reading, r.stale = false, false, true
	r.judged = consensus.BlockID{}
	clear(r.polled)
}

// End ends it: peers need not announce transactions.
func (r *Relay) End() { r.deps.Peers.WantTxs(false) }

// WalletChanged has the wallet asked again which transactions it wants published.
func (r *Relay) WalletChanged() { r.stale = true }

// Turn takes what the live peers say of unmined transactions, gives it to the wallet if there is
// one that listens, and offers to peers what is published and due.
func (r *Relay) Turn(ctx context.Context, live []p2p.PeerID, listen bool, orders []Order, now time.Time) {
	r.deps.Peers.WantTxs(listen)
	if listen {
		r.noticeImports()
		r.pollMempool(ctx, live)
	}
	r.takeTxs(now)
	if listen {
		r.hear(orders)
	}
	r.giveHeard()
	r.publish(orders, now)
	r.readPublished()
	r.offer(ctx, live, now)
}

// Changed removes and returns how the transactions stand that have changed, oldest change first.
func (r *Relay) Changed() []Standing {
	list := r.changed
	r.changed = nil
	return list
}

// noticeImports has peers asked for their mempool again, and what the wallet did not
// keep fetched again, when it watches more: after the old blocks were searched,
// because more to watch may be found there. It waits for the job that gives transactions
// to the wallet, which may not know the new scripts.
func (r *Relay) noticeImports() {
	w, ok := r.deps.Wallet.(importer)
	if !ok || r.taking {
		return
	}
	imports := w.Imports()
	if at, _ := r.deps.Wallet.Scanned(); imports == r.imports || at != r.store.State().Filters {
		return
	}
	r.imports = imports
	r.deps.Peers.ForgetUnkept()
	clear(r.polled)
}

// pollMempool asks a few peers for what waits for a block: it was announced before we listened.
func (r *Relay) pollMempool(ctx context.Context, live []p2p.PeerID) {
	maps.DeleteFunc(r.polled, func(id p2p.PeerID, _ bool) bool { return !slices.Contains(live, id) })
	for _, id := range live {
		if len(r.polled) >= MempoolPeers {
			return
		}
		if !r.polled[id] && r.deps.Peers.AskMempool(ctx, id) == nil {
			r.polled[id] = true
		}
	}
}

// takeTxs takes transactions, and what peers have shown about published ones, from the network.
func (r *Relay) takeTxs(now time.Time) {
	most := heardAtOnce
	if r.taking || len(r.heard) > 0 {
		most = 0
	}
	txs, events := r.deps.Peers.TakeTxs(most)
	r.heard = append(r.heard, txs...)
	for _, e := range events {
		b := r.find(e.Hash)
		switch {
		case b == nil:
			continue
		case e.Requested:
			b.asked[e.From] = true
		default:
			b.echo(e.From, now, r.deps.Rand)
		}
		r.changed = append(r.changed, b.standing())
	}
}

// hear adds the transactions of light clients to those that the wallet hears: peers that are
// offered them do not send them back.
func (r *Relay) hear(orders []Order) {
	for _, o := range orders {
		if o.Source == "" {
			continue
		}
		if raw, err := o.Tx.Bytes(); err == nil { // what was received can be written
			r.heard = append(r.heard, p2p.Tx{Source: o.Source, Raw: raw})
		}
	}
}

// publish begins to publish what users have ordered. What is published already is offered at once
// if it was ordered again.
func (r *Relay) publish(orders []Order, now time.Time) {
	for _, o := range orders {
		if b := r.find(o.Tx.TxHash()); b != nil && b.at.Before(o.Since) {
			b.due = now
		}
		r.add(o.Tx, o.Own, o.Since)
	}
}

// readPublished starts a job that reads what the wallet wants published, if that may have
// changed.
func (r *Relay) readPublished() {
	if r.reading || !r.stale {
		return
	}
	r.reading, r.stale = true, false
	own := r.own()
	r.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		txs, err := r.deps.Wallet.Published(ctx)
		var mined map[chainhash.Hash]consensus.Height
		if err == nil {
			mined, err = r.missingFrom(ctx, own, txs)
		}
		return func() error {
			r.reading = false
			if ctx.Err() != nil {
				return nil
			}
			if err == nil {
				r.reconcile(own, txs, mined)
			}
			return err
		}
	})
}

// missingFrom returns the heights of the transactions that the wallet no longer
// wants to be published because they were mined.
func (r *Relay) missingFrom(ctx context.Context, own []chainhash.Hash, txs []*wire.MsgTx) (
	map[chainhash.Hash]consensus.Height, error,
) {
	mined := make(map[chainhash.Hash]consensus.Height)
	for _, hash := range own {
		if holds(txs, hash) {
			continue
		}
		h, ok, err := r.deps.Wallet.MinedAt(ctx, hash)
		if err != nil {
			return nil, err
		}
		if ok {
			mined[hash] = h
		}
	}
	return mined, nil
}

// reconcile begins to publish what the wallet wants published, and ends what was published for it
// when it was asked and is not wanted now.
func (r *Relay) reconcile(had []chainhash.Hash, txs []*wire.MsgTx, mined map[chainhash.Hash]consensus.Height) {
	for _, tx := range txs {
		r.add(tx, true, time.Now())
	}
	for _, hash := range had {
		b := r.find(hash)
		if b == nil || holds(txs, hash) {
			continue
		}
		h, ok := mined[hash]
		switch {
		case ok:
			r.end(b, Mined, h)
		case b.expired(r.store.State().Tip.Height):
			r.end(b, TooLate, 0)
		default:
			r.end(b, Dropped, 0)
		}
	}
}

// offer offers what is due to peers, and ends what has expired or was published for long enough.
func (r *Relay) offer(ctx context.Context, live []p2p.PeerID, now time.Time) {
	tip := r.store.State().Tip.Height
	for _, b := range slices.Clone(r.out) {
		switch {
		case b.expired(tip):
			r.end(b, TooLate, 0)
			continue
		case b.over(now):
			r.end(b, Forgotten, 0)
			continue
		}
		to := b.next(now, live, r.deps.Rand)
		for _, id := range to {
			if err := r.deps.Peers.Offer(ctx, id, b.tx); err != nil {
				r.deps.Log.Debug("Transaction not offered", "tx", b.hash, "peer", id, "err", err)
			}
		}
		if len(to) > 0 {
			r.changed = append(r.changed, b.standing())
		}
	}
}

// end ends a broadcast.
func (r *Relay) end(b *broadcast, why End, h consensus.Height) {
	r.out = slices.DeleteFunc(r.out, func(x *broadcast) bool { return x == b })
	r.deps.Peers.Withdraw(b.hash)
	r.deps.Log.Info("Transaction is no longer published", "tx", b.hash, "outcome", why)
	last := b.standing()
	last.End, last.Height, last.Next = why, h, time.Time{}
	r.changed = append(r.changed, last)
}

// add begins to publish a transaction, unless it is published already.
func (r *Relay) add(tx *wire.MsgTx, own bool, at time.Time) {
	if b := r.find(tx.TxHash()); b != nil {
		b.own = b.own || own
		return
	}
	b := newBroadcast(tx, own, at)
	for _, in := range tx.TxIn {
		if p := r.find(in.PreviousOutPoint.Hash); p != nil && !slices.Contains(b.parents, p) {
			b.parents = append(b.parents, p)
		}
	}
	r.out = append(r.out, b)
}

func (r *Relay) find(hash chainhash.Hash) *broadcast {
	for _, b := range r.out {
		if b.hash == hash {
			return b
		}
	}
	return nil
}

// own returns the published transactions that the wallet keeps.
func (r *Relay) own() []chainhash.Hash {
	var list []chainhash.Hash
	for _, b := range r.out {
		if b.own {
			list = append(list, b.hash)
		}
	}
	return list
}

// holds reports whether a transaction is among others.
func holds(txs []*wire.MsgTx, hash chainhash.Hash) bool {
	return slices.ContainsFunc(txs, func(tx *wire.MsgTx) bool { return tx.TxHash() == hash })
}
