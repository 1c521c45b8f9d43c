package consensus

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// naivePriceV2 is the formula of DCP0001 on whole chains.
func naivePriceV2(p *Params, chain branch) int64 {
	next := int64(len(chain))
	tickets := func(blocks branch) *big.Int {
		if len(blocks) == 0 {
			return new(big.Int)
		}
		sum := int64(blocks.tip().PoolSize())
		for i := max(0, len(blocks)-int(p.ChainParams.TicketMaturity)); i < len(blocks); i++ {
			sum += int64(blocks[i].freshStake())
		}
		return big.NewInt(sum)
	}
	old := big.NewInt(chain.tip().sBits())
	before := tickets(chain[:max(0, len(chain)-int(p.ChainParams.StakeDiffWindowSize))])
	switch {
	case next <= int64(p.ChainParams.CoinbaseMaturity):
		return p.ChainParams.MinimumStakeDiff
	case next%p.ChainParams.StakeDiffWindowSize != 0, before.Sign() == 0:
		return old.Int64()
	}
	price := new(big.Int).Exp(tickets(chain), big.NewInt(2), nil)
	price.Mul(price, old).Div(price, before)
	price.Div(price, big.NewInt(int64(p.ChainParams.TicketsPerBlock)*int64(p.ChainParams.TicketPoolSize+p.ChainParams.TicketMaturity)))
	most := big.NewInt(naiveSupply(p, next) / int64(p.ChainParams.TicketPoolSize))
	if price.Cmp(most) > 0 {
		price = most
	}
	return max(price.Int64(), p.ChainParams.MinimumStakeDiff)
}

// naiveSupply adds the subsidies up block by block.
func naiveSupply(p *Params, height int64) int64 {
	supply, subsidy := int64(0), p.ChainParams.BaseSubsidy
	for h := int64(0); h <= height; h++ {
		if h > 0 && h%p.ChainParams.SubsidyReductionInterval == 0 {
			subsidy = subsidy * p.ChainParams.MulSubsidy / p.ChainParams.DivSubsidy
		}
		switch h {
		case 0:
		case 1:
			supply += p.ChainParams.BlockOneSubsidy()
		default:
			supply += subsidy
		}
	}
	return supply
}

// naivePriceV1 is the launch algorithm on whole chains.
func naivePriceV1(p *Params, chain branch) int64 {
	old := chain.tip().sBits()
	switch next := int64(len(chain)); {
	case next <= int64(p.ChainParams.CoinbaseMaturity)+1:
		return p.ChainParams.MinimumStakeDiff
	case next%p.ChainParams.StakeDiffWindowSize != 0:
		return old
	}
	full := int64(p.ChainParams.TicketsPerBlock) * int64(p.ChainParams.TicketPoolSize)
	var pools, buys []int64
	for i := range p.ChainParams.StakeDiffWindows {
		end := int64(len(chain)) - i*p.ChainParams.StakeDiffWindowSize
		begin := max(0, end-p.ChainParams.StakeDiffWindowSize)
		sum := int64(0)
		for h := begin; h < end; h++ {
			sum += int64(chain[h].freshStake())
		}
		buys = append(buys, max(1, sum))
		pools = append(pools, max(1, (int64(chain[begin].PoolSize())-full)*int64(p.ChainParams.TicketPoolSizeWeight)+full))
	}
	apply := func(factor *big.Int) int64 {
		b := new(big.Int).Mul(factor, big.NewInt(old))
		return limitPrice(old, b.Rsh(b, 32).Int64(), p.ChainParams.RetargetAdjustmentFactor)
	}
	byPool := apply(naiveAverage(pools, full, p.ChainParams.StakeDiffAlpha))
	byBuys := apply(naiveAverage(buys, p.ChainParams.StakeDiffWindowSize*int64(p.ChainParams.TicketsPerBlock), p.ChainParams.StakeDiffAlpha))

	over := func(a, b *big.Int) *big.Int { q := new(big.Int).Lsh(a, 32); return q.Div(q, b) }
	merged := over(over(big.NewInt(byBuys), big.NewInt(old)), over(big.NewInt(old), big.NewInt(byPool)))
	return max(apply(merged), p.ChainParams.MinimumStakeDiff)
}

