package checkpointer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// fake is a chain of which a part is known.
type fake struct {
	mu     sync.Mutex
	chain  *testnet.Chain
	tip    consensus.Height
	change func(*chain.State)
	grown  chan struct{}
	warned []spv.Warning
}

func newFake(c *testnet.Chain, tip consensus.Height) *fake {
	return &fake{chain: c, tip: tip, grown: make(chan struct{}), change: func(*chain.State) {}}
}

func (f *fake) State() chain.State {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := chain.State{Tip: f.chain.ID(f.tip), Filters: f.chain.ID(f.tip), EarlyProven: true, EnoughWork: true}
	f.change(&st)
	return st
}

func (f *fake) Hash(h consensus.Height) (chainhash.Hash, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h > f.tip {
		return chainhash.Hash{}, chain.ErrNotFound
	}
	return f.chain.ID(h).Hash, nil
}

func (f *fake) Scan(from, to consensus.Height, fn func(id consensus.BlockID, h *consensus.Header, filter []byte) error) error {
	f.mu.Lock()
	c, tip := f.chain, f.tip
	f.mu.Unlock()
	if to > tip {
		return chain.ErrNotFound
	}
	if from < f.State().Floor {
		return chain.ErrBelowFloor
	}
	return snapshottest.Source{Chain: c}.Scan(from, to, fn)
}

func (f *fake) warn(w ...spv.Warning) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.warned = w
}

func (f *fake) warning() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.warned) == 0 {
		return ""
	}
	return f.warned[0].Text
}

