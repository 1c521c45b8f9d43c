package txrelay

import (
	"maps"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/spv/p2p"
)

// Limits on the transactions that peers announce. Announcing costs a peer nothing.
const (
	maxTxAsked   = 100      // transactions that one peer owes us; dcrd scores more than 505 in one getdata
	maxTxBacklog = 5000     // announcements of one peer that were not requested yet
	maxSpares    = 8        // remembered further peers that have a transaction
	maxKnown     = 8192     // hashes of transactions that are not fetched again, kept or not
	maxKept      = 1000     // transactions of which a second copy is wanted
	maxDebt      = 8 << 20  // bytes that one source may send at once; holds a usual mempool
	debtDecay    = 32 << 10 // bytes per second that are forgiven
	maxSources   = 4096     // sources whose debt is remembered

	txPatience = 3 * time.Second  // until another peer is asked
	txLate     = 15 * time.Second // of silence of a peer that owes some, until it counts as a fault
	txForgiven = 2 * time.Minute  // until an answer counts as unsolicited
	txSecond   = time.Second      // in which others may announce what an unreliable source has
	unreliable = 10 * time.Minute // for which a source is unreliable after a late transaction
)

// txRequests decides which announced transactions are requested, and from which peer: each
// once, from the first peer that announced it, and from one in another network when it is
// late. Of a transaction that the wallet keeps a second copy is fetched from another network:
// the hash by which transactions are requested leaves out the witness, which any peer can
// forge. It is a plain value.
type txRequests struct {
	paused    bool                            // announcements are recorded, and nothing is requested
	known     recentHashes                    // by hash; but for unkept
	unkept    recentHashes                    // by hash; those that concerned no wallet when they were fetched
	holders   map[chainhash.Hash][]p2p.PeerID // of unkept: peers that have it
	refused   recentHashes                    // by the hash of all bytes
	peers     map[p2p.PeerID]*txPeer
	sources   map[string]*source // by sourceOf
	byHash    map[chainhash.Hash]*txRequest
	delivered map[chainhash.Hash]*delivery
	kept      []chainhash.Hash // of delivered, oldest first
}

// txPeer holds the transactions that one peer has announced, and those that were requested from it
// and have not arrived.
type txPeer struct {
	*source
	name    string                       // of the source
	group   string                       // see addrbook.GroupOf
	asked   map[chainhash.Hash]time.Time // time of the request, until it is answered
	sentAt  time.Time                    // when it last answered a request
	backlog []chainhash.Hash
}

// txRequest is the request for one transaction.
type txRequest struct {
	from   p2p.PeerID   // the peer that was asked; zero if none was yet
	due    time.Time    // when the next peer is asked
	spares []p2p.PeerID // other peers that have it
}

func newTxRequests() txRequests {
	return txRequests{
		known: newRecentHashes(), unkept: newRecentHashes(), holders: make(map[chainhash.Hash][]p2p.PeerID), refused: newRecentHashes(), peers: make(map[p2p.PeerID]*txPeer), sources: make(map[string]*source),
		byHash: make(map[chainhash.Hash]*txRequest), delivered: make(map[chainhash.Hash]*delivery),
	}
}

// peer returns the state of a peer, and creates it for a new one.
func (h *txRequests) peer(id p2p.PeerID, addr string, now time.Time) *txPeer {
	if e := h.peers[id]; e != nil {
		return e
	}
	name := sourceOf(addr)
	s := h.sources[name]
	if s == nil {
		s = &source{debtAt: now}
		h.forget(now)
		h.sources[name] = s
	}
	s.peers++
	e := &txPeer{source: s, name: name, group: addrbook.GroupOf(addr), asked: make(map[chainhash.Hash]time.Time), sentAt: now}
	h.peers[id] = e
	return e
}

