package chain

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// oldBlocks are the two branches of the store in testdata/format-1.db.gz: the one that it has
// left, and its main chain, of which the newest two blocks are in the log only. The filters
// below 40 are early ones.
func oldBlocks(t *testing.T) (p *consensus.Params, left, main *testChain) {
	t.Helper()
	p, r := consensus.SimNet(), random(80)
	left = newTestChain(t, p).mine(t, p, r, 100, 200, 1)
	main = left.fork(85).mine(t, p, r, 35, 200, 1)
	return earlyParams(main, 40), left, main
}

// unpack returns a packed file of testdata.
func unpack(t *testing.T, name string) []byte {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// oldStore writes the files that a version of format 1 has made, and returns them.
func oldStore(t *testing.T, p *consensus.Params) (Config, files) {
	t.Helper()
	f := files{unpack(t, "format-1.db.gz"), unpack(t, "format-1.db-wal.gz")}
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p, noSync: true}
	f.write(t, cfg.Path)
	return cfg, f
}

// wantOldChain checks that a store has all that the old one had, and goes on.
func wantOldChain(t *testing.T, c *Chain, p *consensus.Params, main *testChain) {
	t.Helper()
	if st := c.State(); st.Tip != main.id(120) || st.Filters != main.id(119) || st.Floor != 0 || st.Above.Any() || !st.EarlyProven {
		t.Errorf("the store is at %+v", st)
	}
	mustCheck(t, c)
	more := main.fork(120).mine(t, p, random(81), 10, 200, 1)
	more.feed(t, p, c, 120, 2000, 1)
	more.feedFilters(t, p, c)
	mustFlush(t, c)
	wantChain(t, c, more)
	mustCheck(t, c)
}

// A store of format 1 is upgraded when it is opened: it has all that it had, the log too, and
// all filters.
func TestOldStoreIsUpgraded(t *testing.T) {
	p, left, main := oldBlocks(t)
	cfg, _ := oldStore(t, p)
	c := reopen(t, cfg)
	err := c.store.View("test", func(tx *store.Txn) error {
		if format, err := store.ReadFormat(tx); err != nil || format != store.Format {
			t.Errorf("want format %d, got %d, %v", store.Format, format, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Stale(left.hashes[100]); err != nil {
		t.Errorf("the branch that was left: %v", err)
	}
	wantOldChain(t, c, p, main)
}

// Whatever a crash leaves of the upgrade, the next start finds the old format or the new one,
// and nothing is lost.
func TestCrashDuringUpgrade(t *testing.T) {
	p, _, main := oldBlocks(t)
	cfg, before := oldStore(t, p)
	c, err := Open(Config{Path: cfg.Path, Params: p, AsIs: true, noSync: true}) // which leaves the log as it is
	if err != nil {
		t.Fatal(err)
	}
	after := files{store: mustRead(t, cfg.Path), log: before.log}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(after.store, before.store) {
		t.Fatal("nothing was upgraded")
	}
	for _, m := range moments(random(82), before, after) {
		t.Run(m.what, func(t *testing.T) {
			cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p, noSync: true}
			m.files.write(t, cfg.Path)
			wantOldChain(t, reopen(t, cfg), p, main)
		})
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A damaged store of format 1 is repaired as one of format 2 is.
func TestOldStoreIsRepaired(t *testing.T) {
	p, _, main := oldBlocks(t)
	cfg, f := oldStore(t, p)
	root := main.testBranch[100].StakeRoot()
	f.store[bytes.Index(f.store, root[:])] ^= 1
	f.write(t, cfg.Path)
	c := reopen(t, cfg)
	if last := store.RowStart(100) - 1; c.State().Tip != main.id(last) || c.State().Filters != main.id(last) {
		t.Errorf("kept headers to %d and filters to %d, want %d", c.State().Tip.Height, c.State().Filters.Height, last)
	}
	mustCheck(t, c)
}