func (f *fake) changes(ctx context.Context) iter.Seq[consensus.BlockID] {
	return func(yield func(consensus.BlockID) bool) {
		for {
			select {
			case <-f.grown:
				if !yield(consensus.BlockID{}) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// set changes the fake, and has the worker look.
func (f *fake) set(change func()) {
	f.mu.Lock()
	change()
	f.mu.Unlock()
	f.grown <- struct{}{}
	synctest.Wait()
}

func generate(t *testing.T, blocks int) *testnet.Chain {
	t.Helper()
	c, err := testnet.Generate(t.Context(), testnet.Config{Params: consensus.SimNet(), Seed: 5, Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serveWhile runs fn while a checkpointer serves in virtual time, and checks that it ends cleanly.
func serveWhile(t *testing.T, f *fake, dir string, fn func(t *testing.T, c *Checkpointer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f.grown = make(chan struct{})
		c, err := New(Config{
			Params: f.chain.Params(), Dir: dir, Warn: f.warn, Changes: f.changes, Prune: true,
			Chain: func() (Chain, error) { return f, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		var wg sync.WaitGroup
		wg.Go(func() { done <- c.Serve(ctx) })
		synctest.Wait()
		fn(t, c)
		cancel()
		wg.Wait()
		if err := <-done; err != nil {
			t.Errorf("Serve returned %v", err)
		}
		if w := f.warning(); w != "" {
			t.Errorf("a warning stays: %s", w)
		}
	})
}

// pass lets virtual time pass.
func pass(t *testing.T, d time.Duration) {
	if err := wait.For(t.Context(), d); err != nil {
		t.Error(err)
	}
	synctest.Wait()
}

// states returns the segments in a short form.
func states(c *Checkpointer) string {
	list, err := c.Segments()
	text := ""
	for _, s := range list {
		text += fmt.Sprintf("%d:%v ", s.First, s.State)
	}
	if err != nil {
		text += err.Error()
	}
	return text
}

func want(t *testing.T, c *Checkpointer, text string) {
	t.Helper()
	if got := states(c); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
}

func verify(t *testing.T, c *testnet.Chain, dir string, segments int) {
	t.Helper()
	v, err := snapshot.Verify(t.Context(), snapshot.Dir(dir), c.Params(), c.Now(), func(snapshot.Verified) {})
	if err != nil || v.Segments != segments {
		t.Errorf("verified %d segments, want %d: %v", v.Segments, segments, err)
	}
}

// TestSegmentsAreWrittenWhenTheyAreDeep: not a block earlier.
func TestSegmentsAreWrittenWhenTheyAreDeep(t *testing.T) {
	f := newFake(generate(t, 700), 127+snapshot.SafeDepth-1)
	dir := filepath.Join(t.TempDir(), "a", "b")
	serveWhile(t, f, dir, func(t *testing.T, c *Checkpointer) {
		want(t, c, "")
		f.set(func() { f.tip++ })
		want(t, c, "0:verified ")
		f.set(func() { f.change = func(st *chain.State) { st.EnoughWork = false }; f.tip = 700 })
		want(t, c, "0:verified ")
		f.set(func() { f.change = func(st *chain.State) { st.Filters = f.chain.ID(300) } })
		want(t, c, "0:verified 128:verified ")
		f.set(func() { f.change = func(*chain.State) {} })
		want(t, c, "0:verified 128:verified 256:verified ")
		verify(t, f.chain, dir, 3)
	})
}

// TestEarlyFiltersAreWrittenOnlyProven: all of them together.
func TestEarlyFiltersAreWrittenOnlyProven(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Params: testnet.Eras(), Seed: 5, Blocks: 700})
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(c, 700)
	f.change = func(st *chain.State) { st.EarlyProven = false }
	serveWhile(t, f, t.TempDir(), func(t *testing.T, c *Checkpointer) {
		want(t, c, "")
		f.set(func() { f.change = func(*chain.State) {} })
		want(t, c, "0:verified 128:verified 256:verified ")
	})
}

// TestReorganisationsReplaceSegments: those whose blocks have left the chain, and their files.
func TestReorganisationsReplaceSegments(t *testing.T) {
	f := newFake(generate(t, 700), 700)
	dir := t.TempDir()
	serveWhile(t, f, dir, func(t *testing.T, c *Checkpointer) {
		want(t, c, "0:verified 128:verified 256:verified ")
		f.set(func() { f.chain = f.chain.Fork(200, 500, 9) })
		want(t, c, "0:verified 128:verified 256:verified ")
		verify(t, f.chain, dir, 3)
		if list, _ := os.ReadDir(dir); len(list) != 7 {
			t.Errorf("%d files", len(list))
		}
		f.set(func() { f.chain = f.chain.Fork(100, 50, 10); f.tip = 150 }) // shorter, for the moment
		want(t, c, "0:verified 128:verified 256:verified ")
	})
}

// TestRestartComparesSegments: one after the other, with pauses; what is damaged is written
// again, and what lies beyond the chain stays as it is.
func TestRestartComparesSegments(t *testing.T) {
	f := newFake(generate(t, 1000), 1000)
	dir := t.TempDir()
	serveWhile(t, f, dir, func(*testing.T, *Checkpointer) {})
	s := snapshottest.New(f.chain, 5)
	s.Seal()
	name := filepath.Join(dir, s.Name(1, ".filters"))
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	bad := append([]byte(nil), good...)
	bad[600] ^= 1
	if err := errors.Join(os.WriteFile(name, bad, 0o600), os.Remove(filepath.Join(dir, s.Name(3, ".headers")))); err != nil {
		t.Fatal(err)
	}
	f.tip = 520 // as if the chain were fetched again
	serveWhile(t, f, dir, func(t *testing.T, c *Checkpointer) {
		want(t, c, "0:listed 128:listed 256:listed 384:listed 512:listed ")
		pass(t, leastPause)
		want(t, c, "0:verified 128:listed 256:listed 384:listed 512:listed ")
		pass(t, 10*time.Minute)
		want(t, c, "0:verified 128:verified 256:verified 384:verified 512:listed ")
		f.set(func() { f.tip = 1000 })
		pass(t, 10*time.Minute)
		want(t, c, "0:verified 128:verified 256:verified 384:verified 512:verified ")
	})
	verify(t, f.chain, dir, 5)
}

// TestTroubleIsAWarning: it is tried again, and the worker goes on.
func TestTroubleIsAWarning(t *testing.T) {
	f := newFake(generate(t, 500), 500)
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	serveWhile(t, f, dir, func(t *testing.T, c *Checkpointer) {
		if f.warning() == "" {
			t.Error("no warning")
		}
		if _, err := c.Segments(); err == nil {
			t.Error("no trouble")
		}
		if _, err := c.NeedsFrom(); err == nil {
			t.Error("during trouble it is known which filters are needed")
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		pass(t, retryPause)
		want(t, c, "0:verified ")
		if w := f.warning(); w != "" {
			t.Errorf("a warning stays: %s", w)
		}
	})
}

// TestPrunedFiltersAreNotCompared: segments of an earlier process whose filters were pruned since
// stay listed, need no filters, and keep no others from being compared and written.
func TestPrunedFiltersAreNotCompared(t *testing.T) {
	f := newFake(generate(t, 1000), 700)
	dir := t.TempDir()
	serveWhile(t, f, dir, func(t *testing.T, c *Checkpointer) { want(t, c, "0:verified 128:verified 256:verified ") })
	f.change = func(st *chain.State) { st.Floor = 200 }
	serveWhile(t, f, dir, func(t *testing.T, c *Checkpointer) {
		if from, err := c.NeedsFrom(); from != 256 || err != nil {
			t.Errorf("filters are needed from %d, %v; want 256", from, err)
		}
		pass(t, time.Hour)
		want(t, c, "0:listed 128:listed 256:verified ")
		f.set(func() { f.tip = 1000 })
		want(t, c, "0:listed 128:listed 256:verified 384:verified 512:verified ")
		if from, err := c.NeedsFrom(); from != 640 || err != nil || f.warning() != "" {
			t.Errorf("filters are needed from %d, %v; want 640; warning %q", from, err, f.warning())
		}
	})
	verify(t, f.chain, dir, 5)
}

// TestNextSegmentBelowTheFloorIsAWarning: with pruning nothing has its filters fetched. The warning
// says which they are, and goes when they are there.
func TestNextSegmentBelowTheFloorIsAWarning(t *testing.T) {
	f := newFake(generate(t, 700), 700)
	f.change = func(st *chain.State) { st.Floor = 300 }
	dir := t.TempDir()
	serveWhile(t, f, dir, func(t *testing.T, c *Checkpointer) {
		want(t, c, "its next segment begins at block 0, and the filters below block 300 were pruned")
		if w := f.warned; len(w) != 1 || !strings.Contains(w[0].Text, "below block 300") || !strings.Contains(w[0].Hint, "Remove the prune option") {
			t.Errorf("the warning is %v", w)
		}
		if _, err := c.NeedsFrom(); err == nil {
			t.Error("it is known which filters are needed")
		}
		f.mu.Lock()
		f.change = func(*chain.State) {}
		f.mu.Unlock()
		pass(t, retryPause)
		want(t, c, "0:verified 128:verified 256:verified ")
	})
	verify(t, f.chain, dir, 3)
}
