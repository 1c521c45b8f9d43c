package remembered

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

func numbered(from, to consensus.Height) []Block {
	var list []Block
	for h := from; h <= to; h++ {
		list = append(list, Block{consensus.BlockID{Height: h, Hash: chainhash.Hash{byte(h), byte(h >> 8), byte(h >> 16)}}, uint32(h)})
	}
	return list
}

func TestKeep(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	list := numbered(0, 0)
	tip := consensus.Height(0)
	for tip < 20_000 {
		n := 1 + consensus.Height(rng.IntN(2000))
		list = Keep(list, numbered(tip+1, tip+n), Dense, tip+n)
		tip += n
		var want []consensus.Height
		for h := range tip + 1 {
			if h > tip-Dense && h > tip-n || h%sparse == 0 {
				want = append(want, h)
			}
		}
		for _, h := range want {
			if b, ok := At(list, h); !ok || b != numbered(h, h)[0] {
				t.Fatalf("tip %d: block %d is forgotten", tip, h)
			}
		}
		if len(list) > Dense+1+int(tip/sparse) {
			t.Fatalf("tip %d: %d blocks are kept", tip, len(list))
		}
		if !slices.IsSortedFunc(list, func(a, b Block) int { return int(a.Height - b.Height) }) {
			t.Fatal("out of order")
		}
	}
}

func TestLocatorIsDenseThenSparse(t *testing.T) {
	list := Keep(numbered(0, 0), numbered(1, 50_000), Dense, 50_000)
	ids := Locate(list, 50_000)
	for i := range Dense {
		if ids[i].Height != consensus.Height(50_000-i) {
			t.Fatalf("entry %d is %d", i, ids[i].Height)
		}
	}
	if last := ids[len(ids)-1]; last.Height != 0 || len(ids) > Dense+20 {
		t.Fatalf("%d entries down to %d", len(ids), last.Height)
	}
	for i := 1; i < len(ids); i++ {
		if ids[i].Height >= ids[i-1].Height {
			t.Fatalf("entries %d and %d are %d and %d", i-1, i, ids[i-1].Height, ids[i].Height)
		}
	}
	if got := Locate(list, 0); len(got) != 1 || got[0].Height != 0 {
		t.Fatalf("at genesis: %v", got)
	}
}