func limitPrice(old, next, factor int64) int64 {
	if next == 0 || old/next > factor-1 {
		return old / factor
	}
	if next/old > factor-1 {
		return old * factor
	}
	return next
}

// staked returns a chain with random ticket counts and pool sizes, whose tip
// has a random price.
func staked(r *rand.Rand, p *Params, blocks int) branch {
	chain := branch{p.Genesis()}
	mean := r.Int64N(3 * int64(p.ChainParams.TicketsPerBlock) * int64(p.ChainParams.TicketPoolSize) / 2)
	most := 1 + r.IntN(int(p.ChainParams.MaxFreshStakePerBlock)+1)
	for i := 1; i < blocks; i++ {
		var h Header
		h.put32(offHeight, uint32(i))
		h[offFreshStake] = byte(r.IntN(most))
		h.put32(offPoolSize, uint32(mean+r.Int64N(mean/8+1)))
		h.put64(offSBits, p.ChainParams.MinimumStakeDiff+r.Int64N(1<<(10+r.IntN(32))))
		chain = append(chain, h)
	}
	return chain
}

func TestPricesEqualTwins(t *testing.T) {
	for _, tt := range []struct {
		name  string
		twin  func(*Params, branch) int64
		since Height // of DCP0001
	}{
		{"DCP0001", naivePriceV2, 0},
		{"launch", naivePriceV1, Never},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(13, 14))
			for _, p := range []*Params{SimNet(), TestNet3()} {
				p.DCP0001 = tt.since
				changed := 0
				for range 400 {
					windows := r.IntN(int(p.ChainParams.StakeDiffWindows) + 3)
					chain := staked(r, p, 1+windows*int(p.ChainParams.StakeDiffWindowSize)+r.IntN(2)*(int(p.ChainParams.StakeDiffWindowSize)-1))
					got, want := NextSBits(p, chain, chain.tip().Height()), tt.twin(p, chain)
					if got != want {
						t.Fatalf("%s: after block %d: got %d, want %d", p.ChainParams.Name, chain.tip().Height(), got, want)
					}
					if got != p.ChainParams.MinimumStakeDiff && got != chain.tip().sBits() {
						changed++
					}
				}
				if changed < 50 {
					t.Errorf("%s: only %d prices differ from their parents'", p.ChainParams.Name, changed)
				}
			}
		})
	}
}

// TestSupplyEqualsTwin walks the edges of the reduction intervals.
func TestSupplyEqualsTwin(t *testing.T) {
	for _, p := range []*Params{MainNet(), TestNet3(), SimNet()} {
		for _, height := range []int64{0, 1, 2, 3, 100} {
			for _, off := range []int64{-1, 0, 1} {
				h := max(0, height*p.ChainParams.SubsidyReductionInterval+off)
				if got, want := estimateSupply(p, h, math.MaxInt64), naiveSupply(p, h); got != want {
					t.Errorf("%s: height %d: got %d, want %d", p.ChainParams.Name, h, got, want)
				}
			}
		}
	}
}

func TestPriceAlgorithmsChangeAtDCP0001(t *testing.T) {
	p := SimNet()
	p.DCP0001 = 64 // where a window begins
	chain := staked(rand.New(rand.NewPCG(45, 46)), p, 100)
	for parent := Height(55); parent < 80; parent += 8 {
		v1, v2 := nextPriceV1(p, chain, &chain[parent]), nextPriceV2(p, chain, &chain[parent])
		want := v1
		if parent+1 >= p.DCP0001 {
			want = v2
		}
		if got := NextSBits(p, chain, parent); got != want || v1 == v2 {
			t.Errorf("block %d: got %d, of %d and %d", parent+1, got, v1, v2)
		}
	}
}
