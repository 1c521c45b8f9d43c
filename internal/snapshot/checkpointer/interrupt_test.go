package checkpointer

import (
	"context"
	"flag"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/interrupt"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

var points = flag.Int("points", 4, "number of blocking points that the worker is struck at, zero for all")

// pointed is a fake whose reads are blocking points.
type pointed struct {
	*fake
	p *interrupt.Points
}

func (f pointed) Scan(from, to consensus.Height, fn func(id consensus.BlockID, h *consensus.Header, filter []byte) error) error {
	if err := f.p.Do("scan"); err != nil {
		return err
	}
	return f.fake.Scan(from, to, fn)
}

// TestInterruptedAnywhere: whatever happens to the worker while it reads the chain and writes,
// lists, replaces and removes files, the status says so, nothing stays open or runs, and the
// snapshot is right in the end: the one of the last chain, after a reorganisation.
func TestInterruptedAnywhere(t *testing.T) {
	before := generate(t, 700)
	after := before.Grow(testnet.Branch{At: 300, Seed: 7, Blocks: 400})
	interrupt.Every(t, *points, []interrupt.Way{interrupt.Cancel, interrupt.Fail, interrupt.Kill},
		func(t *testing.T, dir string, p *interrupt.Points) {
			f := pointed{newFake(before, 700), p}
			said := ""
			var mu sync.Mutex
			c, err := New(Config{
				Params: before.Params(), Dir: filepath.Join(dir, "snapshot"), Before: p.Do,
				Chain: func() (Chain, error) { return f, p.Do("open the chain") },
				Changes: func(ctx context.Context) iter.Seq[consensus.BlockID] {
					return func(yield func(consensus.BlockID) bool) {
						for yield(consensus.BlockID{}) && wait.For(ctx, time.Minute) == nil {
						}
					}
				},
				Warn: func(list ...spv.Warning) {
					mu.Lock()
					defer mu.Unlock()
					for _, w := range list {
						said += w.Text
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			p.OnCancel(cancel)
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := c.Serve(ctx); err != nil {
					t.Errorf("Serve returned %v", err)
				}
			})
			reached := reach(ctx, c, before)
			if reached {
				f.mu.Lock()
				f.chain = after
				f.mu.Unlock()
				reached = reach(ctx, c, after)
			}
			began := time.Now()
			cancel()
			wg.Wait()
			if took := time.Since(began); took > time.Second {
				t.Errorf("Serve returned after %v", took)
			}
			if what := p.Struck(); !reached && p.Way() != interrupt.Cancel {
				t.Errorf("the snapshot is not written: %q", states(c))
			} else if p.Way() == interrupt.Fail && what != "" && what != "open the chain" && !strings.Contains(said, interrupt.ErrInjected.Error()) {
				t.Errorf("no warning names the error at %q: %q", what, said)
			}
			if reached {
				verify(t, after, c.Dir(), 3)
			}
		})
}

// reach waits until the snapshot has three segments, the last one of a chain, all of them compared
// with it. It returns false if ctx ends before, or it takes an hour.
func reach(ctx context.Context, c *Checkpointer, of *testnet.Chain) bool {
	for range 3600 {
		list, err := c.Segments()
		done := err == nil && len(list) == 3 && list[2].Hash == of.ID(list[2].Last).Hash
		for _, s := range list {
			done = done && s.State == Verified
		}
		if done {
			return true
		}
		if wait.For(ctx, time.Second) != nil {
			return false
		}
		synctest.Wait()
	}
	return false
}
