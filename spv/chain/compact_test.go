package chain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// TestCompact: the file of a pruned store becomes smaller, and is the same store; a second time
// changes little. What was left by a run that was killed does not hinder.
func TestCompact(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(7), 3000, 450, 2)
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)
	if err := c.RaiseFloor(2900); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	want := c.State()
	if _, _, err := Compact(t.Context(), cfg); !errors.Is(err, ErrInUse) {
		t.Errorf("while it is open: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.Path+".compact", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, after, err := Compact(t.Context(), cfg)
	if held := int64(3000*consensus.HeaderSize)*11/10 + 100*450 + 2*(64<<10); err != nil || after > held {
		t.Fatalf("from %d to %d bytes, %v", before, after, err)
	}
	t.Logf("from %d to %d bytes", before, after)
	if again, same, err := Compact(t.Context(), cfg); err != nil || again > after+2<<20 || same > after {
		t.Errorf("again: from %d to %d bytes, %v", again, same, err)
	}
	c = reopen(t, cfg)
	if got := c.State(); got.Tip != want.Tip || got.Filters != want.Filters || got.Floor != want.Floor {
		t.Errorf("the state is %+v, want %+v", got, want)
	}
	if err := c.Check(t.Context()); err != nil {
		t.Error(err)
	}
	longer := blocks.fork(blocks.height()).mine(t, p, random(8), 20, 450, 2)
	longer.feed(t, p, c, blocks.height(), 2000, 1)
	longer.feedFilters(t, p, c)
	mustFlush(t, c)
	if st := c.State(); st.Filters.Height != 3020 {
		t.Errorf("does not go on: %+v", st)
	}
}

// TestCompactThatFails leaves the file as it is, and nothing beside it.
func TestCompactThatFails(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(7), 300, 450, 2)
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	same := func() {
		t.Helper()
		if got, err := os.ReadFile(cfg.Path); err != nil || !slices.Equal(got, want) {
			t.Errorf("the file has changed, %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Compact(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	same()
	if _, err := os.Stat(cfg.Path + ".compact"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the copy stays: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(cfg.Path+".compact", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Compact(t.Context(), cfg); err == nil {
		t.Error("no error")
	}
	same()
}

// TestOpenRemovesTheCopyOfAKilledCompaction, but not where a store is only looked at.
func TestOpenRemovesTheCopyOfAKilledCompaction(t *testing.T) {
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: consensus.SimNet()}
	if err := reopen(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copyPath(cfg.Path), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	look := cfg
	look.AsIs = true
	for _, tc := range []struct {
		cfg   Config
		stays bool
	}{{look, true}, {cfg, false}, {cfg, false}} {
		if err := reopen(t, tc.cfg).Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(copyPath(cfg.Path)); err == nil != tc.stays {
			t.Errorf("opened as it is %v: the copy stays %v, want %v", tc.cfg.AsIs, err == nil, tc.stays)
		}
	}
}
