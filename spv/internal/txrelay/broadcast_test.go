package txrelay

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// spending returns a transaction that follows from a number.
func spending(n uint32) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{1}, Index: n}, 1000, nil))
	tx.AddTxOut(wire.NewTxOut(900, []byte{0x51}))
	return tx
}

// play asks a broadcast every second what to do, and returns how many peers were
// offered the transaction at which second.
func play(b *broadcast, from time.Time, seconds int, live []p2p.PeerID, random func() uint64) map[int]int {
	offers := make(map[int]int)
	for s := range seconds {
		if n := len(b.next(from.Add(time.Duration(s)*time.Second), live, random)); n > 0 {
			offers[s] = n
		}
	}
	return offers
}

// TestWidening checks that silence makes a broadcast go from one peer to three and
// then to all, and that it begins again, less and less often.
func TestWidening(t *testing.T) {
	start, live := time.Unix(1e9, 0), []p2p.PeerID{1, 2, 3, 4, 5, 6, 7, 8}
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0)).Uint64
		b := newBroadcast(spending(1), true, start)
		offers := play(b, start, 60, live, random)
		if offers[0] != 1 || len(b.ever) != len(live) {
			t.Fatalf("seed %d: at first %d, in the end %d of %d: %v", seed, offers[0], len(b.ever), len(live), offers)
		}
		var sizes []int
		for s := range 60 {
			if offers[s] > 0 {
				sizes = append(sizes, offers[s])
			}
		}
		if !slices.Equal(sizes, []int{1, 2, 5}) {
			t.Fatalf("seed %d: offered in steps of %v", seed, sizes)
		}
		for range 8 { // rests grow, and have a limit
			least := min(FirstRest<<(b.round-1), lastRest) / 2
			now := b.due.Add(-time.Second)
			if n := len(play(b, now, 1, live, random)); n != 0 {
				t.Fatalf("seed %d: offered before its time", seed)
			}
			rested := b.due
			play(b, rested, 60, live, random)
			if pause := b.due.Sub(rested); pause < least || pause > lastRest+time.Minute {
				t.Fatalf("seed %d: rest %d of %v, want at least %v", seed, b.round, pause, least)
			}
		}
	}
}

// TestEchoStopsWidening checks that the transaction is offered to no more peers once a peer
// that it was not offered to announces it, and that later only one is reminded.
func TestEchoStopsWidening(t *testing.T) {
	start, live := time.Unix(1e9, 0), []p2p.PeerID{1, 2, 3, 4, 5}
	random := rand.New(rand.NewPCG(1, 0)).Uint64
	b := newBroadcast(spending(1), true, start)
	first := b.next(start, live, random)
	if len(first) != 1 {
		t.Fatalf("told %v", first)
	}
	b.echo(first[0], start, random) // it has it from us
	if len(b.echoed) != 0 {
		t.Fatal("the peer that was told counts as an echo")
	}
	for _, id := range live {
		b.echo(id, start.Add(time.Second), random)
	}
	if len(b.echoed) != 4 || b.round != 1 {
		t.Fatalf("%d echoes, %d rests", len(b.echoed), b.round)
	}
	if pause := b.due.Sub(start); pause < seenRest/2 {
		t.Errorf("offered again after %v", pause)
	}
	if offers := play(b, b.due, 600, live, random); len(offers) != 1 || len(b.ever) != 2 {
		t.Errorf("reminded %v", offers)
	}
}

// TestChildFollowsParent checks that what spends another published transaction is
// offered to the peer that has that.
func TestChildFollowsParent(t *testing.T) {
	start, live := time.Unix(1e9, 0), []p2p.PeerID{1, 2, 3, 4, 5, 6, 7, 8}
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0)).Uint64
		parent, child := spending(1), wire.NewMsgTx()
		hash := parent.TxHash()
		child.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&hash, 0, wire.TxTreeRegular), 900, nil))
		child.AddTxOut(wire.NewTxOut(800, []byte{0x51}))
		r := New(Deps{})
		r.add(parent, true, start)
		r.add(child, true, start)
		first, second := r.out[0].next(start, live, random), r.out[1].next(start, live, random)
		if len(first) != 1 || !slices.Equal(first, second) {
			t.Fatalf("parent to %v, child to %v", first, second)
		}
	}
}

// TestForeignIsOver checks that a transaction that does not concern the wallet is
// published for a day, and one of the wallet without an end.
func TestForeignIsOver(t *testing.T) {
	start := time.Unix(1e9, 0)
	foreign, own := newBroadcast(spending(1), false, start), newBroadcast(spending(1), true, start)
	if foreign.over(start.Add(foreignTime-1)) || !foreign.over(start.Add(foreignTime)) || own.over(start.Add(100*foreignTime)) {
		t.Error("published for too short or too long")
	}
}

// TestNewPeersAreTold checks that a transaction that no peer has fetched is offered to
// each new peer at once, and that without peers nothing is lost.
func TestNewPeersAreTold(t *testing.T) {
	start := time.Unix(1e9, 0)
	random := rand.New(rand.NewPCG(1, 0)).Uint64
	b := newBroadcast(spending(1), true, start)
	if offers := play(b, start, 60, nil, random); len(offers) != 0 {
		t.Fatalf("offered to nobody: %v", offers)
	}
	now := start.Add(time.Minute)
	if got := b.next(now, []p2p.PeerID{1}, random); !slices.Equal(got, []p2p.PeerID{1}) {
		t.Fatalf("told %v", got)
	}
	if got := b.next(now.Add(time.Second), []p2p.PeerID{2}, random); !slices.Equal(got, []p2p.PeerID{2}) {
		t.Errorf("the first peer went without it, told %v", got)
	}
	b.asked[2] = true
	if got := b.next(now.Add(2*time.Second), []p2p.PeerID{3}, random); len(got) != 0 {
		t.Errorf("a peer has fetched it, told %v at once", got)
	}
}
