package pick

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/spv/p2p"
)

// TestSpread checks that peers which are good enough get even shares of the blocks
// however fast each of them is, and that others get none.
func TestSpread(t *testing.T) {
	peers := []Candidate{
		{ID: 1, Window: 4, Latency: 0.001, Rate: 1e9},
		{ID: 2, Window: 4, Latency: 0.1, Rate: 1e8, Pace: 0.001},
		{ID: 3, Window: 4, Latency: 0.3, Rate: 1e7, Pace: 0.02},
		{ID: 4, Window: 4, Latency: 0.1, Rate: 1e9, Silent: 3},
		{ID: 5, Window: 4, Latency: 0.1, Rate: 1e9, Points: 50},
		{ID: 6, Window: 4, Latency: 0.1, Rate: 1e9, Shunned: [conn.NumKinds]bool{conn.GetBlock: true}},
		{ID: 7, Window: 4, Latency: 2, Rate: 1e9},
		{ID: 8, Window: 4, Latency: 0.1, Rate: 1e5, Pace: 1},
	}
	for range 600 {
		i := Choose(peers, Want{Kind: conn.GetBlock, Spread: true}, 1<<20)
		peers[i].Blocks++
	}
	for i, want := range []int{200, 200, 200, 0, 0, 0, 0, 0} {
		if n := peers[i].Blocks; n != want {
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
		peers := make([]Candidate, 2+rnd.IntN(7))
		for i := range peers {
			peers[i] = Candidate{ID: p2p.PeerID(i + 1), Window: 1 + rnd.IntN(32), Latency: 0.005 + 0.4*rnd.Float64()}
		}
		type reply struct {
			at   float64
			from int
		}
		var line []reply
		now, asked := 0.0, 0
		for done := 0; done < blocks; done++ {
			for asked < blocks {
				i := Choose(peers, Want{Kind: conn.GetBlock, Spread: true}, 1<<20)
				if i < 0 {
					break
				}
				asked++
				peers[i].Blocks++
				peers[i].Requests++
				line = append(line, reply{now + peers[i].Latency, i})
			}
			if len(line) == 0 {
				t.Fatalf("seed %d: nothing is asked for after %d of %d blocks", seed, done, blocks)
			}
			next := slices.IndexFunc(line, func(r reply) bool {
				return !slices.ContainsFunc(line, func(o reply) bool { return o.at < r.at })
			})
			now = line[next].at
			peers[line[next].from].Requests--
			line = slices.Delete(line, next, next+1)
		}
		for i, p := range peers {
			if most := spreadShare*blocks/len(peers) + spreadStart; p.Blocks > most {
				t.Errorf("seed %d: peer %d of %d was asked for %d of %d blocks: %+v", seed, i+1, len(peers), p.Blocks, blocks, peers)
			}
		}
	}
}
