package spv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/txrelay"
)

// Limits of publishing.
const (
	// maxForeign is how many transactions that do not concern the wallet are
	// published at a time.
	maxForeign = 100

	// maxForwarded is how many transactions of light clients are published at a time.
	maxForwarded = 100

	// offerTime is how long Publish waits for the first offer at most: a peer is
	// there when it is called, and may be gone then.
	offerTime = 10 * time.Second

	// maxEnded is how many publications are remembered after their end.
	maxEnded = 256
)

// Errors of Publish. Nothing has changed when one of them is returned.
var (
	// ErrRejected means that no block may hold the transaction.
	ErrRejected = errors.New("transaction is rejected")

	// ErrNoPeers means that there is no peer to offer a transaction to.
	ErrNoPeers = errors.New("no peer is connected")

	// ErrTooMany means that too many transactions are being published.
	ErrTooMany = errors.New("too many transactions of others are being published")
)

// Outcome is what has become of a published transaction so far.
type Outcome uint8

// The outcomes. The first three are not final.
const (
	Waiting Outcome = iota // offered to no peer yet
	Offered                // to peers, none of which has shown that others have it
	Seen                   // announced by a peer that it was not offered to
	Mined                  // in a block of the chain
	Expired                // no later block may hold it
	Dropped                // the wallet has given it up: double spent, or abandoned
	Ended                  // of no concern to the wallet, and published for long enough
)

// String returns the name of the outcome as RPC shows it.
func (o Outcome) String() string {
	switch o {
	case Waiting:
		return "waiting"
	case Offered:
		return "offered"
	case Seen:
		return "seen"
	case Mined:
		return "mined"
	case Expired:
		return "expired"
	case Dropped:
		return "dropped"
	case Ended:
		return "ended"
	}
	return "unknown"
}

// final reports whether the transaction is no longer published.
func (o Outcome) final() bool { return o >= Mined }

// Publication is what has become of a published transaction.
type Publication struct {
	Hash    chainhash.Hash
	Tx      *wire.MsgTx // must not be changed
	Outcome Outcome
	Since   time.Time // when this process began to publish it

	// Own says that the transaction concerns the wallet: it is kept across
	// restarts, and it is known when it is mined. Others are kept in memory only.
	Own bool

	// Source is the host of the light client whose transaction it is, see Forward; empty if
	// it was published by a user here.
	Source string

	// Peers that it was offered to, that have fetched it, and that have announced
	// it without having been offered it.
	OfferedTo, FetchedBy, EchoedBy int

	Next   time.Time        // when it is offered to more peers, or again; zero at the end
	Height consensus.Height // of the block that holds it, if Mined
}

// publicationOf returns how a transaction stands as users see it.
func publicationOf(st txrelay.Standing) Publication {
	p := Publication{
		Hash: st.Hash, Tx: st.Tx, Own: st.Own, Since: st.Since, Next: st.Next, Height: st.Height,
		OfferedTo: st.OfferedTo, FetchedBy: st.FetchedBy, EchoedBy: st.EchoedBy,
	}
	switch {
	case st.End == txrelay.Mined:
		p.Outcome = Mined
	case st.End == txrelay.TooLate:
		p.Outcome = Expired
	case st.End == txrelay.Dropped:
		p.Outcome = Dropped
	case st.End == txrelay.Forgotten:
		p.Outcome = Ended
	case st.EchoedBy > 0:
		p.Outcome = Seen
	case st.OfferedTo > 0:
		p.Outcome = Offered
	}
	return p
}

// publications is where users put transactions and the syncer says what has become of
// them.
type publications struct {
	poke chan struct{} // capacity one; there is something fresh

	mu      sync.Mutex
	fresh   []Publication // not taken over by the syncer yet
	all     map[chainhash.Hash]Publication
	order   []chainhash.Hash // of all, oldest first
	changed chan struct{}    // closed and replaced when a publication has changed
}

func newPublications() *publications {
	return &publications{poke: make(chan struct{}, 1), all: make(map[chainhash.Hash]Publication), changed: make(chan struct{})}
}

// Publish offers a transaction to peers until it is mined or has expired: to one
// first, and to more as long as no other peer announces it. It returns once this
// transaction has been offered, after ten seconds at the latest, or at once while there
// is no synced chain to do so from; Publications shows its later outcomes. The error is
// ErrRejected, ErrNoPeers or ErrTooMany, or the wallet's. If ctx ends while the
// transaction waits for its first offer, the error is the cause, and the transaction is
// published all the same.
//
// A transaction that concerns the wallet is kept by it and published again after
// a restart. Another one is kept in memory only, and for a day at most.
func (s *Syncer) Publish(ctx context.Context, tx *wire.MsgTx) (Publication, error) {
	p := Publication{Hash: tx.TxHash(), Tx: tx, Since: time.Now()}
	if err := s.judge(tx); err != nil {
		return p, err
	}
	if s.Status().Peers == 0 {
		return p, ErrNoPeers
	}
	if !s.publications.room() {
		return p, ErrTooMany
	}
	if ctx.Err() != nil {
		return p, context.Cause(ctx)
	}
	if store, err := s.Chain(); err == nil { // else the wallet receives all blocks that follow
		b, _, err := s.finder.Find(ctx, store, tx, make(txrelay.SearchedBlocks))
		switch {
		case err != nil:
			return p, err
		case b != nil:
			return p, rejected(fmt.Errorf("block %d holds it", b.Block.Height))
		}
	}
	var err error
	if p.Own, err = s.cfg.Wallet.Publish(ctx, tx); err != nil {
		return p, err
	}
	s.publications.add(p)
	return s.awaitOffer(ctx, p.Hash)
}

