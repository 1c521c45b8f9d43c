package consensus

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
)

// naiveAverage is the weighted average of both launch algorithms as they are
// defined: Σ 2^(α(n−i)) × floor(2^32 × num_i / den) / Σ 2^(α(n−i)), newest
// first, rounded down.
func naiveAverage(nums []int64, den, alpha int64) *big.Int {
	sum, weights := new(big.Int), new(big.Int)
	for i, num := range nums {
		shift := uint(int64(len(nums)-i) * alpha)
		quotient := new(big.Int).Lsh(big.NewInt(num), 32)
		quotient.Div(quotient, big.NewInt(den))
		sum.Add(sum, quotient.Lsh(quotient, shift))
		weights.Add(weights, new(big.Int).Lsh(big.NewInt(1), shift))
	}
	return sum.Div(sum, weights)
}

// naiveEMA is the target at the end of a window, from its definition.
func naiveEMA(p *Params, chain branch) uint32 {
	span := int64(p.ChainParams.TargetTimespan / time.Second)
	var took []int64
	for end, i := len(chain)-1, int64(0); i < p.ChainParams.WorkDiffWindows; i++ {
		begin := max(end-int(p.ChainParams.WorkDiffWindowSize), 0)
		if begin == 0 {
			took = append(took, span)
		} else {
			took = append(took, chain[end].Timestamp()-chain[begin].Timestamp())
		}
		end = begin
	}
	old := standalone.CompactToBig(chain.tip().Bits())
	factor := big.NewInt(p.ChainParams.RetargetAdjustmentFactor)
	least, most := new(big.Int).Div(old, factor), new(big.Int).Mul(old, factor)
	next := naiveAverage(took, span, p.ChainParams.WorkDiffAlpha)
	next.Mul(next, old).Rsh(next, 32)
	switch {
	case next.Sign() == 0:
		next = p.ChainParams.PowLimit
	case next.Cmp(most) > 0:
		next = most
	case next.Cmp(least) < 0:
		next = least
	}
	if next.Cmp(p.ChainParams.PowLimit) > 0 {
		next = p.ChainParams.PowLimit
	}
	return standalone.BigToCompact(next)
}

// timed returns a chain of the given number of blocks with random times, the
// tip having the given target.
func timed(r *rand.Rand, p *Params, blocks int, bits uint32) branch {
	chain := branch{p.Genesis()}
	spread := int64(1) << r.IntN(12)
	for i := 1; i < blocks; i++ {
		var h Header
		h.put32(offHeight, uint32(i))
		gap := r.Int64N(2*spread*int64(p.ChainParams.TargetTimePerBlock/time.Second)) / max(1, r.Int64N(spread))
		h.put32(offTimestamp, uint32(chain[i-1].Timestamp()+gap-r.Int64N(4)))
		h.put32(offBits, bits)
		chain = append(chain, h)
	}
	return chain
}

func TestEMAEqualsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, p := range []*Params{MainNet(), TestNet3(), SimNet()} {
		p.DCP0011, p.MinDiffUntil = Never, Never
		window := int(p.ChainParams.WorkDiffWindowSize)
		results := make(map[uint32]bool)
		for range 300 {
			bits := standalone.BigToCompact(new(big.Int).Rsh(p.ChainParams.PowLimit, uint(r.IntN(250))))
			chain := timed(r, p, window*(1+r.IntN(int(p.ChainParams.WorkDiffWindows)+3)), bits)
			got, want := NextBits(p, chain, chain.tip().Height(), 0), naiveEMA(p, chain)
			if got != want {
				t.Fatalf("%s: %d blocks of target %08x: got %08x, want %08x", p.ChainParams.Name, len(chain), bits, got, want)
			}
			results[got] = true
		}
		if len(results) < 100 {
			t.Errorf("%s: only %d different targets", p.ChainParams.Name, len(results))
		}
	}
}

func TestEMAKeepsTargetWithinWindow(t *testing.T) {
	p := MainNet()
	chain := timed(rand.New(rand.NewPCG(11, 12)), p, 3*144, 0x1a0fffff)
	for height := Height(144); height < 3*144-1; height++ {
		if (height+1)%144 == 0 {
			continue
		}
		if got := NextBits(p, chain, height, 0); got != 0x1a0fffff {
			t.Fatalf("after block %d: got %08x", height, got)
		}
	}
}

