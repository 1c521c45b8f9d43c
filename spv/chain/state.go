package chain

import (
	"time"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/store"
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
	// all blocks from Floor on before it are. It is at or below Tip.
	Filters consensus.BlockID

	// Floor is the height of the first filter that is kept: zero if all are. It is one
	// above Filters if there is none yet.
	Floor consensus.Height

	// Above are filters that are there above Filters after a gap, since the floor was
	// lowered. Once Filters reaches them, it is their last block.
	Above Span

	// EarlyProven is true if all filters below DCP0005 have been there and hash to the
	// known value: only all of them together can be proven. It is true from the start on
	// networks where there are none, and while Floor is DCP0005 or above. If it is false
	// with Filters at DCP0005 or above, they are there, and not the known ones.
	EarlyProven bool

	// EnoughWork is true if the chain has at least the work that the network
	// is known to have. Below it the chain may be a cheap imitation.
	EnoughWork bool
}

// Span is a run of blocks of the main chain. The zero value is none.
type Span struct {
	First consensus.Height
	Last  consensus.BlockID
}

// Any reports whether there is a block in it.
func (s Span) Any() bool { return s != Span{} }

// NewestFilter returns the newest block whose filter is there, above a gap too.
func (s *State) NewestFilter() consensus.BlockID {
	if s.Above.Any() {
		return s.Above.Last
	}
	return s.Filters
}

// newState returns the state that a tip stands for.
func newState(p *consensus.Params, t *store.Tip, earlyProven bool, tip *consensus.Header) State {
	return State{
		Tip:         t.Headers,
		TipTime:     tip.Time(),
		Work:        t.Work,
		Filters:     t.Filters,
		Floor:       t.Floor,
		Above:       Span(t.Above),
		EarlyProven: earlyProven,
		EnoughWork:  consensus.EnoughWork(p, t.Work),
	}
}