// judge returns an ErrRejected if no block may hold a transaction, as far as it shows by itself.
func (s *Syncer) judge(tx *wire.MsgTx) error {
	if err := standalone.CheckTransactionSanity(tx, uint64(s.cfg.Params.ChainParams.MaxTxSize)); err != nil {
		return rejected(err)
	}
	if standalone.IsTreasuryBase(tx) || standalone.IsCoinBaseTx(tx, tx.Version >= wire.TxVersionTreasury) {
		return rejected(errors.New("it makes coins, and only exists in the block that it was made for"))
	}
	if txrelay.Expired(tx, s.Status().Tip.Height) {
		return rejected(errors.New("its expiry has passed"))
	}
	return nil
}

// rejected returns an ErrRejected that gives the reason in the same sentence.
func rejected(reason error) error { return fmt.Errorf("%w: %w", ErrRejected, reason) }

// awaitOffer waits until a publication is offered to a peer, or has ended. It gives up
// after offerTime, and at once while the syncer does not follow the chain, because it
// offers nothing then.
func (s *Syncer) awaitOffer(ctx context.Context, hash chainhash.Hash) (Publication, error) {
	late := wait.NewTimer(offerTime)
	defer late.Stop()
	look := wait.NewTimer(tick)
	defer look.Stop()
	for {
		p, changed := s.publications.get(hash)
		if p.Outcome != Waiting || s.Status().Phase != Following {
			return p, nil
		}
		select {
		case <-changed:
		case <-look.C():
			look.Reset(tick)
		case <-late.C():
			return p, nil
		case <-ctx.Done():
			return p, context.Cause(ctx)
		}
	}
}

// Publications returns what this process publishes and has published, oldest
// first. Of those that have ended the newest are remembered.
func (s *Syncer) Publications() []Publication {
	s.publications.mu.Lock()
	defer s.publications.mu.Unlock()
	var list []Publication
	for _, hash := range s.publications.order {
		list = append(list, s.publications.all[hash])
	}
	return list
}

// room reports whether another transaction may be published.
func (p *publications) room() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, pub := range p.all {
		if !pub.Own && pub.Source == "" && !pub.Outcome.final() {
			n++
		}
	}
	return n < maxForeign
}

// add queues a publication for the syncer.
func (p *publications) add(pub Publication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addLocked(pub)
}

func (p *publications) addLocked(pub Publication) {
	if old, ok := p.all[pub.Hash]; !ok || old.Outcome.final() {
		p.putLocked(pub)
	}
	p.fresh = append(p.fresh, pub)
	select {
	case p.poke <- struct{}{}:
	default:
	}
}

// resume queues the publications that have not ended, for a new run.
func (p *publications) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fresh = nil
	for _, hash := range p.order {
		if pub := p.all[hash]; !pub.Outcome.final() {
			p.fresh = append(p.fresh, pub)
		}
	}
}

// take removes and returns what users have published since the last call.
func (p *publications) take() (orders []txrelay.Order) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pub := range p.fresh {
		orders = append(orders, txrelay.Order{Tx: pub.Tx, Own: pub.Own, Source: pub.Source, Since: pub.Since})
	}
	p.fresh = nil
	return orders
}

// updated shows how transactions stand now, and releases the calls that wait for a change.
func (p *publications) updated(list []txrelay.Standing) {
	if len(list) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, st := range list {
		pub := publicationOf(st)
		pub.Source = p.all[st.Hash].Source
		p.putLocked(pub)
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// putLocked stores a publication, and forgets the oldest that have ended. The caller
// holds the lock.
func (p *publications) putLocked(pub Publication) {
	if _, ok := p.all[pub.Hash]; ok {
		p.order = slices.DeleteFunc(p.order, func(h chainhash.Hash) bool { return h == pub.Hash && pub.Outcome.final() })
	}
	if !slices.Contains(p.order, pub.Hash) {
		p.order = append(p.order, pub.Hash)
	}
	p.all[pub.Hash] = pub
	ended := 0
	for _, hash := range p.order {
		if p.all[hash].Outcome.final() {
			ended++
		}
	}
	for i := 0; ended > maxEnded; i++ {
		if hash := p.order[i]; p.all[hash].Outcome.final() {
			delete(p.all, hash)
			p.order = slices.Delete(p.order, i, i+1)
			i, ended = i-1, ended-1
		}
	}
}

// get returns a publication, and a channel that is closed when any has changed.
func (p *publications) get(hash chainhash.Hash) (Publication, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[hash], p.changed
}
