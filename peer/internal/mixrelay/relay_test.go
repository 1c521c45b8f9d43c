package mixrelay

import (
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// hashes returns n hashes, from a number on.
func hashes(from, n int) (list []chainhash.Hash) {
	for i := from; i < from+n; i++ {
		list = append(list, chainhash.Hash{byte(i), byte(i >> 8), byte(i >> 16)})
	}
	return list
}

// TestWhatAPeerOwesIsBounded: a peer is asked for 100 messages at a time; another one that has the
// rest is asked for these.
func TestWhatAPeerOwesIsBounded(t *testing.T) {
	r, now := New(), time.Now()
	list := hashes(0, 150)
	if ask := r.Announced(1, list, now); len(ask) != maxAsked {
		t.Fatalf("asked for %d", len(ask))
	}
	if ask := r.Announced(2, list, now); len(ask) != 50 {
		t.Errorf("another peer is asked for %d", len(ask))
	}
	if ask := r.Announced(3, list, now); len(ask) != 0 {
		t.Errorf("a third peer is asked for %d", len(ask))
	}
	for _, h := range list[:10] {
		if !r.Arrived(1, p2p.MixMessage{Hash: h, Raw: []byte{1}}) {
			t.Error("a message that was asked for is not expected")
		}
	}
	if r.Arrived(1, p2p.MixMessage{Hash: list[0]}) || r.Arrived(4, p2p.MixMessage{Hash: list[20]}) {
		t.Error("a message that was not asked for is expected")
	}
	if got := r.Take(); len(got) != 10 || got[0].From != 1 {
		t.Errorf("%d messages are taken", len(got))
	}
	if ask := r.Announced(4, list[:10], now); len(ask) != 0 {
		t.Error("messages are asked for again")
	}
}

// TestLateMessagesAreAskedForElsewhere: after three seconds, at once when the peer has left, and never
// when no peer has sent one for half a minute.
func TestLateMessagesAreAskedForElsewhere(t *testing.T) {
	r, now := New(), time.Now()
	list := hashes(0, 3)
	r.Announced(1, list, now)
	r.Announced(2, list, now)
	r.Announced(3, list[:1], now)
	r.Missing(1, list[:1])
	if ask := r.Chase(now); !slices.Equal(ask[2], list[:1]) || len(ask[3]) > 0 {
		t.Errorf("after a notfound %v", ask)
	}
	if ask := r.Chase(now.Add(patience - 1)); len(ask) > 0 {
		t.Errorf("early: %v", ask)
	}
	ask := r.Chase(now.Add(patience))
	if len(ask[2]) != 2 || !slices.Equal(ask[3], list[:1]) {
		t.Errorf("late: %v", ask)
	}
	if !r.Arrived(1, p2p.MixMessage{Hash: list[1]}) {
		t.Error("the first peer may not send the message any more")
	}
	r.Left(2)
	r.Left(3)
	if ask := r.Chase(now.Add(patience)); len(ask[1]) != 1 {
		t.Errorf("after two peers have left: %v", ask)
	}
	r.Chase(now.Add(givenUp))
	if len(r.open) != 0 || len(r.owed) != 0 {
		t.Errorf("%d requests and %d debts are left", len(r.open), len(r.owed))
	}
	if ask := r.Announced(5, list, now.Add(givenUp)); !slices.Equal(ask, []chainhash.Hash{list[0], list[2]}) {
		t.Errorf("announced again: %v", ask)
	}
}

// TestMemoryIsBounded: whatever is announced, sent and offered.
func TestMemoryIsBounded(t *testing.T) {
	r, now := New(), time.Now()
	for id := range p2p.PeerID(100) {
		r.Announced(id+1, hashes(int(id)*1000, 1000), now)
	}
	if len(r.open) > maxOpen {
		t.Errorf("%d requests", len(r.open))
	}
	r = New()
	for i, h := range hashes(0, 2*maxKnown) {
		r.Announced(1, []chainhash.Hash{h}, now)
		r.Arrived(1, p2p.MixMessage{Hash: h, Raw: make([]byte, 100<<10)})
		if i%50 == 0 {
			r.Take()
		}
		r.Offer(1, h, nil)
	}
	if r.held > maxHeld || len(r.known) > maxKnown || len(r.offered.msgs) > maxOffered {
		t.Errorf("%d bytes held, %d known, %d offered", r.held, len(r.known), len(r.offered.msgs))
	}
	full := New()
	for _, h := range hashes(0, 200) {
		full.Announced(1, []chainhash.Hash{h}, now)
		full.Arrived(1, p2p.MixMessage{Hash: h, Raw: make([]byte, 100<<10)})
	}
	if n := len(full.Take()); n != maxHeld/(100<<10) {
		t.Errorf("%d messages are held", n)
	}
	if ask := full.Announced(2, hashes(199, 1), now); len(ask) != 1 {
		t.Error("what had no room is not asked for again")
	}
}

// TestServedToOnePeerSeldom: a peer that asks for a message again and again is sent it a few times,
// also if it is offered again meanwhile; other peers are.
func TestServedToOnePeerSeldom(t *testing.T) {
	r := New()
	msg, hash := new(wire.MsgMixSecrets), hashes(1, 1)[0]
	served := 0
	for range 10 {
		r.Offer(1, hash, msg)
		if r.Serve(1, hash) != nil {
			served++
		}
	}
	if served != maxServed {
		t.Errorf("served %d times, want %d", served, maxServed)
	}
	if r.Offer(2, hash, msg); r.Serve(2, hash) == nil {
		t.Error("not served to another peer")
	}
}
