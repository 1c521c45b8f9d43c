package txrelay

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/p2p"
)

// relayed returns the bytes and the hash of a transaction with a number.
func relayed(t *testing.T, n uint32) ([]byte, chainhash.Hash) {
	t.Helper()
	tx := plainTx(n)
	raw, err := tx.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw, tx.TxHash()
}

// TestATransactionIsDeliveredTwice follows a transaction through the relay: it is requested
// from the first peer that announces it, delivered, and requested once more, from a peer of
// another network, once the wallet keeps it. The second copy is delivered as agreed.
func TestATransactionIsDeliveredTwice(t *testing.T) {
	pokes := 0
	r := New(false, func() { pokes++ })
	raw, hash := relayed(t, 1)
	list := []chainhash.Hash{hash}
	if ask := r.Announced(1, addrOf(1), list); len(ask) != 0 {
		t.Errorf("requested %v before transactions were wanted", ask)
	}
	if !r.Want(true) || r.Want(true) || !r.AsksPeers() {
		t.Error("the first time that transactions are wanted is not reported once")
	}
	if ask := r.Announced(1, addrOf(1), list); !slices.Equal(ask, list) {
		t.Errorf("requested %v of the first peer", ask)
	}
	if ask := r.Announced(2, addrOf(2), list); len(ask) != 0 {
		t.Errorf("requested %v of a second peer", ask)
	}
	if asked, _ := r.Arrived(2, hash, raw); asked {
		t.Error("the second peer is said to be asked")
	}
	if asked, _ := r.Arrived(1, hash, raw); !asked || pokes != 1 {
		t.Errorf("asked %v, %d pokes", asked, pokes)
	}
	if txs, _ := r.Take(0); len(txs) != 0 {
		t.Errorf("took %d transactions of no bytes", len(txs))
	}
	txs, events := r.Take(1)
	if len(txs) != 1 || len(events) != 0 || txs[0].From != 1 || txs[0].Agreed || !slices.Equal(txs[0].Raw, raw) {
		t.Fatalf("took %v, %v", txs, events)
	}
	r.Judge(hash, true, false)
	ask, late, busy := r.Chase(time.Now())
	if !slices.Equal(ask[2], list) || len(ask) != 1 || len(late) != 0 || !busy {
		t.Errorf("a second copy is requested from %v, late %v, busy %v", ask, late, busy)
	}
	if asked, _ := r.Arrived(2, hash, raw); !asked {
		t.Error("the second peer is not said to be asked")
	}
	if txs, _ = r.Take(1); len(txs) != 1 || txs[0].From != 2 || !txs[0].Agreed {
		t.Errorf("took %v", txs)
	}
	if _, _, busy := r.Chase(time.Now()); busy {
		t.Error("still busy")
	}
}

// TestOffersAreServedAndEchoed checks that an offered transaction is served to the peers that
// were offered it, and that each request and echo is one event.
func TestOffersAreServedAndEchoed(t *testing.T) {
	r := New(true, func() {})
	tx := plainTx(1)
	hash := tx.TxHash()
	for i, want := range []bool{true, false} {
		if announce, err := r.Offer(1, hash, tx); announce != want || err != nil {
			t.Errorf("offer %d is announced: %v, %v", i, announce, err)
		}
	}
	for range 2 {
		if r.Serve(1, hash) != tx || r.Serve(2, hash) != nil {
			t.Error("served to another peer than the one that was offered it")
		}
		r.Announced(2, addrOf(2), []chainhash.Hash{hash})
	}
	want := []p2p.TxEvent{{From: 1, Hash: hash, Requested: true}, {From: 2, Hash: hash}}
	if _, events := r.Take(0); !slices.Equal(events, want) {
		t.Errorf("events %v", events)
	}
	r.Left(1)
	if r.Serve(1, hash) != nil {
		t.Error("served to a peer that has left")
	}
	r.Withdraw(hash)
	if announce, err := r.Offer(2, hash, tx); !announce || err != nil {
		t.Errorf("offered again: %v, %v", announce, err)
	}
}

// TestALatePeerIsNamed checks that a transaction that a peer does not send is requested from
// the next one, and that a peer that owes transactions is reported once it is late.
func TestALatePeerIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(true, func() {})
		r.Want(true)
		_, hash := relayed(t, 1)
		list := []chainhash.Hash{hash}
		r.Announced(1, addrOf(1), list)
		r.Announced(2, addrOf(2), list)
		select {
		case <-r.Due():
		default:
			t.Error("nothing is due")
		}
		ask, late, busy := r.Chase(time.Now().Add(txPatience))
		if !slices.Equal(ask[2], list) || len(late) != 0 || !busy {
			t.Errorf("requested %v, late %v, busy %v", ask, late, busy)
		}
		if ask := r.Missing(2, list); len(ask) != 0 {
			t.Errorf("requested %v of a peer that has none", ask)
		}
		_, late, _ = r.Chase(time.Now().Add(txLate))
		if !slices.Equal(late, []p2p.PeerID{1}) {
			t.Errorf("late: %v", late)
		}
		r.Left(1)
		if _, _, busy := r.Chase(time.Now().Add(txLate)); busy {
			t.Error("busy without peers")
		}
	})
}