// announced records the transactions that a peer announces, and returns which to request from
// it.
func (h *txRequests) announced(id p2p.PeerID, addr string, hashes []chainhash.Hash, now time.Time) []chainhash.Hash {
	e := h.peer(id, addr, now)
	for _, hash := range hashes {
		if h.paused && len(e.backlog) == maxTxBacklog {
			e.backlog = e.backlog[1:] // the older ones are the first to be mined
		}
		if h.wanted(e, id, hash) && len(e.backlog) < maxTxBacklog {
			e.backlog = append(e.backlog, hash)
		}
	}
	return h.ask(id, e, now)
}

// wanted reports whether a transaction may be requested from a peer: it is not known, or a
// second copy of it is wanted and the peer is of another network than the first copy. Until
// the wallet has decided about a transaction, wanted remembers that the peer has it.
func (h *txRequests) wanted(e *txPeer, id p2p.PeerID, hash chainhash.Hash) bool {
	d := h.delivered[hash]
	switch {
	case d == nil && h.unkept.has(hash):
		h.holds(id, hash)
		return false
	case d == nil:
		return !h.has(hash)
	case slices.ContainsFunc(d.copies, func(c txCopy) bool { return c.group == e.group }):
		return false
	case !d.kept && len(d.spares) < maxSpares && !slices.Contains(d.spares, id):
		d.spares = append(d.spares, id)
	}
	return d.kept
}

// has reports whether a transaction is not to be fetched again.
func (h *txRequests) has(hash chainhash.Hash) bool { return h.known.has(hash) || h.unkept.has(hash) }

// forgetUnkept forgets which transactions were fetched and not kept. They are requested again from
// the peers that announced them, because a node announces nothing twice. Transactions that wait for
// the decision of the wallet stay known.
func (h *txRequests) forgetUnkept() {
	for hash := range h.unkept.set {
		for _, id := range h.holders[hash] {
			if e := h.peers[id]; e != nil && len(e.backlog) < maxTxBacklog {
				e.backlog = append(e.backlog, hash)
			}
		}
	}
	h.unkept = newRecentHashes()
	clear(h.holders)
}

// holds records that a peer has a transaction that was not kept.
func (h *txRequests) holds(id p2p.PeerID, hash chainhash.Hash) {
	if ids := h.holders[hash]; len(ids) < maxSpares && !slices.Contains(ids, id) {
		h.holders[hash] = append(ids, id)
	}
	if len(h.holders) > 2*maxKnown {
		maps.DeleteFunc(h.holders, func(hash chainhash.Hash, _ []p2p.PeerID) bool { return !h.unkept.has(hash) })
	}
}

// ask returns the next transactions of a peer's backlog to request from it, as many as may be
// in flight, and none in a pause.
func (h *txRequests) ask(id p2p.PeerID, e *txPeer, now time.Time) []chainhash.Hash {
	e.decay(now)
	for hash, at := range e.asked {
		if now.Sub(at) >= txForgiven {
			delete(e.asked, hash)
		}
	}
	if len(e.asked) == 0 {
		e.sentAt = now
	}
	if h.paused {
		return nil
	}
	var ask []chainhash.Hash
	for len(e.backlog) > 0 && len(e.asked) < maxTxAsked && e.debt < maxDebt {
		hash := e.backlog[0]
		e.backlog = e.backlog[1:]
		if _, asked := e.asked[hash]; asked || !h.wanted(e, id, hash) {
			continue
		}
		w := h.byHash[hash]
		switch doubtful := now.Sub(e.failed) < unreliable; {
		case w == nil && doubtful:
			h.byHash[hash] = &txRequest{due: now.Add(txSecond), spares: []p2p.PeerID{id}}
			continue
		case w == nil:
			w = new(txRequest)
			h.byHash[hash] = w
		case w.from != 0 || doubtful:
			h.addSpare(w, id, e)
			continue
		}
		w.from, w.due = id, now.Add(txPatience)
		e.asked[hash] = now
		ask = append(ask, hash)
	}
	if len(e.backlog) == 0 {
		e.backlog = nil // releases its memory
	}
	return ask
}

