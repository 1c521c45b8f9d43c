package spv

import (
	"context"
	"errors"

	"github.com/spvd/spvd/spv/consensus"
)

// ErrBusy says that filters cannot be pruned now: the sync has work to do.
var ErrBusy = errors.New("the sync has work to do")

// PruneDepth is how many of the newest filters are never pruned: a reorganisation may need them.
const PruneDepth consensus.Height = 2016

// pruning is a call of Prune that waits for the loop.
type pruning struct {
	below consensus.Height
	done  chan<- pruned
}

// pruned is what Prune returns.
type pruned struct {
	floor consensus.Height
	err   error
}

// Prune raises the floor of the filters up to a height, but never into the newest PruneDepth ones,
// and returns where it is then. Those below do not count any longer once that is durable, and are
// deleted after that, a part with each write, between which blocks are written. It is for a program
// that knows what else needs filters. A wallet that comes to need them again has them fetched.
//
// The error is ErrBusy while the sync has work to do: not all filters are there, or a wallet is
// being searched for. It waits while the run opens the store or imports a snapshot, until ctx ends,
// whose cause is the error then. It is ErrNotInitialised before the store is open, or that of the store.
func (s *Syncer) Prune(ctx context.Context, below consensus.Height) (floor consensus.Height, err error) {
	if _, err := s.Chain(); err != nil {
		return 0, err
	}
	done := make(chan pruned, 1)
	select {
	case s.prunings <- pruning{below, done}:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	select {
	case p := <-done:
		return p.floor, p.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// prune raises the floor as far as it may be raised. The error ends the run.
func (l *loop) prune(p pruning) error {
	below := min(p.below, l.staged.Filters.Height+1-PruneDepth)
	switch {
	case l.display.status.Phase != Following || !l.filters.Idle() || l.staged.Filters != l.staged.Tip || !l.scan.Done(),
		l.staged.Above.Any(), below < l.cfg.Params.DCP0005 && !l.staged.EarlyProven:
		p.done <- pruned{l.staged.Floor, ErrBusy}
		return nil
	case below <= l.staged.Floor:
		p.done <- pruned{l.staged.Floor, nil}
		return nil
	}
	err := l.raiseFloor(below)
	p.done <- pruned{l.staged.Floor, err}
	return err
}
