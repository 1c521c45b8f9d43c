package txrelay

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/p2p"
)

// numbered returns the hashes with numbers from a to b.
func numbered(a, b int) []chainhash.Hash {
	var list []chainhash.Hash
	for n := a; n <= b; n++ {
		var h chainhash.Hash
		binary.BigEndian.PutUint32(h[:], uint32(n))
		list = append(list, h)
	}
	return list
}

// addrOf returns the address of a peer of a test, each in a network of its own.
func addrOf(id p2p.PeerID) string { return fmt.Sprintf("%d.1.1.1:9108", 10+id) }

// sent records that a peer has sent a transaction.
func (h *txRequests) sent(id p2p.PeerID, hash chainhash.Hash, size int, now time.Time) (asked, fresh bool, ask []chainhash.Hash) {
	a := h.arrived(id, hash, hash, size, now)
	return a.asked, a.fresh, a.ask
}

// TestFetchedOnce checks that a transaction that several peers announce is requested from one
// of them, and from another one if the first does not send it.
func TestFetchedOnce(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	txs := numbered(1, 3)
	if got := h.announced(1, addrOf(1), txs, now); !slices.Equal(got, txs) {
		t.Fatalf("asked the first for %v", got)
	}
	for id := range p2p.PeerID(5) {
		if got := h.announced(2+id, addrOf(2+id), txs, now); len(got) != 0 {
			t.Fatalf("asked peer %d too: %v", 2+id, got)
		}
	}
	if asked, fresh, _ := h.sent(1, txs[0], 300, now); !asked || !fresh {
		t.Fatalf("arrived: asked %v, fresh %v", asked, fresh)
	}
	h.missing(1, txs[1:2], now)
	if ask, _ := h.chase(now); !slices.Equal(ask[2], txs[1:2]) {
		t.Errorf("after notfound: %v", ask)
	}
	now = now.Add(txPatience)
	ask, _ := h.chase(now)
	if got := append(ask[2], ask[3]...); len(got) != 2 { // both are late by now
		t.Errorf("after silence: %v", ask)
	}
	if asked, fresh, _ := h.sent(1, txs[2], 300, now); !asked || !fresh {
		t.Errorf("late: asked %v, fresh %v", asked, fresh)
	}
	if a := h.arrived(2, txs[2], txs[2], 300, now); !a.asked || !a.agreed {
		t.Errorf("second copy: %+v", a)
	}
	if got := h.announced(9, addrOf(9), txs[2:], now); len(got) != 0 {
		t.Errorf("asked again for known transactions: %v", got)
	}
}

// TestForgottenWithoutSource checks that a transaction that no peer sends is forgotten, and
// requested when it is announced again.
func TestForgottenWithoutSource(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	tx := numbered(1, 1)
	h.announced(1, addrOf(1), tx, now)
	h.left(1, now)
	h.chase(now)
	if len(h.byHash) != 0 || len(h.peers) != 0 {
		t.Fatalf("%d requests, %d peers left", len(h.byHash), len(h.peers))
	}
	if got := h.announced(2, addrOf(2), tx, now); !slices.Equal(got, tx) {
		t.Errorf("asked for %v", got)
	}
}

// TestUnasked checks that an unrequested transaction is recognised as such, and changes
// nothing.
func TestUnasked(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	tx := numbered(1, 2)
	if asked, _, _ := h.sent(1, tx[0], 300, now); asked {
		t.Error("an unknown peer counts as one that was asked")
	}
	h.announced(1, addrOf(1), tx[:1], now)
	if asked, _, _ := h.sent(1, tx[1], 300, now); asked {
		t.Error("another transaction counts as the requested one")
	}
	if h.known.has(tx[1]) {
		t.Error("an unrequested transaction counts as known")
	}
	now = now.Add(txForgiven)
	h.chase(now)
	if asked, _, _ := h.sent(1, tx[0], 300, now); asked {
		t.Error("a transaction that is minutes late counts as requested")
	}
}

