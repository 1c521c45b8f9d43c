package peer

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// TestSpread checks that peers which are good enough get even shares of the blocks
// however fast each of them is, and that others get none.
func TestSpread(t *testing.T) {
	peers := []candidate{
		{id: 1, window: 4, latency: 0.001, rate: 1e9},
		{id: 2, window: 4, latency: 0.1, rate: 1e8, pace: 0.001},
		{id: 3, window: 4, latency: 0.3, rate: 1e7, pace: 0.02},
		{id: 4, window: 4, latency: 0.1, rate: 1e9, silent: 3},
		{id: 5, window: 4, latency: 0.1, rate: 1e9, points: 50},
		{id: 6, window: 4, latency: 0.1, rate: 1e9, shunned: [conn.NumKinds]bool{conn.GetBlock: true}},
		{id: 7, window: 4, latency: 2, rate: 1e9},
		{id: 8, window: 4, latency: 0.1, rate: 1e5, pace: 1},
	}
	for range 600 {
		i := choose(peers, want{kind: conn.GetBlock, spread: true}, 1<<20)
		peers[i].blocks++
	}
	for i, want := range []int{200, 200, 200, 0, 0, 0, 0, 0} {
		if n := peers[i].blocks; n != want {
			t.Errorf("peer %d was asked for %d of 600 blocks, want %d", i+1, n, want)
		}
	}
}

// TestSpreadWithFullWindows simulates peers of random latencies, whose windows are full most
// of the time, and checks that none of those that are good enough is asked for more than
// twice its even share, and that all blocks are served.
func TestSpreadWithFullWindows(t *testing.T) {
	const blocks = 3000
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		peers := make([]candidate, 2+rnd.IntN(7))
		for i := range peers {
			peers[i] = candidate{id: p2p.PeerID(i + 1), window: 1 + rnd.IntN(32), latency: 0.005 + 0.4*rnd.Float64()}
		}
		type reply struct {
			at   float64
			from int
		}
		var line []reply
		now, asked := 0.0, 0
		for done := 0; done < blocks; done++ {
			for asked < blocks {
				i := choose(peers, want{kind: conn.GetBlock, spread: true}, 1<<20)
				if i < 0 {
					break
				}
				asked++
				peers[i].blocks++
				peers[i].requests++
				line = append(line, reply{now + peers[i].latency, i})
			}
			if len(line) == 0 {
				t.Fatalf("seed %d: nothing is asked for after %d of %d blocks", seed, done, blocks)
			}
			next := slices.IndexFunc(line, func(r reply) bool {
				return !slices.ContainsFunc(line, func(o reply) bool { return o.at < r.at })
			})
			now = line[next].at
			peers[line[next].from].requests--
			line = slices.Delete(line, next, next+1)
		}
		for i, p := range peers {
			if most := spreadShare*blocks/len(peers) + spreadStart; p.blocks > most {
				t.Errorf("seed %d: peer %d of %d was asked for %d of %d blocks: %+v", seed, i+1, len(peers), p.blocks, blocks, peers)
			}
		}
	}
}

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
		for _, i := range b.Infos() {
			if n := from[i.ID]; n > spreadShare*blocks/len(nodes)+spreadStart {
				t.Errorf("%s sent %d of %d blocks: %v", i.Addr, n, blocks, from)
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
		for _, i := range b.Infos() {
			if n := from[i.ID]; n < 5 || n > 20 {
				t.Errorf("peer %d sent %d of 40 blocks", i.ID, n)
			}
		}
	})
}
