package peer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// TestLive checks which peers are live, and the poke on every change.
func TestLive(t *testing.T) {
	chain := peertest.NewChain(3)
	run(t, nil, []func(*peertest.Node){peertest.Good(chain), (*peertest.Node).Drain}, func(t *testing.T, b *bench) {
		<-b.Changed()
		heights := make(map[p2p.PeerID]uint32)
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
	chain := peertest.NewChain(3)
	run(t, nil, []func(*peertest.Node){peertest.Good(chain), (*peertest.Node).Welcome}, func(t *testing.T, b *bench) {
		i := b.only()
		in, out := b.BytesTotal()
		if i.BytesReceived == 0 || in < 2*i.BytesReceived || out < 2*i.BytesSent {
			t.Errorf("totals %d and %d, one peer %d and %d", in, out, i.BytesReceived, i.BytesSent)
		}
	})
}

// TestDialling checks that a connection is being made until its peer is live or the dial
// has failed.
func TestDialling(t *testing.T) {
	const late = 5 * time.Second
	slow := func(n *peertest.Node) {
		<-time.After(late)
		n.Welcome()
		n.Drain()
	}
	run(t, nil, []func(*peertest.Node){peertest.Good(peertest.NewChain(2)), slow, nil}, func(t *testing.T, b *bench) {
		count := func() (live int) {
			for range b.Live() {
				live++
			}
			return live
		}
		if !b.Dialling() || count() != 1 {
			t.Errorf("dialling %v with %d live peers", b.Dialling(), count())
		}
		for range 20 {
			<-time.After(late / 10)
			synctest.Wait()
			dialling := b.Dialling() // read before the live peers
			if live := count(); dialling == (live == 2) {
				t.Errorf("dialling %v with %d live peers", dialling, live)
			}
		}
	})
}

// TestHost checks that a connected peer has a host, and no other one.
func TestHost(t *testing.T) {
	run(t, nil, []func(*peertest.Node){peertest.Good(peertest.NewChain(2))}, func(t *testing.T, b *bench) {
		if got := b.Host(b.only().ID); got == "" || b.Host(b.only().ID+1) != "" {
			t.Errorf("the only peer is at %q, another one at %q", got, b.Host(b.only().ID+1))
		}
	})
}
