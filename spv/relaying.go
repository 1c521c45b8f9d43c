package spv

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// mempoolPeers is how many peers are asked for all that waits for a block when a
// wallet begins to listen, and when it has come to watch more: it costs us points with
// each. Those that were asked not long ago refuse, and others are asked instead.
const mempoolPeers = 2

// heardAtOnce is how many bytes of transactions are given to the wallet at a time. The
// others wait at the peers, where they are bounded.
const heardAtOnce = 256 << 10

// relaying is what a run knows of unmined transactions.
type relaying struct {
	out          []*broadcast        // in the order they were published
	heard        []p2p.Tx            // not given to the wallet yet
	giving       []p2p.Tx            // what a job gives to it
	taking       bool                // there is such a job
	alreadyMined []*alreadyMined     // what was mined when it was heard
	judged       consensus.BlockID   // the tip when that was looked at last
	searched     searchedBlocks      // the blocks that were fetched for it
	stale        bool                // the wallet may publish other transactions than out has
	reading      bool                // a job reads which
	polled       map[p2p.PeerID]bool // peers that were asked for their mempool for what is watched now
	imports      uint64              // that of Importer when they were
}

func newRelaying() *relaying {
	return &relaying{polled: make(map[p2p.PeerID]bool), searched: make(searchedBlocks)}
}

// resume forgets the jobs of an earlier loop, which have ended without an
// answer. What they were to give to the wallet is given again. What was announced since
// then was not heard: peers are asked for their mempool again.
func (r *relaying) resume() {
	r.heard, r.giving = append(r.giving, r.heard...), nil
	r.taking, r.reading, r.stale = false, false, true
	r.judged = consensus.BlockID{}
	clear(r.polled)
}

// relayTxs takes what peers say of unmined transactions, and offers those that
// are published.
func (p *loop) relayTxs() {
	listen := p.watching && !p.cfg.BlocksOnly
	p.cfg.Peers.WantTxs(listen)
	if listen {
		p.noticeImports()
		p.pollMempool()
	}
	p.takeTxs()
	p.giveHeard()
	p.readPublished()
	p.offer()
}

// noticeImports has peers asked for their mempool again, and what the wallet did not
// keep fetched again, when it has come to watch more: after the old blocks were searched,
// because more to watch may be found there. It waits for the job that gives transactions
// to the wallet, which may not know the new scripts.
func (p *loop) noticeImports() {
	w, ok := p.cfg.Wallet.(Importer)
	if !ok || p.relay.taking {
		return
	}
	imports := w.Imports()
	if at, _ := p.cfg.Wallet.Scanned(); imports == p.relay.imports || at != p.store.State().Filters {
		return
	}
	p.relay.imports = imports
	p.cfg.Peers.ForgetUnkept()
	clear(p.relay.polled)
}

// pollMempool asks a few peers for what waits for a block: it was announced
// before we listened.
func (p *loop) pollMempool() {
	polled := p.relay.polled
	maps.DeleteFunc(polled, func(id p2p.PeerID, _ bool) bool { return p.tips.peers[id] == nil })
	for _, id := range p.tips.live() {
		if len(polled) >= mempoolPeers {
			return
		}
		if !polled[id] && p.cfg.Peers.AskMempool(p.ctx, id) == nil {
			polled[id] = true
		}
	}
}

// takeTxs takes the news from the peers.
func (p *loop) takeTxs() {
	r, now, most := p.relay, time.Now(), heardAtOnce
	if r.taking || len(r.heard) > 0 {
		most = 0
	}
	txs, events := p.cfg.Peers.TakeTxs(most)
	r.heard = append(r.heard, txs...)
	for _, e := range events {
		b := r.find(e.Hash)
		switch {
		case b == nil:
			continue
		case e.Requested:
			b.asked[e.From] = true
		default:
			b.echo(e.From, now, p.cfg.Rand)
		}
		p.publications.updated([]Publication{b.publication()})
	}
}

// readPublished takes over what is to be published: what users have put there,
// and what the wallet keeps.
func (p *loop) readPublished() {
	r := p.relay
	for _, pub := range p.publications.take() {
		if b := r.find(pub.Hash); b != nil && b.at.Before(pub.Since) {
			b.due = time.Now() // it is asked for again
		}
		r.add(pub.Tx, pub.Own, pub.Since)
	}
	if r.reading || !r.stale {
		return
	}
	r.reading, r.stale = true, false
	own := r.own()
	p.jobs.Do(func(ctx context.Context) jobs.Result {
		txs, err := p.cfg.Wallet.Published(ctx)
		var mined map[chainhash.Hash]consensus.Height
		if err == nil {
			mined, err = p.missingFrom(ctx, own, txs)
		}
		return func() error {
			r.reading = false
			if ctx.Err() != nil {
				return nil
			}
			if err == nil {
				p.reconcile(own, txs, mined)
			}
			return err
		}
	})
}