// addSpare records one more peer that has a wanted transaction: peers of networks that are
// not among the others before the rest, and of too many it drops the last.
func (h *txRequests) addSpare(w *txRequest, id p2p.PeerID, e *txPeer) {
	if w.from == id || slices.Contains(w.spares, id) {
		return
	}
	groups := []string{h.groupOf(w.from)}
	fresh := 0 // spares at the front, each of a network of its own
	for _, s := range w.spares {
		g := h.groupOf(s)
		if slices.Contains(groups, g) {
			break
		}
		groups = append(groups, g)
		fresh++
	}
	at := len(w.spares)
	if !slices.Contains(groups, e.group) {
		at = fresh
	}
	w.spares = slices.Insert(w.spares, at, id)
	w.spares = w.spares[:min(len(w.spares), maxSpares)]
}

func (h *txRequests) groupOf(id p2p.PeerID) string {
	if e := h.peers[id]; e != nil {
		return e.group
	}
	return ""
}

// dropped forgets a transaction that was not delivered to the wallet for lack of room.
func (h *txRequests) dropped(hash chainhash.Hash) {
	if d := h.delivered[hash]; d == nil || !d.kept {
		h.known.remove(hash)
		delete(h.delivered, hash)
	}
}

// missing records that a peer does not have requested transactions, and returns which to
// request from it now. Other peers are asked by Chase.
func (h *txRequests) missing(id p2p.PeerID, hashes []chainhash.Hash, now time.Time) []chainhash.Hash {
	e := h.peers[id]
	if e == nil {
		return nil
	}
	for _, hash := range hashes {
		if _, asked := e.asked[hash]; !asked {
			continue
		}
		delete(e.asked, hash)
		e.sentAt = now
		if w := h.byHash[hash]; w != nil && w.from == id {
			w.due = now
		}
	}
	return h.ask(id, e, now)
}

// left forgets a peer. The transactions that it owed are requested from other peers by Chase.
func (h *txRequests) left(id p2p.PeerID, now time.Time) {
	if e := h.peers[id]; e != nil {
		e.peers--
	}
	delete(h.peers, id)
	for _, w := range h.byHash {
		if w.from == id {
			w.due = now
		}
	}
}

// chase returns which transactions to request from which peers because another peer did not
// send them, and the peers that have owed transactions for txLate and sent none. A
// transaction that no other peer has is forgotten, and fetched when it is announced again.
func (h *txRequests) chase(now time.Time) (ask map[p2p.PeerID][]chainhash.Hash, late []p2p.PeerID) {
	ask = make(map[p2p.PeerID][]chainhash.Hash)
	for hash, w := range h.byHash {
		if now.Before(w.due) {
			continue
		}
		if e := h.peers[w.from]; e != nil {
			if _, owed := e.asked[hash]; owed {
				e.failed = now
			}
		}
		id, e := h.spare(w, hash)
		if e == nil {
			delete(h.byHash, hash)
			continue
		}
		w.from, w.due = id, now.Add(txPatience)
		e.asked[hash] = now
		ask[id] = append(ask[id], hash)
	}
	for id, e := range h.peers { // a peer that never answered has room again by now
		if len(e.asked) > 0 && now.Sub(e.sentAt) >= txLate {
			e.sentAt, e.failed = now, now
			late = append(late, id)
		}
		if more := h.ask(id, e, now); len(more) > 0 {
			ask[id] = append(ask[id], more...)
		}
	}
	return ask, late
}

// idle reports whether chase has nothing to do until something is announced.
func (h *txRequests) idle() bool {
	if len(h.byHash) > 0 {
		return false
	}
	for e := range maps.Values(h.peers) {
		if len(e.asked) > 0 || len(e.backlog) > 0 && !h.paused {
			return false
		}
	}
	return true
}

// spare removes and returns the next peer that has a transaction and may be asked, or nil.
func (h *txRequests) spare(w *txRequest, hash chainhash.Hash) (p2p.PeerID, *txPeer) {
	for len(w.spares) > 0 {
		id := w.spares[0]
		w.spares = w.spares[1:]
		e := h.peers[id]
		if e == nil || len(e.asked) >= maxTxAsked || e.debt >= maxDebt {
			continue
		}
		if _, asked := e.asked[hash]; !asked {
			return id, e
		}
	}
	return 0, nil
}
