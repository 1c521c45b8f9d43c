package txrelay

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/p2p"
)

// TestSecondCopyFromAnotherNetwork checks that a second copy of a transaction that the wallet
// keeps is fetched from another network, and that only two equal copies agree.
func TestSecondCopyFromAnotherNetwork(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	tx, forged, real := numbered(1, 1), numbered(7, 7)[0], numbered(8, 8)[0]
	h.announced(1, "9.9.1.1:1", tx, now)
	h.announced(2, "9.9.2.2:1", tx, now) // of the same network
	h.announced(3, "8.8.8.8:1", tx, now)
	if a := h.arrived(1, tx[0], forged, 300, now); !a.fresh || a.agreed {
		t.Fatalf("first copy: %+v", a)
	}
	h.judged(tx[0], true, false, now)
	ask, _ := h.chase(now)
	if !slices.Equal(ask[3], tx) || len(ask[2]) != 0 {
		t.Fatalf("asked for a second copy: %v", ask)
	}
	if a := h.arrived(3, tx[0], real, 300, now); !a.asked || a.fresh {
		t.Errorf("another witness: %+v", a)
	}
	if got := h.announced(2, "9.9.2.2:1", tx, now); len(got) != 0 {
		t.Error("the same network is asked once more")
	}
	if got := h.announced(4, "7.7.7.7:1", tx, now); !slices.Equal(got, tx) {
		t.Fatal("a third network is not asked")
	}
	if a := h.arrived(4, tx[0], real, 300, now); !a.fresh || !a.agreed {
		t.Errorf("two equal copies: %+v", a)
	}
	if got := h.announced(5, "6.6.6.6:1", tx, now); len(got) != 0 || len(h.delivered) != 0 || len(h.kept) != 0 {
		t.Errorf("after agreement: asked for %v, %d delivered", got, len(h.delivered))
	}
}

// TestRefusedIsFetchedElsewhere checks that a transaction that was refused with its witness
// is requested from the other peers, and that the same bytes are not accepted again from any.
func TestRefusedIsFetchedElsewhere(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	tx, forged, real := numbered(1, 1), numbered(7, 7)[0], numbered(8, 8)[0]
	for id := range p2p.PeerID(3) {
		h.announced(1+id, addrOf(1+id), tx, now)
	}
	h.arrived(1, tx[0], forged, 300, now)
	h.judged(tx[0], false, true, now)
	if ask, _ := h.chase(now); !slices.Equal(ask[2], tx) {
		t.Fatalf("after the refusal: %v", ask)
	}
	if a := h.arrived(2, tx[0], forged, 300, now); !a.asked || a.fresh {
		t.Errorf("the refused bytes again: %+v", a)
	}
	if ask, _ := h.chase(now); !slices.Equal(ask[3], tx) {
		t.Fatalf("after the same bytes: %v", ask)
	}
	if a := h.arrived(3, tx[0], real, 300, now); !a.fresh {
		t.Errorf("the real one: %+v", a)
	}
}

// TestSilentAnnouncers checks that peers of one network that announce every transaction and
// send none delay a transaction by seconds, and are asked after others from then on.
func TestSilentAnnouncers(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	first, began := numbered(1, 1), now
	for id := range p2p.PeerID(7) {
		h.announced(1+id, fmt.Sprintf("6.6.%d.1:1", id), first, now)
	}
	h.announced(9, "8.8.8.8:1", first, now)
	for asked := false; !asked; {
		now = now.Add(time.Second)
		ask, _ := h.chase(now)
		asked = slices.Equal(ask[9], first)
		if now.Sub(began) > 5*time.Second {
			t.Fatal("the honest peer is not asked within five seconds")
		}
	}
	h.arrived(9, first[0], first[0], 300, now)
	h.judged(first[0], false, false, now)
	second := numbered(2, 2)
	if got := h.announced(1, "6.6.0.1:1", second, now); len(got) != 0 {
		t.Error("a peer that sent nothing is asked first again")
	}
	if got := h.announced(9, "8.8.8.8:1", second, now); !slices.Equal(got, second) {
		t.Error("the honest peer has to wait")
	}
	third := numbered(3, 3)
	h.announced(1, "6.6.0.1:1", third, now)
	if ask, _ := h.chase(now.Add(txSecond)); !slices.Equal(ask[1], third) {
		t.Error("a transaction that only an unreliable peer has is never requested")
	}
	if _, late := h.chase(now.Add(txLate)); !slices.Contains(late, 1) || slices.Contains(late, 9) && len(h.peers[9].asked) == 0 {
		t.Errorf("late: %v", late)
	}
}

