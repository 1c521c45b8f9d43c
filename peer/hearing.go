package peer

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// Limits on the transactions that peers announce. What they announce costs them
// nothing.
const (
	maxTxAsked   = 100      // transactions that one peer owes us; dcrd scores more than 505 in one getdata
	maxTxBacklog = 5000     // that one peer has announced and that were not asked for yet
	maxSpares    = 3        // further peers that are remembered to have a transaction
	maxKnown     = 8192     // hashes that are remembered so as not to be fetched again
	maxDebt      = 8 << 20  // bytes that one peer may send at once; holds a usual mempool
	debtDecay    = 32 << 10 // bytes per second that are forgiven

	txPatience = 20 * time.Second // until another peer is asked
	txForgiven = 2 * time.Minute  // until an answer would count as unasked for
)

// hearing decides which announced transactions are asked for, and of whom: each
// once, of the first who announced it. It is a plain value.
type hearing struct {
	known memory
	ears  map[uint64]*ear
	wants map[chainhash.Hash]*wish
}

// ear is what one peer has announced and owes.
type ear struct {
	asked   map[chainhash.Hash]time.Time // when; until it is answered
	backlog []chainhash.Hash
	debt    float64 // bytes that came, less those forgiven
	debtAt  time.Time
}

// wish is a transaction that a peer was asked for.
type wish struct {
	from   uint64
	due    time.Time // when another peer is asked
	spares []uint64  // who else has it
}

func newHearing() hearing {
	return hearing{known: newMemory(maxKnown), ears: make(map[uint64]*ear), wants: make(map[chainhash.Hash]*wish)}
}

// announced takes what a peer has announced, and returns what to ask it for.
func (h *hearing) announced(id uint64, hashes []chainhash.Hash, now time.Time) []chainhash.Hash {
	e := h.ears[id]
	if e == nil {
		e = &ear{asked: make(map[chainhash.Hash]time.Time), debtAt: now}
		h.ears[id] = e
	}
	for _, hash := range hashes {
		if !h.known.has(hash) && len(e.backlog) < maxTxBacklog {
			e.backlog = append(e.backlog, hash)
		}
	}
	return h.ask(id, e, now)
}

// ask takes as much of a peer's backlog as it may owe us.
func (h *hearing) ask(id uint64, e *ear, now time.Time) []chainhash.Hash {
	e.settle(now)
	var ask []chainhash.Hash
	for len(e.backlog) > 0 && len(e.asked) < maxTxAsked && e.debt < maxDebt {
		hash := e.backlog[0]
		e.backlog = e.backlog[1:]
		if _, asked := e.asked[hash]; asked || h.known.has(hash) {
			continue
		}
		if w := h.wants[hash]; w != nil {
			if len(w.spares) < maxSpares && !slices.Contains(w.spares, id) {
				w.spares = append(w.spares, id)
			}
			continue
		}
		h.wants[hash] = &wish{from: id, due: now.Add(txPatience)}
		e.asked[hash] = now
		ask = append(ask, hash)
	}
	if len(e.backlog) == 0 {
		e.backlog = nil // so that its memory does not stay
	}
	return ask
}

// settle forgives what is old.
func (e *ear) settle(now time.Time) {
	e.debt = max(0, e.debt-now.Sub(e.debtAt).Seconds()*debtDecay)
	e.debtAt = now
	for hash, at := range e.asked {
		if now.Sub(at) >= txForgiven {
			delete(e.asked, hash)
		}
	}
}

// arrived takes a transaction that a peer has sent. It reports whether the peer
// was asked for it, and whether it came for the first time, and returns what to
// ask the peer for now.
func (h *hearing) arrived(id uint64, hash chainhash.Hash, size int, now time.Time) (asked, fresh bool, ask []chainhash.Hash) {
	e := h.ears[id]
	if e == nil {
		return false, false, nil
	}
	if _, asked = e.asked[hash]; !asked {
		return false, false, nil
	}
	delete(e.asked, hash)
	e.debt += float64(size)
	fresh = !h.known.has(hash)
	h.known.add(hash)
	delete(h.wants, hash)
	return true, fresh, h.ask(id, e, now)
}

// missing takes word that a peer does not have what it was asked for, and
// returns what to ask it for now. Others are asked by chase.
func (h *hearing) missing(id uint64, hashes []chainhash.Hash, now time.Time) []chainhash.Hash {
	e := h.ears[id]
	if e == nil {
		return nil
	}
	for _, hash := range hashes {
		delete(e.asked, hash)
		if w := h.wants[hash]; w != nil && w.from == id {
			w.due = now
		}
	}
	return h.ask(id, e, now)
}

// left forgets a peer. Others are asked for what it owed by chase.
func (h *hearing) left(id uint64, now time.Time) {
	delete(h.ears, id)
	for _, w := range h.wants {
		if w.from == id {
			w.due = now
		}
	}
}

// chase returns what to ask of whom because somebody else did not send it. What
// nobody else has is forgotten, and is fetched when it is announced again.
func (h *hearing) chase(now time.Time) map[uint64][]chainhash.Hash {
	ask := make(map[uint64][]chainhash.Hash)
	for hash, w := range h.wants {
		if now.Before(w.due) {
			continue
		}
		id, e := h.spare(w)
		if e == nil {
			delete(h.wants, hash)
			continue
		}
		w.from, w.due = id, now.Add(txPatience)
		e.asked[hash] = now
		ask[id] = append(ask[id], hash)
	}
	for id, e := range h.ears { // whose answers never came has room again by now
		ask[id] = append(ask[id], h.ask(id, e, now)...)
	}
	return ask
}

// spare takes the next peer that has a transaction and may be asked.
func (h *hearing) spare(w *wish) (uint64, *ear) {
	for len(w.spares) > 0 {
		id := w.spares[0]
		w.spares = w.spares[1:]
		if e := h.ears[id]; e != nil && len(e.asked) < maxTxAsked {
			return id, e
		}
	}
	return 0, nil
}

// memory remembers the newest hashes.
type memory struct {
	set  map[chainhash.Hash]bool
	ring []chainhash.Hash // as many as are remembered, in the order they came
	next int              // place of the oldest once the ring is full
	most int
}

func newMemory(most int) memory { return memory{set: make(map[chainhash.Hash]bool), most: most} }

func (m *memory) has(hash chainhash.Hash) bool { return m.set[hash] }

// add remembers a hash, and forgets the oldest if there are too many.
func (m *memory) add(hash chainhash.Hash) {
	if m.set[hash] {
		return
	}
	m.set[hash] = true
	if len(m.ring) < m.most {
		m.ring = append(m.ring, hash)
		return
	}
	delete(m.set, m.ring[m.next])
	m.ring[m.next] = hash
	m.next = (m.next + 1) % m.most
}
