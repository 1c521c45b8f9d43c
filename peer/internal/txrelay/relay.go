package txrelay

import (
	"slices"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// Relay is what a pool knows of unmined transactions: which to request from which peer, the
// received ones that were not taken yet, and those that we offer. Any goroutine may call its
// methods; none waits. Its lock is a leaf: under it no other lock is taken.
type Relay struct {
	changed func()        // called under the lock when Take may return something
	pursue  chan struct{} // capacity one; poked when a transaction was requested

	mu       sync.Mutex
	announce bool // new connections ask for announcements; never taken back
	requests txRequests
	offered  offered
	received receivedQueue
	events   []p2p.TxEvent // about offered transactions, each once
}

// New returns a relay without peers. With announce new connections ask peers to announce
// transactions from the start. The relay calls changed, which must not wait, when Take may
// return something.
func New(announce bool, changed func()) *Relay {
	r := &Relay{
		changed: changed, announce: announce, requests: newTxRequests(), offered: newOffered(),
		pursue: make(chan struct{}, 1),
	}
	r.requests.paused = true // until Want
	return r
}

// Want sets whether announced transactions are fetched; what is announced while they are not is
// fetched when they are. It reports whether they are for the first time, and no connection
// before asked its peer to announce any.
func (r *Relay) Want(want bool) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if want && r.requests.paused {
		r.poke()
	}
	r.requests.paused = !want
	first = want && !r.announce
	r.announce = r.announce || want
	return first
}

// Take removes and returns transactions of at most so many bytes, and all events.
func (r *Relay) Take(most int) ([]p2p.Tx, []p2p.TxEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	if most <= 0 {
		return nil, events
	}
	return r.received.take(most), events
}

// AsksPeers reports whether new connections ask their peers to announce transactions.
func (r *Relay) AsksPeers() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.announce
}

// Offer offers a transaction to a peer, and reports whether it is still to be announced to
// that peer. Its error is ErrOffersFull.
func (r *Relay) Offer(id p2p.PeerID, hash chainhash.Hash, tx *wire.MsgTx) (announce bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.known.add(hash)
	return r.offered.offer(id, hash, tx)
}

// addEventLocked adds an event of an offered transaction.
func (r *Relay) addEventLocked(e p2p.TxEvent) {
	if len(r.events) < maxTxEvents && !slices.Contains(r.events, e) {
		r.events = append(r.events, e)
		r.changed()
	}
}

// Announced records the transactions that a peer announces, and returns which to request from
// it.
func (r *Relay) Announced(id p2p.PeerID, addr string, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, hash := range hashes {
		if r.offered.echoes(id, hash) {
			r.addEventLocked(p2p.TxEvent{From: id, Hash: hash})
		}
	}
	if !r.announce {
		return nil
	}
	r.poke()
	return r.requests.announced(id, addr, hashes, time.Now())
}

// Arrived records the bytes of a transaction. It reports whether the peer was asked for it,
// and returns which transactions to request from the peer now.
func (r *Relay) Arrived(id p2p.PeerID, hash chainhash.Hash, raw []byte) (asked bool, ask []chainhash.Hash) {
	full := chainhash.HashH(raw)
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.requests.arrived(id, hash, full, len(raw), time.Now())
	if a.fresh {
		for _, gone := range r.received.put(receivedTx{hash: hash, Tx: p2p.Tx{From: id, Source: a.source, Raw: raw, Agreed: a.agreed}}) {
			r.requests.dropped(gone)
		}
		r.changed()
	}
	return a.asked, a.ask
}

// Oversized records a transaction that was skipped, and reports whether the peer was asked
// for any.
func (r *Relay) Oversized(id p2p.PeerID, size int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.oversized(id, size, time.Now())
}

// Missing records that a peer does not have transactions, and returns which to request from
// it now.
func (r *Relay) Missing(id p2p.PeerID, hashes []chainhash.Hash) []chainhash.Hash {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests.missing(id, hashes, time.Now())
}

// Serve returns a transaction that a peer requests, or nil.
func (r *Relay) Serve(id p2p.PeerID, hash chainhash.Hash) *wire.MsgTx {
	r.mu.Lock()
	defer r.mu.Unlock()
	tx := r.offered.serve(id, hash)
	if tx != nil {
		r.addEventLocked(p2p.TxEvent{From: id, Hash: hash, Requested: true})
	}
	return tx
}

// Left forgets a peer. The transactions that it owes are requested from other peers by Chase.
func (r *Relay) Left(id p2p.PeerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.left(id, time.Now())
	r.offered.left(id)
}

// Withdraw stops serving a transaction to all peers.
func (r *Relay) Withdraw(hash chainhash.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offered.withdraw(hash)
}

// Judge records what became of a transaction that Take has returned. Of one that is kept, a
// second copy is fetched from another network. One that was refused with these bytes is
// fetched from another peer, because its witness may be forged.
func (r *Relay) Judge(hash chainhash.Hash, kept, refused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.judged(hash, kept, refused, time.Now())
	r.poke()
}

// ForgetUnkept forgets which transactions were fetched and not kept: they are fetched again
// when a peer announces them again.
func (r *Relay) ForgetUnkept() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests.forgetUnkept()
	r.poke()
}

// Due is poked when a transaction was requested: then Chase is to be called periodically until
// it is not busy.
func (r *Relay) Due() <-chan struct{} { return r.pursue }

// Chase returns the late transactions to request from other peers, and the peers that owe
// transactions and have sent none for long. Busy means that any are still outstanding.
func (r *Relay) Chase(now time.Time) (ask map[p2p.PeerID][]chainhash.Hash, late []p2p.PeerID, busy bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ask, late = r.requests.chase(now)
	return ask, late, !r.requests.idle()
}

// poke wakes the reader of Due.
func (r *Relay) poke() {
	select {
	case r.pursue <- struct{}{}:
	default:
	}
}
