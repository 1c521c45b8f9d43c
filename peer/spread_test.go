package peer

import (
	"slices"
	"testing"
)

// TestSpread checks that peers get shares of the blocks that follow from how fast
// they are, and that a silent one gets none while others have room.
func TestSpread(t *testing.T) {
	peers := []candidate{
		{id: 1, window: 4, latency: 0.1, rate: 1e9},
		{id: 2, window: 4, latency: 0.1, rate: 1e9},
		{id: 3, window: 4, latency: 0.3, rate: 1e9},
		{id: 4, window: 4, latency: 0.1, rate: 1e9, silent: 3},
	}
	for range 700 {
		i := choose(peers, want{spread: true}, 1<<20)
		peers[i].blocks++
	}
	for i, share := range []struct{ least, most int }{{290, 300}, {290, 300}, {95, 110}, {0, 0}} {
		if n := peers[i].blocks; n < share.least || n > share.most {
			t.Errorf("peer %d was asked for %d of 700 blocks, want %d to %d", i+1, n, share.least, share.most)
		}
	}
}

// TestBlocksAreSpread checks that of peers that are alike each sends its share of
// the blocks.
func TestBlocksAreSpread(t *testing.T) {
	chain := newTestChain(5)
	run(t, nil, slices.Repeat([]func(*node){good(chain)}, 4), func(t *testing.T, b *bench) {
		from := make(map[uint64]int)
		for range 40 {
			_, id, err := b.Block(t.Context(), nil, chain.hashes[2])
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