// TestFlood checks the bounds on requests and memory that one peer can cause.
func TestFlood(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	flood := numbered(1, 50_000)
	asked := h.announced(1, addrOf(1), flood, now)
	if len(asked) != maxTxAsked || len(h.peers[1].backlog) > maxTxBacklog {
		t.Fatalf("asked for %d, %d more in line", len(asked), len(h.peers[1].backlog))
	}
	const size = 100 << 10
	bytes, next := 0, asked
	for len(next) > 0 {
		hash := next[0]
		_, _, more := h.sent(1, hash, size, now)
		bytes += size
		next = append(next[1:], more...)
	}
	if bytes < maxDebt || bytes > maxDebt+maxTxAsked*size {
		t.Errorf("%d bytes taken at once", bytes)
	}
	now = now.Add(10 * time.Minute)
	if more, _ := h.chase(now); len(more[1]) == 0 {
		t.Error("nothing is asked for after a while")
	}
	if n := len(h.announced(2, addrOf(2), numbered(60_000, 60_000), now)); n != 1 {
		t.Error("another peer is not asked during the flood")
	}
	for n := range 3 * maxKnown {
		h.known.add(numbered(n, n)[0])
	}
	if len(h.known.set) != maxKnown || len(h.known.ring) != maxKnown {
		t.Errorf("%d hashes remembered", len(h.known.set))
	}
}

// TestUnkeptIsForgotten checks that what the wallet did not keep is fetched again once
// that is forgotten, that what it keeps and what was offered is not, and that the bound
// holds.
func TestUnkeptIsForgotten(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	txs := numbered(1, 4)
	unkept, kept, unjudged, offered := txs[0], txs[1], txs[2], txs[3]
	h.known.add(offered)
	h.announced(1, addrOf(1), txs, now)
	for _, hash := range txs[:3] {
		h.sent(1, hash, 300, now)
	}
	h.judged(unkept, false, false, now)
	h.judged(kept, true, false, now)
	if got := h.announced(1, addrOf(1), txs, now); len(got) != 0 {
		t.Fatalf("asked again for %v", got)
	}
	h.forgetUnkept()
	if ask, _ := h.chase(now); !slices.Equal(ask[1], txs[:1]) { // no node announces it again
		t.Fatalf("asked for %v, want %v", ask, txs[:1])
	}
	if _, fresh, _ := h.sent(1, unkept, 300, now); !fresh {
		t.Error("what was forgotten is not handed up")
	}
	h.judged(unjudged, true, false, now)
	for _, hash := range numbered(10, 10+3*maxKnown) {
		h.unkept.add(hash)
	}
	if len(h.unkept.set) != maxKnown {
		t.Errorf("%d hashes remembered", len(h.unkept.set))
	}
}

// TestAnnouncedInAPause checks that what peers announce in a pause is requested after it, the
// newest if it is too much, and that a peer is not blamed for what it owed before.
func TestAnnouncedInAPause(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	owed, txs := numbered(1, 1), numbered(2, maxTxBacklog+2)
	h.announced(1, addrOf(1), owed, now)
	h.paused = true
	for _, tx := range txs {
		if got := h.announced(1, addrOf(1), []chainhash.Hash{tx}, now); len(got) != 0 {
			t.Fatalf("asked for %v in a pause", got)
		}
	}
	now = now.Add(txForgiven)
	h.chase(now)
	if ask, late := h.chase(now.Add(txLate)); len(ask) != 0 || len(late) != 0 || !h.idle() {
		t.Errorf("in a pause: asks %v, late %v, idle %v", ask, late, h.idle())
	}
	h.paused = false
	if ask, _ := h.chase(now.Add(unreliable)); !slices.Equal(ask[1], txs[1:maxTxAsked+1]) {
		t.Errorf("after it: %d are asked for", len(ask[1]))
	}
}