// TestDebtSurvivesReconnects checks that the debt of a host counts also when it reconnects,
// from another port, and for a whole network of IPv6, and that another host is not delayed.
func TestDebtSurvivesReconnects(t *testing.T) {
	for _, addrs := range [][2]string{
		{"1.2.3.4:9108", "1.2.3.4:1"}, {"[2001:db8::1]:9108", "[2001:db8::2:3]:9108"}, {"[::ffff:1.2.3.4]:1", "1.2.3.4:2"}, {"Host:1", "host:2"},
	} {
		h, now := newTxRequests(), time.Unix(1e9, 0)
		txs := numbered(1, 100)
		for id := p2p.PeerID(1); len(txs) > 0 && id < 200; id++ { // a connection for each
			if ask := h.announced(id, addrs[0], txs[:1], now); len(ask) == 0 {
				break
			}
			h.arrived(id, txs[0], txs[0], maxDebt/50, now)
			txs = txs[1:]
			h.left(id, now)
		}
		if taken := 100 - len(txs); taken < 49 || taken > 51 {
			t.Errorf("%v: %d taken", addrs, taken)
		}
		if ask := h.announced(500, addrs[1], txs[:1], now); len(ask) != 0 {
			t.Errorf("%v counts as another source", addrs)
		}
		if ask := h.announced(501, "5.5.5.5:1", txs[:1], now); len(ask) != 1 {
			t.Error("another host is held up")
		}
	}
}

// TestSourcesAreBounded checks that the remembered sources are bounded.
func TestSourcesAreBounded(t *testing.T) {
	h, now := newTxRequests(), time.Unix(1e9, 0)
	for n := range maxSources + maxSources/4 {
		id := p2p.PeerID(n + 1)
		tx := numbered(n, n)
		h.announced(id, fmt.Sprintf("%d.%d.%d.1:1", 1+n>>16, n>>8&255, n&255), tx, now)
		h.arrived(id, tx[0], tx[0], 1000, now)
		h.judged(tx[0], false, false, now)
		h.left(id, now)
	}
	if len(h.sources) > maxSources || len(h.delivered) != 0 || len(h.peers) != 0 {
		t.Errorf("%d sources, %d delivered, %d peers", len(h.sources), len(h.delivered), len(h.peers))
	}
}

// TestReceivedIsBoundedInBytes checks that transactions that are not taken are bounded, and that
// no source displaces those of another one.
func TestReceivedIsBoundedInBytes(t *testing.T) {
	const maxTxSize = 100_000 // of those that nodes relay
	var q receivedQueue
	q.put(receivedTx{Tx: p2p.Tx{Source: "honest", Raw: make([]byte, 300)}})
	dropped := 0
	for n := range 1000 {
		gone := q.put(receivedTx{hash: chainhash.Hash{1}, Tx: p2p.Tx{Source: fmt.Sprint("attacker", n%8), Raw: make([]byte, maxTxSize)}})
		dropped += len(gone)
		if slices.Contains(gone, chainhash.Hash{}) {
			t.Fatal("a transaction of the honest source was dropped")
		}
	}
	if q.held > maxReceivedBytes || dropped != 1001-len(q.txs) {
		t.Errorf("%d bytes held of %d, %d dropped", q.held, len(q.txs), dropped)
	}
	got := q.take(1)
	if len(got) != 1 || got[0].Source != "honest" {
		t.Errorf("took %d", len(got))
	}
	for len(q.txs) > 0 {
		if n := len(q.take(2*maxTxSize + 2000)); n != 2 && len(q.txs) > 0 {
			t.Fatalf("took %d at a time", n)
		}
	}
	if q.held != 0 || len(q.bySource) != 0 {
		t.Errorf("%d bytes held of nothing", q.held)
	}
	for range 200 {
		q.put(receivedTx{Tx: p2p.Tx{Source: "one", Raw: make([]byte, maxTxSize)}})
	}
	if q.held > maxSourceBytes {
		t.Errorf("one source holds %d bytes", q.held)
	}
}
