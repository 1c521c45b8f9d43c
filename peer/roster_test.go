package peer

import (
	"errors"
	"testing"
)

// TestLive checks who is live, and the poke on every change.
func TestLive(t *testing.T) {
	chain := newTestChain(3)
	run(t, nil, []func(*node){good(chain), (*node).drain}, func(t *testing.T, b *bench) {
		<-b.Changed()
		heights := make(map[uint64]uint32)
		for id, height := range b.Live() {
			heights[id] = height
		}
		if len(heights) != 1 || heights[b.only().ID] != 100 {
			t.Errorf("live: %v", heights)
		}
		for range b.Live() {
			break // must not go on
		}
		b.Accuse(b.only().ID, errors.New("bad"))
		<-b.Changed()
	})
}

// TestBytesTotal checks that the bytes of all connections count, also of those that
// have ended.
func TestBytesTotal(t *testing.T) {
	chain := newTestChain(3)
	run(t, nil, []func(*node){good(chain), (*node).welcome}, func(t *testing.T, b *bench) {
		i := b.only()
		in, out := b.BytesTotal()
		if i.BytesReceived == 0 || in < 2*i.BytesReceived || out < 2*i.BytesSent {
			t.Errorf("totals %d and %d, one peer %d and %d", in, out, i.BytesReceived, i.BytesSent)
		}
	})
}
