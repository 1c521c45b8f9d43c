package txrelay

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/p2p"
)

// delivery is a transaction that was delivered to the wallet.
type delivery struct {
	from   p2p.PeerID // the peer that sent it first
	copies []txCopy
	kept   bool         // by the wallet
	spares []p2p.PeerID // peers of other networks that have it
}

// txCopy is the hash of all bytes of a copy, and the network group that sent it.
type txCopy struct {
	full  chainhash.Hash
	group string
}

// arrival is the result of a transaction that a peer sent.
type arrival struct {
	asked  bool             // the peer was asked for it
	fresh  bool             // it is to be delivered to the wallet
	agreed bool             // peers of two networks have sent the same bytes
	source string           // of the peer
	ask    []chainhash.Hash // transactions to request from the peer now
}

// arrived records a transaction that a peer has sent. Full is the hash of all its bytes.
func (h *txRequests) arrived(id p2p.PeerID, hash, full chainhash.Hash, size int, now time.Time) (a arrival) {
	e := h.peers[id]
	if e == nil {
		return a
	}
	if _, a.asked = e.asked[hash]; !a.asked {
		return a
	}
	delete(e.asked, hash)
	e.decay(now)
	e.debt += float64(size)
	e.sentAt = now
	a.source = e.name
	w, c := h.byHash[hash], txCopy{full, e.group}
	switch d := h.delivered[hash]; {
	case h.refused.has(full):
		if w != nil && w.from == id {
			w.due = now // another peer may have it with another witness
		}
	case d != nil:
		a.fresh = h.compare(hash, d, c)
		a.agreed = a.fresh
	case !h.has(hash):
		a.fresh = true
		h.known.add(hash)
		h.delivered[hash] = &delivery{from: id, copies: []txCopy{c}}
		if w != nil {
			h.delivered[hash].spares = w.spares
		}
		delete(h.byHash, hash)
	}
	a.ask = h.ask(id, e, now)
	return a
}

// compare compares another copy of a transaction that the wallet keeps with the earlier
// copies, and reports whether it equals one from another network.
func (h *txRequests) compare(hash chainhash.Hash, d *delivery, c txCopy) bool {
	delete(h.byHash, hash)
	same := slices.ContainsFunc(d.copies, func(o txCopy) bool { return o.full == c.full && o.group != c.group })
	if d.copies = append(d.copies, c); same || len(d.copies) > maxSpares {
		h.conclude(hash)
	}
	return same
}

// conclude ends the search for a second copy.
func (h *txRequests) conclude(hash chainhash.Hash) {
	delete(h.delivered, hash)
	delete(h.byHash, hash)
	h.kept = slices.DeleteFunc(h.kept, func(o chainhash.Hash) bool { return o == hash })
}

// oversized records a transaction that was skipped because of its size, and reports whether
// the peer was asked for any.
func (h *txRequests) oversized(id p2p.PeerID, size int, now time.Time) bool {
	e := h.peers[id]
	if e == nil || len(e.asked) == 0 {
		return false
	}
	e.decay(now)
	e.debt += float64(size)
	return true
}

// judged records the decision of the wallet about a transaction. If the wallet keeps it, a
// second copy is fetched. If the wallet has refused it, it is fetched from other peers: its
// witness may be forged.
func (h *txRequests) judged(hash chainhash.Hash, kept, refused bool, now time.Time) {
	d := h.delivered[hash]
	switch {
	case d == nil || d.kept:
		return
	case refused:
		h.known.remove(hash)
		h.refused.add(d.copies[0].full)
		delete(h.delivered, hash)
	case !kept:
		h.known.remove(hash)
		h.unkept.add(hash)
		for _, id := range append([]p2p.PeerID{d.from}, d.spares...) {
			h.holds(id, hash)
		}
		delete(h.delivered, hash)
		return
	default:
		d.kept = true
		h.kept = append(h.kept, hash)
		if len(h.kept) > maxKept {
			h.conclude(h.kept[0])
		}
	}
	first := d.copies[0].group
	spares := slices.DeleteFunc(slices.Clone(d.spares), func(id p2p.PeerID) bool { return h.groupOf(id) == first })
	if d.spares = nil; len(spares) > 0 && h.byHash[hash] == nil {
		h.byHash[hash] = &txRequest{due: now, spares: spares}
	}
}
