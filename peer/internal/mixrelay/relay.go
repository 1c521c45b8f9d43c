package mixrelay

import (
	"slices"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/p2p"
)

// Limits on what peers announce and send. Announcing costs a peer nothing.
const (
	maxAsked  = 100     // messages that one peer owes; dcrd scores more than 505 in one getdata
	maxOpen   = 5000    // messages that are requested, or wait for another peer
	maxSpares = 8       // remembered further peers that have a message
	maxKnown  = 8192    // hashes of messages that are not requested again
	maxHeld   = 8 << 20 // bytes of messages that wait to be taken

	patience = 3 * time.Second  // until another peer is asked
	givenUp  = 30 * time.Second // until a message that no peer sends is forgotten
)

// Relay holds the messages of mixing of one pool.
type Relay struct {
	changed chan struct{} // capacity one; poked when there is something to take

	mu      sync.Mutex
	known   map[chainhash.Hash]bool
	order   []chainhash.Hash // of known, the oldest first
	open    map[chainhash.Hash]*request
	owed    map[p2p.PeerID]int // how many messages each peer was asked for and has not sent
	waiting []p2p.MixMessage
	held    int // bytes of waiting
	offered offered
}

// request is a message that was announced and has not arrived.
type request struct {
	from   p2p.PeerID // the peer that was asked; zero if none is
	first  time.Time  // when the message was announced first
	at     time.Time  // when that peer was asked
	spares []p2p.PeerID
}

// New returns a relay without peers.
func New() *Relay {
	return &Relay{
		changed: make(chan struct{}, 1), known: make(map[chainhash.Hash]bool),
		open: make(map[chainhash.Hash]*request), owed: make(map[p2p.PeerID]int), offered: newOffered(),
	}
}

// Changed is poked when Take may return something. It has one reader.
func (r *Relay) Changed() <-chan struct{} { return r.changed }

// Take removes and returns the messages that have arrived, oldest first.
func (r *Relay) Take() []p2p.MixMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.waiting
	r.waiting, r.held = nil, 0
	return list
}

// Announced records the messages that a peer announces, and returns which to request from it.
func (r *Relay) Announced(id p2p.PeerID, hashes []chainhash.Hash, now time.Time) (ask []chainhash.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, hash := range hashes {
		if r.known[hash] || r.offered.has(hash) {
			continue
		}
		q := r.open[hash]
		switch {
		case q == nil && len(r.open) >= maxOpen:
			continue
		case q == nil:
			q = &request{first: now}
			r.open[hash] = q
		}
		if q.from != 0 || r.owed[id] >= maxAsked {
			if id != q.from && len(q.spares) < maxSpares && !slices.Contains(q.spares, id) {
				q.spares = append(q.spares, id)
			}
			continue
		}
		r.askLocked(q, id, now)
		ask = append(ask, hash)
	}
	return ask
}

// askLocked records that a peer is asked for a message.
func (r *Relay) askLocked(q *request, id p2p.PeerID, now time.Time) {
	q.from, q.at = id, now
	r.owed[id]++
}

// freeLocked records that the peer that was asked for a message owes it no longer.
func (r *Relay) freeLocked(q *request) {
	if q.from == 0 {
		return
	}
	if r.owed[q.from]--; r.owed[q.from] <= 0 {
		delete(r.owed, q.from)
	}
	q.from = 0
}

// Wanted records that a message is to be requested from a peer which has not announced it, because
// another message of that peer refers to it. It reports whether to request it now.
func (r *Relay) Wanted(id p2p.PeerID, hash chainhash.Hash, now time.Time) bool {
	r.mu.Lock()
	delete(r.known, hash)
	r.mu.Unlock()
	return len(r.Announced(id, []chainhash.Hash{hash}, now)) > 0
}

// Arrived records a message. It reports whether the peer was asked for it.
func (r *Relay) Arrived(id p2p.PeerID, m p2p.MixMessage) (asked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.open[m.Hash]
	if q == nil || q.from != id && !slices.Contains(q.spares, id) {
		return false
	}
	r.freeLocked(q)
	delete(r.open, m.Hash)
	if r.held+len(m.Raw) > maxHeld {
		return true
	}
	r.rememberLocked(m.Hash)
	m.From = id
	r.waiting, r.held = append(r.waiting, m), r.held+len(m.Raw)
	select {
	case r.changed <- struct{}{}:
	default:
	}
	return true
}

// rememberLocked makes a message not be requested again.
func (r *Relay) rememberLocked(hash chainhash.Hash) {
	r.known[hash] = true
	r.order = append(r.order, hash)
	if len(r.order) > maxKnown {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
}

// Missing records that a peer does not have messages. Chase asks other peers.
func (r *Relay) Missing(id p2p.PeerID, hashes []chainhash.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, hash := range hashes {
		if q := r.open[hash]; q != nil && q.from == id {
			r.freeLocked(q)
		}
	}
}

// Left forgets a peer. Chase asks other peers for what it owes.
func (r *Relay) Left(id p2p.PeerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.open {
		if q.from == id {
			r.freeLocked(q)
		}
		q.spares = slices.DeleteFunc(q.spares, func(s p2p.PeerID) bool { return s == id })
	}
	delete(r.owed, id)
	r.offered.left(id)
}

// Chase returns the late messages to request from other peers.
func (r *Relay) Chase(now time.Time) (ask map[p2p.PeerID][]chainhash.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ask = make(map[p2p.PeerID][]chainhash.Hash)
	for hash, q := range r.open {
		if now.Sub(q.first) >= givenUp {
			r.freeLocked(q)
			delete(r.open, hash)
			continue
		}
		if q.from != 0 && now.Sub(q.at) < patience {
			continue
		}
		for len(q.spares) > 0 {
			next := q.spares[0]
			q.spares = q.spares[1:]
			if r.owed[next] >= maxAsked {
				continue
			}
			late := q.from
			r.freeLocked(q)
			if late != 0 {
				q.spares = append(q.spares, late) // it may send the message still
			}
			r.askLocked(q, next, now)
			ask[next] = append(ask[next], hash)
			break
		}
	}
	return ask
}
