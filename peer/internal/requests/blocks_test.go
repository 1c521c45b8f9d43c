package requests

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// TestNoPeerSeesMostBlocks has honest peers with different latencies serve many blocks at
// a time, and checks that none sees more than twice its even share.
func TestNoPeerSeesMostBlocks(t *testing.T) {
	const blocks = 400
	chain := peertest.NewChain(2)
	var nodes []func(*peertest.Node)
	for _, d := range []time.Duration{time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond} {
		nodes = append(nodes, peertest.Slow(chain, d))
	}
	run(t, nil, nodes, func(t *testing.T, b *bench) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		from := make(map[p2p.PeerID]int)
		left := blocks
		for range 100 {
			wg.Go(func() {
				for {
					mu.Lock()
					left--
					stop := left < 0
					mu.Unlock()
					if stop {
						return
					}
					_, id, err := b.Block(t.Context(), nil, chain.Hashes[1])
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					from[id]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, p := range b.roster.Live() {
			if n := from[p.ID]; n > 2*blocks/len(nodes)+8 {
				t.Errorf("%s sent %d of %d blocks: %v", p.Addr, n, blocks, from)
			}
		}
	})
}

// TestBlocksAreSpread checks that of equal peers each sends its share of the blocks.
func TestBlocksAreSpread(t *testing.T) {
	chain := peertest.NewChain(5)
	run(t, nil, slices.Repeat([]func(*peertest.Node){peertest.Good(chain)}, 4), func(t *testing.T, b *bench) {
		from := make(map[p2p.PeerID]int)
		for range 40 {
			_, id, err := b.Block(t.Context(), nil, chain.Hashes[2])
			if err != nil {
				t.Fatal(err)
			}
			from[id]++
		}
		for id := p2p.PeerID(1); id <= 4; id++ {
			if n := from[id]; n < 5 || n > 20 {
				t.Errorf("peer %d sent %d of 40 blocks", id, n)
			}
		}
	})
}
