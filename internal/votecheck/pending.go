package votecheck

import (
	"fmt"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// State is how far the verification of the votes for a block is.
type State int

// The states.
const (
	Queued            State = iota // its successor and tickets are to be fetched
	Waiting                        // the successor, which has the votes, is not mined yet
	SuccessorWithheld              // no peer has sent the successor
	TicketsWithheld                // no peer has sent blocks of tickets that could decide
	Judged                         // there is a verdict
)

// Code returns the state as programs read it: lower case with dashes, stable.
func (s State) Code() string {
	switch s {
	case Queued:
		return "queued"
	case Waiting:
		return "successor-not-mined"
	case SuccessorWithheld:
		return "successor-withheld"
	case TicketsWithheld:
		return "tickets-withheld"
	case Judged:
		return "judged"
	}
	return fmt.Sprintf("state-%d", int(s))
}

// sentence says what the verification of a block waits for; empty if it does not wait.
func (s State) sentence(block consensus.BlockID) string {
	switch s {
	case Waiting:
		return fmt.Sprintf("The votes for block %d are in block %d, which is not mined yet.", block.Height, block.Height+1)
	case SuccessorWithheld:
		return fmt.Sprintf("Whether block %d is voted for is not yet known: no peer has sent block %d, which has the votes.", block.Height, block.Height+1)
	case TicketsWithheld:
		return fmt.Sprintf("Whether block %d is voted for is not yet known: no peer has sent the blocks that tickets of its voters were bought in.", block.Height)
	}
	return ""
}

// Pauses until a withheld block is asked for again. They double.
const (
	firstPause = time.Minute
	lastPause  = time.Hour
)

// pending is a block that could not be judged yet, because of blocks that are withheld.
type pending struct {
	block, successor consensus.BlockID
	state            State
	partial          *row // what is known without the tickets that are withheld; or nil
	tries            int
	next             time.Time // when the blocks are asked for again
}

// fail counts a try and sets the time of the next.
func (p *pending) fail(state State, partial *row, now time.Time) {
	p.state, p.partial = state, partial
	p.next = now.Add(min(firstPause<<min(p.tries, 10), lastPause))
	p.tries++
}