// TestReducedDifficulty holds the exception of the test network at its edges.
func TestReducedDifficulty(t *testing.T) {
	p := TestNet3()
	const usual, least = 0x1c012345, 0x1e00ffff
	for _, tt := range []struct {
		name   string
		base   Height
		bits   []uint32 // the targets up to the parent
		gap    int64    // between them, in seconds
		late   int64    // of the child, in seconds after the parent
		target uint32
	}{
		{"in time", 1000, []uint32{usual, usual}, 1, 600, usual},
		{"late", 1000, []uint32{usual, usual}, 1, 601, least},
		{"after late ones", 1000, []uint32{usual, least, least}, 601, 1, usual},
		{"after ones in time", 1000, []uint32{least, least}, 600, 1, least},
		{"after the end of a window", 1006, []uint32{usual, least, least}, 601, 1, usual},
		{"not beyond the range of windows", 2879, []uint32{usual, least, least}, 601, 1, least},
		{"last height in time", 962_924, []uint32{usual, usual, least}, 601, 1, usual},
		{"last height late", 962_924, []uint32{usual, usual, usual}, 1, 601, least},
		{"no more", 962_929, []uint32{usual, usual, usual}, 1, 601, usual},
		{"out of reach", 1000, []uint32{least, least}, 601, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			chain := &suffix{base: tt.base}
			now := int64(1_600_000_000)
			for i, bits := range tt.bits {
				now += tt.gap
				var h Header
				h.put32(offHeight, uint32(tt.base)+uint32(i))
				h.put32(offBits, bits)
				h.put32(offTimestamp, uint32(now))
				chain.headers = append(chain.headers, h)
			}
			parent := tt.base + Height(len(tt.bits)) - 1
			if got := NextBits(p, chain, parent, now+tt.late); got != tt.target {
				t.Errorf("got %08x, want %08x", got, tt.target)
			}
		})
	}
}

// TestCapOnDifficulty holds that the cap of the test network begins with the
// window at MinDiffUntil, however fast the blocks before came.
func TestCapOnDifficulty(t *testing.T) {
	p := TestNet3()
	for next, want := range map[Height]uint32{
		p.MinDiffUntil - 144: 0x1d010000,
		p.MinDiffUntil:       0x1d03ffff,
		p.MinDiffUntil + 144: 0x1d03ffff,
	} {
		chain := &suffix{base: next - 2881, headers: make([]Header, 2881)}
		for i := range chain.headers {
			chain.headers[i].put32(offHeight, uint32(chain.base)+uint32(i))
			chain.headers[i].put32(offBits, 0x1d040000)
			chain.headers[i].put32(offTimestamp, 1_600_000_000+uint32(i))
		}
		if got := NextBits(p, chain, next-1, 1_600_003_000); got != want {
			t.Errorf("block %d: got %08x, want %08x", next, got, want)
		}
	}
}

// naiveReduced is the exception of the test network as it is defined, for
// blocks between retargets.
func naiveReduced(p *Params, chain branch, time int64) uint32 {
	if time > chain.tip().Timestamp()+600 {
		return p.ChainParams.PowLimitBits
	}
	for i := len(chain) - 1; ; i-- {
		if i%(144*20) == 0 || chain[i].Bits() != p.ChainParams.PowLimitBits {
			return chain[i].Bits()
		}
	}
}

// TestReducedDifficultyEqualsTwin grows chains that hover about the minimum.
func TestReducedDifficultyEqualsTwin(t *testing.T) {
	p := TestNet3()
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(39, seed))
		chain := branch{p.Genesis()}
		for len(chain) < 6200 {
			gap := 1 + r.Int64N(230)
			if r.IntN(12) == 0 {
				gap = 590 + r.Int64N(20)
			}
			var h Header
			h.put32(offHeight, uint32(len(chain)))
			h.put32(offTimestamp, uint32(chain.tip().Timestamp()+gap))
			bits := NextBits(p, chain, chain.tip().Height(), h.Timestamp())
			if len(chain)%144 != 0 {
				if want := naiveReduced(p, chain, h.Timestamp()); bits != want {
					t.Fatalf("seed %d: block %d: got %08x, want %08x", seed, len(chain), bits, want)
				}
			}
			h.put32(offBits, bits)
			chain = append(chain, h)
		}
	}
}
