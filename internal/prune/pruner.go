package prune

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// keeperPatience is how long a keeper may take for its answer.
	keeperPatience = 10 * time.Second

	// step is how many filters are deleted at a time at least: those of a day.
	step consensus.Height = 288

	// retryPause is how long Serve waits after a veto before it asks again.
	retryPause = time.Minute
)

// Keeper is something that needs filters.
type Keeper struct {
	Name string

	// From returns the lowest height of a block whose filter is still needed, consensus.Never
	// for none. An error vetoes all: what is needed is not known. It returns one when ctx ends.
	From func(ctx context.Context) (consensus.Height, error)
}

// Config is what a Pruner is made from. All fields but Log are required.
type Config struct {
	// Keepers are asked before filters are deleted.
	Keepers []Keeper

	// Synced yields the height of the newest filter and the floor each time that the chain is
	// synced and one of them has changed, until ctx ends.
	Synced func(ctx context.Context) iter.Seq2[consensus.Height, consensus.Height]

	// Prune has the filters below a height deleted, or fewer, and returns the new floor. The
	// error is spv.ErrBusy while the sync has work to do.
	Prune func(ctx context.Context, below consensus.Height) (floor consensus.Height, err error)

	// Log takes what happens; nil drops it.
	Log *slog.Logger
}

// Pruner has filters deleted. Its Serve method does the work.
type Pruner struct{ cfg Config }

// New returns a pruner.
func New(cfg Config) (*Pruner, error) {
	if cfg.Keepers == nil || cfg.Synced == nil || cfg.Prune == nil {
		return nil, errors.New("prune: a required field of the configuration is missing")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Pruner{cfg}, nil
}

// Serve prunes until ctx ends, and then returns nil. After a veto it asks again, whether or not the
// chain has grown. The error is one of Prune.
func (p *Pruner) Serve(ctx context.Context) error {
	for newest, floor := range p.cfg.Synced(ctx) {
		for newest+1-spv.PruneDepth-floor >= step {
			err := p.prune(ctx, newest+1-spv.PruneDepth, floor)
			var veto *vetoed
			switch {
			case ctx.Err() != nil:
				return nil
			case err == nil:
			case !errors.As(err, &veto) && !errors.Is(err, spv.ErrBusy):
				return err
			default:
				p.cfg.Log.Debug("Filters are not deleted yet", "err", err)
				if wait.For(ctx, retryPause) != nil {
					return nil
				}
				continue
			}
			break
		}
	}
	return nil
}

// vetoed says which keeper has vetoed, and why.
type vetoed struct {
	keeper string
	err    error
}

func (v *vetoed) Error() string { return fmt.Sprintf("%s: %v", v.keeper, v.err) }

// prune has the filters deleted from the floor up to a height that nothing needs.
func (p *Pruner) prune(ctx context.Context, below, floor consensus.Height) error {
	for i := range p.cfg.Keepers {
		from, err := p.cfg.Keepers[i].ask(ctx)
		if err != nil {
			return err
		}
		if below = min(below, from); below-floor < step {
			return &vetoed{p.cfg.Keepers[i].Name, fmt.Errorf("filter %d is needed", from)}
		}
	}
	raised, err := p.cfg.Prune(ctx, below)
	if err != nil {
		return fmt.Errorf("prune filters below %d: %w", below, err)
	}
	p.cfg.Log.Info("Deleting filters that are not needed any longer", "from", floor, "below", raised)
	return nil
}

// ask returns the answer of a keeper; an error, also that of no answer in time, is a veto.
func (k *Keeper) ask(ctx context.Context) (from consensus.Height, err error) {
	ctx, cancel := context.WithTimeout(ctx, keeperPatience)
	defer cancel()
	if from, err = k.From(ctx); err != nil {
		return 0, &vetoed{k.Name, err}
	}
	return from, nil
}
