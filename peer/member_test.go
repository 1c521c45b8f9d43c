package peer

import (
	"context"
	"errors"
	"log/slog"
	"slices"
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
// answers, is not banned, and meanwhile gets fewer and fewer requests.
func TestStraggler(t *testing.T) {
	chain := peertest.NewChain(101)
	run(t, nil, []func(*peertest.Node){peertest.Silent, peertest.Good(chain)}, func(t *testing.T, b *bench) {
		mute := b.Infos()[slices.IndexFunc(b.Infos(), func(i Info) bool { return i.Addr == "a:1" })].ID
		others := []p2p.PeerID{b.Infos()[0].ID + b.Infos()[1].ID - mute}
		for range maxSilent {
			var wg sync.WaitGroup
			for range pick.FirstWindow {
				wg.Go(func() { b.CFilter(t.Context(), others, chain.Hashes[1]) })
			}
			wg.Wait()
		}
		synctest.Wait()
		if i := b.only(); i.ID == mute {
			t.Error("the silent peer is the one left")
		}
		if len(b.Bans()) != 0 {
			t.Errorf("silence banned: %v", b.Bans())
		}
		if warned := b.log.reasons(slog.LevelWarn); !slices.Equal(warned, []string{fault.Straggler.String()}) {
			t.Errorf("logged: %q", warned)
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
			ctx, cancel := context.WithTimeout(t.Context(), b.cfg.requestStall+time.Second)
			var wg sync.WaitGroup
			for range 2 * pick.FirstWindow {
				wg.Go(func() { b.CFilter(ctx, nil, chainhash.Hash{1}) })
			}
			synctest.Wait()
			if n := b.only().Requests; n != want {
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
		lacking, other := b.Infos()[0].ID, b.Infos()[1].ID
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

// TestDeparted checks that the addresses of the last connections are remembered.
func TestDeparted(t *testing.T) {
	var d departed
	for i := range p2p.PeerID(1000) {
		d.add(i+1, "a:"+string(rune('0'+i%10)))
	}
	if addr, ok := d.addr(1000); !ok || addr != "a:9" {
		t.Errorf("last: %q, %v", addr, ok)
	}
	for _, id := range []p2p.PeerID{0, 1, 1001} {
		if addr, ok := d.addr(id); ok {
			t.Errorf("id %d: %q", id, addr)
		}
	}
}
