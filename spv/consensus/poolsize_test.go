package consensus

import (
	"math/rand/v2"
	"testing"
)

// TestPoolSizeBoundsHoldForTickets plays chains ticket by ticket and holds
// that the bounds always contain the number of live ones.
func TestPoolSizeBoundsHoldForTickets(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(19, seed))
		p := small("early")
		if seed%2 == 1 {
			p.DCP0009 = 60
		}
		chain := branch{p.Genesis()}
		var live []Height // heights at which the live tickets matured
		expiries := 0
		for height := Height(1); height < 200; height++ {
			var h Header
			h.put32(offHeight, uint32(height))
			h.put32(offPoolSize, uint32(len(live)))
			least, most, ok := NextPoolSize(p, chain, height-1)
			if size := int64(len(live)); !ok || size < least || size > most {
				t.Fatalf("seed %d: block %d: %d tickets, bounds %d to %d", seed, height, size, least, most)
			}
			expired := play(r, p, &h, &live)
			expiries += expired
			if matured := height - Height(p.ChainParams.TicketMaturity); int64(height) >= p.ChainParams.StakeEnabledHeight {
				for range chain[matured].freshStake() {
					live = append(live, height)
				}
			}
			chain = append(chain, h)
		}
		if expiries == 0 {
			t.Errorf("seed %d: no ticket expired", seed)
		}
	}
}

// play draws the tickets of a block, lets old ones expire, and sets the counts
// of the header. It returns how many expired.
func play(r *rand.Rand, p *Params, h *Header, live *[]Height) (expired int) {
	voters := 0
	if int64(h.Height()) >= p.ChainParams.StakeValidationHeight {
		for range p.ChainParams.TicketsPerBlock {
			i := r.IntN(len(*live))
			*live = append((*live)[:i], (*live)[i+1:]...)
		}
		voters = 3 + r.IntN(3)
	}
	kept := (*live)[:0]
	for _, matured := range *live {
		if h.Height()-matured >= Height(p.ChainParams.TicketExpiry) {
			expired++
		} else {
			kept = append(kept, matured)
		}
	}
	*live = kept
	h.put16(offVoters, uint16(voters))
	h[offRevocations] = byte(expired + int(drawn(p, h)) - voters)
	if int64(h.Height()) >= p.ChainParams.StakeEnabledHeight-int64(p.ChainParams.TicketMaturity) {
		h[offFreshStake] = byte(5 + r.IntN(4))
	}
	return expired
}

func TestPoolSizeOutOfReach(t *testing.T) {
	p := SimNet()
	chain := &suffix{base: 1000, headers: make([]Header, p.ChainParams.TicketMaturity)}
	if _, _, ok := NextPoolSize(p, chain, 1000+Height(p.ChainParams.TicketMaturity)-1); ok {
		t.Error("the block that maturing tickets were bought in is out of reach")
	}
}
