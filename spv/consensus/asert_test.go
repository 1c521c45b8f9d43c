package consensus

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
)

func TestASERTEqualsStandalone(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, p := range []*Params{MainNet(), TestNet3(), SimNet()} {
		spacing, half := int64(p.ChainParams.TargetTimePerBlock/time.Second), p.ChainParams.WorkDiffV2HalfLifeSecs
		check := func(timeDelta, heightDelta int64) {
			t.Helper()
			got := asertBits(p, timeDelta, heightDelta)
			want := standalone.CalcASERTDiff(p.ChainParams.WorkDiffV2Blake3StartBits, p.ChainParams.PowLimit, spacing, timeDelta, heightDelta, half)
			if got != want {
				t.Fatalf("%s: %d s and %d blocks: got %08x, want %08x", p.ChainParams.Name, timeDelta, heightDelta, got, want)
			}
		}
		for _, blocks := range []int64{0, 1, 2, 144, 1_000_000, 1<<31 - 1} {
			for halves := int64(-300); halves <= 300; halves++ {
				for off := int64(-2); off <= 2; off++ {
					check(blocks*spacing+halves*half+off, blocks)
				}
			}
		}
		for range 20_000 {
			blocks := r.Int64N(1 << r.IntN(25))
			check(blocks*spacing+(r.Int64N(800*half)-400*half)>>r.IntN(12), blocks)
		}
		// So far off that the published function would shift by gigabits.
		const longest = 1<<32 - 1
		if got := asertBits(p, longest, 0); got != p.ChainParams.PowLimitBits {
			t.Errorf("%s: latest: got %08x, want %08x", p.ChainParams.Name, got, p.ChainParams.PowLimitBits)
		}
		if got := asertBits(p, -longest, 1<<31-1); got != 0x01010000 {
			t.Errorf("%s: earliest: got %08x, want the target of one", p.ChainParams.Name, got)
		}
	}
}

// TestASERTAnchor holds which block the schedule is counted from (DCP0011).
func TestASERTAnchor(t *testing.T) {
	for _, tt := range []struct {
		name   string
		p      *Params
		parent Height
		after  int64 // seconds from the anchor to the parent
		want   uint32
	}{
		{"simnet begins with the starting target", SimNet(), 0, 0, 0x207fffff},
		{"simnet counts from block one", SimNet(), 1, 0, 0x207fffff},
		{"mainnet counts from the parent of the first block", MainNet(), 794_367, 0, 0x1b00a5a6},
		{"mainnet halves in 144 blocks without time", MainNet(), 794_367 + 144, 0, 0x1a52d300},
		{"mainnet doubles in half a day too much", MainNet(), 794_367 + 144, 86_400, 0x1b014b4c},
		{"testnet counts from the parent of the first block", TestNet3(), 1_170_047, 0, 0x1e00ffff},
		{"testnet halves down to its cap", TestNet3(), 1_170_047 + 36, 0, 0x1d03ffff},
		{"testnet stays at its cap", TestNet3(), 1_170_047 + 42, 0, 0x1d03ffff},
	} {
		t.Run(tt.name, func(t *testing.T) {
			anchor := min(tt.p.ASERTAnchor, tt.parent)
			chain := &suffix{anchor, make([]Header, tt.parent-anchor+1)}
			for i := range chain.headers {
				chain.headers[i].put32(offHeight, uint32(anchor)+uint32(i))
				chain.headers[i].put32(offTimestamp, 1_700_000_000)
			}
			last := &chain.headers[len(chain.headers)-1]
			last.put32(offTimestamp, uint32(last.Timestamp()+tt.after))
			if got := NextBits(tt.p, chain, tt.parent, 0); got != tt.want {
				t.Errorf("got %08x, want %08x", got, tt.want)
			}
		})
	}
}
