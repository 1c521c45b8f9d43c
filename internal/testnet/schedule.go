package testnet

import (
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// schedule determines when each block of a chain and of all its branches was found. A time
// depends on the height and the seed of the branch alone.
//
// Blocks are up to a few target times early, but the schedule itself never drifts: so the
// difficulty moves with every block and yet stays near the limit of the network. The older
// algorithm multiplies the errors of its windows and would drift towards ever more work,
// which is why blocks are later than intended where it applies.
type schedule struct {
	start  int64 // Unix seconds of block one
	target int64 // seconds between blocks
	anchor int64 // height from which on the schedule is exact
	gap    int64 // seconds of a gap that reduces the difficulty; zero if none can
	until  consensus.Height
}

// How early a block is at most, in target times, and how often a gap occurs on a network that
// makes an exception for it.
const (
	mostEarly = 2
	gapOneIn  = 64
)

// punctual is the number of blocks at the start of a chain that are exactly on time: the
// median of the few before them may be the newest.
const punctual = 11

func newSchedule(p *consensus.Params, start time.Time) schedule {
	s := schedule{
		start:  start.Unix(),
		target: int64(p.ChainParams.TargetTimePerBlock / time.Second),
		anchor: int64(p.ASERTAnchor),
		until:  p.MinDiffUntil,
	}
	//lint:ignore SA1019 the rule is part of the history of testnet
	if p.ChainParams.ReduceMinDifficulty {
		//lint:ignore SA1019 the same
		s.gap = 2 * int64(p.ChainParams.MinDiffReductionTime/time.Second)
	}
	return s
}

// at returns the time of the block at a height, in Unix seconds.
func (s *schedule) at(seed uint64, h consensus.Height) int64 {
	slow := min(int64(h), s.anchor) - 1
	t := s.start + (int64(h)-1)*s.target + slow*s.target/8
	if h <= punctual {
		return t
	}
	r := newStream(seed^0x74696d65, uint64(h))
	if s.gap > 0 && h < s.until && r.oneIn(gapOneIn) {
		return t + s.gap
	}
	return t - int64(r.below(mostEarly*int(s.target)+1))
}
