package chain

import (
	"time"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// State says how far a chain goes.
type State struct {
	// Tip is the newest block of the main chain and TipTime its timestamp.
	Tip     consensus.BlockID
	TipTime time.Time

	// Work is the expected number of hashes that the chain up to Tip took,
	// genesis block included.
	Work uint256.Uint256

	// Filters is the newest block whose filter is there, and the filters of
	// all blocks before it are. It is at or below Tip.
	Filters consensus.BlockID

	// EarlyProven is true if all filters below DCP0005 are there and hash to the known
	// value: only all of them together can be proven. It is true from the start on
	// networks where there are none. If it is false with Filters at DCP0005 or above,
	// they are there, and not the known ones.
	EarlyProven bool

	// EnoughWork is true if the chain has at least the work that the network
	// is known to have. Below it the chain may be a cheap imitation.
	EnoughWork bool
}

// newState returns the state that a tip stands for.
func newState(p *consensus.Params, t *storeTip, earlyProven bool, tip *consensus.Header) State {
	return State{
		Tip:         t.headers,
		TipTime:     tip.Time(),
		Work:        t.work,
		Filters:     t.filters,
		EarlyProven: earlyProven,
		EnoughWork:  consensus.EnoughWork(p, t.work),
	}
}
