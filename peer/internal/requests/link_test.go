package requests

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/spv/p2p"
)

// TestStraggler checks that a peer which answers nothing is disconnected when another one
// answers, as a straggler, which bans no host.
func TestStraggler(t *testing.T) {
	chain := peertest.NewChain(101)
	run(t, nil, []func(*peertest.Node){peertest.Silent, peertest.Good(chain)}, func(t *testing.T, b *bench) {
		const mute = 1
		others := []p2p.PeerID{2}
		for range maxSilent {
			var wg sync.WaitGroup
			for range pick.FirstWindow {
				wg.Go(func() { b.CFilter(t.Context(), others, chain.Hashes[1]) })
			}
			wg.Wait()
		}
		synctest.Wait()
		if _, ended := b.endings(); len(ended) != 1 || ended[mute] != fault.Straggler {
			t.Errorf("connections have ended: %v", ended)
		}
	})
}

// TestSilentAlone checks that the only peer is kept although it answers nothing: it may lack
// the requested data, and there is none better.
func TestSilentAlone(t *testing.T) {
	run(t, nil, []func(*peertest.Node){peertest.Silent}, func(t *testing.T, b *bench) {
		id := b.only().ID
		for range 2 * maxSilent {
			if _, _, err := b.CFilter(t.Context(), nil, chainhash.Hash{1}); !errors.Is(err, fault.Timeout) {
				t.Error(err)
			}
		}
		if b.only().ID != id {
			t.Error("the peer was disconnected")
		}
	})
}

// TestSilencePeriods checks that requests which got no reply together are one period of
// silence, each of which halves the requests that may be in flight.
func TestSilencePeriods(t *testing.T) {
	run(t, nil, []func(*peertest.Node){peertest.Silent}, func(t *testing.T, b *bench) {
		for _, want := range []int{pick.FirstWindow, pick.FirstWindow / 2, 1, 1} {
			ctx, cancel := context.WithTimeout(t.Context(), b.deps.Stall+time.Second)
			var wg sync.WaitGroup
			for range 2 * pick.FirstWindow {
				wg.Go(func() { b.CFilter(ctx, nil, chainhash.Hash{1}) })
			}
			synctest.Wait()
			if n := b.inFlight(); n != want {
				t.Errorf("%d requests in flight, want %d", n, want)
			}
			wg.Wait() // the context ends those that waited, before they make a period
			cancel()
		}
	})
}

// TestSilenceForgiven checks that a peer which sometimes lacks the requested data, and
// answers in between, is no straggler.
func TestSilenceForgiven(t *testing.T) {
	chain := peertest.NewChain(10)
	run(t, nil, []func(*peertest.Node){peertest.Good(chain), peertest.Good(chain)}, func(t *testing.T, b *bench) {
		const lacking, other = 1, 2
		for range 2 * maxSilent {
			if _, _, err := b.CFilter(t.Context(), []p2p.PeerID{other}, chainhash.Hash{1}); !errors.Is(err, fault.Timeout) {
				t.Error(err)
			}
			if _, from, err := b.CFilter(t.Context(), []p2p.PeerID{other}, chain.Hashes[1]); err != nil || from != lacking {
				t.Errorf("asked %d: %v", from, err)
			}
		}
	})
}

// TestSilentIsAvoided checks that after one silence the other peers are preferred.
func TestSilentIsAvoided(t *testing.T) {
	chain := peertest.NewChain(101)
	run(t, nil, []func(*peertest.Node){peertest.Silent, peertest.Slow(chain, time.Millisecond)}, func(t *testing.T, b *bench) {
		failed := 0
		for range 100 {
			if _, _, err := b.CFilter(t.Context(), nil, chain.Hashes[1]); err != nil {
				failed++
			}
		}
		if failed > 1 {
			t.Errorf("%d of 100 requests went to the silent peer", failed)
		}
	})
}