// missingFrom returns the heights of the transactions that the wallet no longer
// wants to be published because they were mined.
func (p *loop) missingFrom(ctx context.Context, own []chainhash.Hash, txs []*wire.MsgTx) (map[chainhash.Hash]consensus.Height, error) {
	mined := make(map[chainhash.Hash]consensus.Height)
	for _, hash := range own {
		if holds(txs, hash) {
			continue
		}
		h, ok, err := p.cfg.Wallet.MinedAt(ctx, hash)
		if err != nil {
			return nil, err
		}
		if ok {
			mined[hash] = h
		}
	}
	return mined, nil
}

// reconcile begins to publish what the wallet wants published, and ends what it
// had when it was asked and does not want any more.
func (p *loop) reconcile(had []chainhash.Hash, txs []*wire.MsgTx, mined map[chainhash.Hash]consensus.Height) {
	for _, tx := range txs {
		p.relay.add(tx, true, time.Now())
	}
	for _, hash := range had {
		b := p.relay.find(hash)
		if b == nil || holds(txs, hash) {
			continue
		}
		h, ok := mined[hash]
		switch {
		case ok:
			p.end(b, Mined, h)
		case b.expired(p.store.State().Tip.Height):
			p.end(b, Expired, 0)
		default:
			p.end(b, Dropped, 0)
		}
	}
}

// offer offers what is due, and shows how all stands when anything has changed.
func (p *loop) offer() {
	now, tip := time.Now(), p.store.State().Tip.Height
	for _, b := range slices.Clone(p.relay.out) {
		switch {
		case b.expired(tip):
			p.end(b, Expired, 0)
			continue
		case b.over(now):
			p.end(b, Ended, 0)
			continue
		}
		to := b.next(now, p.tips.live(), p.cfg.Rand)
		for _, id := range to {
			if err := p.cfg.Peers.Offer(p.ctx, id, b.tx); err != nil {
				p.cfg.Log.Debug("Transaction not offered", "tx", b.hash, "peer", id, "err", err)
			}
		}
		if len(to) > 0 {
			p.publications.updated([]Publication{b.publication()})
		}
	}
}

// end ends a broadcast.
func (p *loop) end(b *broadcast, o Outcome, h consensus.Height) {
	p.relay.out = slices.DeleteFunc(p.relay.out, func(x *broadcast) bool { return x == b })
	p.cfg.Peers.Withdraw(b.hash)
	p.cfg.Log.Info("Transaction is no longer published", "tx", b.hash, "outcome", o)
	pub := b.publication()
	pub.Outcome, pub.Height, pub.Next = o, h, time.Time{}
	p.publications.updated([]Publication{pub})
}

// add begins to publish a transaction, unless it is published already.
func (r *relaying) add(tx *wire.MsgTx, own bool, at time.Time) {
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

func (r *relaying) find(hash chainhash.Hash) *broadcast {
	for _, b := range r.out {
		if b.hash == hash {
			return b
		}
	}
	return nil
}

// own returns the published transactions that the wallet keeps.
func (r *relaying) own() []chainhash.Hash {
	var list []chainhash.Hash
	for _, b := range r.out {
		if b.own {
			list = append(list, b.hash)
		}
	}
	return list
}

// publication returns how a broadcast stands.
func (b *broadcast) publication() Publication {
	pub := Publication{
		Hash: b.hash, Tx: b.tx, Own: b.own, Since: b.at, Next: b.due,
		OfferedTo: len(b.ever), FetchedBy: len(b.asked), EchoedBy: len(b.echoed),
	}
	switch {
	case len(b.echoed) > 0:
		pub.Outcome = Seen
	case len(b.ever) > 0:
		pub.Outcome = Offered
	}
	return pub
}

// holds reports whether a transaction is among others.
func holds(txs []*wire.MsgTx, hash chainhash.Hash) bool {
	return slices.ContainsFunc(txs, func(tx *wire.MsgTx) bool { return tx.TxHash() == hash })
}
