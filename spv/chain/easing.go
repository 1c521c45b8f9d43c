package chain

import (
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// easingBlocks is how many of the newest blocks are compared with the ones before them: a
// week's worth on the main network.
const easingBlocks = 2016

// Easing says how much less work the newest blocks of the main chain took than blocks
// before them.
type Easing struct {
	// Easiest is the block of the newest 2,016, or the one to come, whose target is
	// easiest by the measure of Hardest, the block before it with the hardest target,
	// back to the newest waypoint that the chain holds.
	Easiest, Hardest consensus.Height

	// Times is how many times easier its target is, rounded down; at least one.
	Times uint64
}

// prefixEase is the hardest target of the blocks from a height on up to a block.
type prefixEase struct {
	from     consensus.Height
	to       consensus.BlockID
	hardest  consensus.Height
	hardBits uint32
}

// Easing looks for the newest blocks of the staged main chain that took much less work
// than blocks before them did. The difficulty of DCP0011 follows timestamps alone. So a
// miner who leaves the chain some days below its tip and gives the next block the present
// time needs a small part of the work from then on; the target of the block to come
// is part of the comparison because the first block after the gap still costs all.
// Blocks with the algorithm before DCP0011 are compared with none after it.
//
// It is for the goroutine that writes. The error is one of the store.
func (c *Chain) Easing() (Easing, error) {
	tip := c.tip.Headers.Height
	from := c.lastWaypoint()
	if tip >= c.params.DCP0011 {
		from = max(from, c.params.DCP0011)
	}
	e := Easing{Times: 1, Easiest: tip, Hardest: tip}
	if tip < from || tip == 0 {
		return e, nil
	}
	from = max(from, 1)
	p := &c.ease
	p.findUpTo(&c.main, from, max(tip-easingBlocks, from))
	hardest, hardBits := p.hardest, p.hardBits
	for h := p.to.Height; h <= tip+1; h++ {
		bits := c.main.bitsOrNext(h)
		switch {
		case bits == 0:
		case bits < hardBits:
			hardest, hardBits = h, bits
		default:
			if times := consensus.TimesEasier(bits, hardBits); times > e.Times {
				e = Easing{Easiest: h, Hardest: hardest, Times: times}
			}
		}
	}
	return e, c.main.failed()
}

// TooEasy reports whether a chain with this easing may be a cheap imitation on a network.
func (e Easing) TooEasy(p *consensus.Params) bool { return p.MaxEasing > 0 && e.Times > p.MaxEasing }

// findUpTo finds the hardest target of the main chain between two heights. What was
// found before is used as far as the chain still has it.
func (p *prefixEase) findUpTo(main *mainView, from, to consensus.Height) {
	if p.from != from || p.to.Height > to || p.hardBits == 0 || !main.has(p.to) {
		*p = prefixEase{from: from, to: consensus.BlockID{Height: from}, hardest: from, hardBits: main.bitsOrNext(from)}
	}
	for h := p.to.Height; h <= to; h++ {
		if bits := main.bitsOrNext(h); bits != 0 && bits < p.hardBits {
			p.hardest, p.hardBits = h, bits
		}
	}
	p.to = consensus.BlockID{Height: to, Hash: main.hash(to)}
}

// bitsOrNext returns the target of a block of the main chain, or that of the block to
// come if it were found in time; zero if it is out of reach.
func (v *mainView) bitsOrNext(h consensus.Height) uint32 {
	if h <= v.tip.Headers.Height {
		header := v.At(h)
		if header == nil {
			return 0
		}
		return header.Bits()
	}
	if h <= v.params.DCP0011 {
		return 0 // its target does not follow the time of the block before
	}
	tip := v.At(h - 1)
	if tip == nil {
		return 0
	}
	return consensus.NextBits(v.params, v, h-1, tip.Timestamp()+int64(v.params.ChainParams.TargetTimePerBlock/time.Second))
}
