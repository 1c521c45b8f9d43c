package prune_test

import (
	"context"
	"errors"
	"flag"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/prune"
	"github.com/spvd/spvd/internal/testnet/interrupt"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

var points = flag.Int("points", 0, "number of blocking points that the worker is struck at, zero for all")

// chain is a synced chain that grows by a day's blocks each hour, and its floor.
type chain struct {
	newest, floor consensus.Height
	busy          int // how often Prune says so
	p             *interrupt.Points
	asked         []consensus.Height
}

func (c *chain) synced(ctx context.Context) iter.Seq2[consensus.Height, consensus.Height] {
	return func(yield func(newest, floor consensus.Height) bool) {
		for yield(c.newest, c.floor) && wait.For(ctx, time.Hour) == nil {
			c.newest += 288
		}
	}
}

func (c *chain) prune(ctx context.Context, below consensus.Height) (consensus.Height, error) {
	if c.p != nil {
		if err := c.p.Pass(ctx, "prune"); err != nil {
			return 0, err
		}
	}
	if c.busy--; c.busy >= 0 {
		return c.floor, spv.ErrBusy
	}
	c.asked = append(c.asked, below)
	c.floor = below
	return below, nil
}

// keeper returns a keeper that answers with a height.
func keeper(name string, from *consensus.Height) prune.Keeper {
	return prune.Keeper{Name: name, From: func(context.Context) (consensus.Height, error) { return *from, nil }}
}

// serve runs a pruner for so many hours.
func serve(t *testing.T, c *chain, hours int, keepers ...prune.Keeper) {
	t.Helper()
	p, err := prune.New(prune.Config{Keepers: append([]prune.Keeper{}, keepers...), Synced: c.synced, Prune: c.prune})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(hours)*time.Hour+30*time.Minute)
	defer cancel()
	if err := p.Serve(ctx); err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

// TestKeepersVeto: nothing is deleted that a keeper needs, and nothing at all while one does not
// say what it needs; what all agree about is, but for what a reorganisation may need.
func TestKeepersVeto(t *testing.T) {
	never, low, high := consensus.Never, consensus.Height(700), consensus.Height(5000)
	silent := prune.Keeper{Name: "silent", From: func(ctx context.Context) (consensus.Height, error) {
		<-ctx.Done()
		return consensus.Never, context.Cause(ctx)
	}}
	broken := prune.Keeper{Name: "broken", From: func(context.Context) (consensus.Height, error) { return consensus.Never, errors.New("unreadable") }}
	for name, tc := range map[string]struct {
		keepers []prune.Keeper
		floor   consensus.Height
	}{
		"none":             {nil, 10_001 - spv.PruneDepth},
		"nothing needed":   {[]prune.Keeper{keeper("a", &never)}, 10_001 - spv.PruneDepth},
		"the lowest":       {[]prune.Keeper{keeper("a", &high), keeper("b", &low), keeper("c", &never)}, 700},
		"one is silent":    {[]prune.Keeper{keeper("a", &never), silent}, 0},
		"one is broken":    {[]prune.Keeper{broken, keeper("a", &never)}, 0},
		"one needs nearly": {[]prune.Keeper{keeper("a", ptr(200))}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &chain{newest: 10_000}
				serve(t, c, 0, tc.keepers...)
				if c.floor != tc.floor {
					t.Errorf("the floor is %d, want %d", c.floor, tc.floor)
				}
			})
		})
	}
}

func ptr(h consensus.Height) *consensus.Height { return &h }

// TestPruningGoesOn: as the chain grows, as keepers need less, and after the syncer was busy.
func TestPruningGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := consensus.Height(1000)
		c := &chain{newest: 5000, busy: 2}
		k := prune.Keeper{Name: "a", From: func(context.Context) (consensus.Height, error) {
			from += 100
			return from, nil
		}}
		serve(t, c, 40, k)
		for i := 1; i < len(c.asked); i++ {
			if c.asked[i]-c.asked[i-1] < 288 {
				t.Errorf("pruned below %v: a day at a time at least", c.asked)
			}
		}
		if len(c.asked) < 5 || c.floor > from || c.floor < from-600 {
			t.Errorf("pruned below %v, while from %d on filters were needed", c.asked, from)
		}
	})
}

// TestInterruptedAnywhere: whatever happens to the worker while it asks and prunes, it returns, and
// the next start prunes.
func TestInterruptedAnywhere(t *testing.T) {
	interrupt.Every(t, *points, []interrupt.Way{interrupt.Cancel, interrupt.Fail, interrupt.Kill},
		func(t *testing.T, _ string, p *interrupt.Points) {
			c := &chain{newest: 10_000, p: p}
			asked := prune.Keeper{Name: "a", From: func(ctx context.Context) (consensus.Height, error) {
				return consensus.Never, p.Pass(ctx, "ask")
			}}
			w, err := prune.New(prune.Config{Keepers: []prune.Keeper{asked}, Synced: c.synced, Prune: c.prune})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour+time.Second) // not when a pause ends
			defer cancel()
			p.OnCancel(cancel)
			err = w.Serve(ctx)
			failed := p.Way() == interrupt.Fail && p.Struck() == "prune"
			if failed != errors.Is(err, interrupt.ErrInjected) || !failed && err != nil {
				t.Errorf("struck at %q, Serve returned %v", p.Struck(), err)
			}
			if c.floor == 0 && p.Way() != interrupt.Cancel && !failed {
				t.Error("nothing was pruned")
			}
		})
}
