package chain

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

var histories = flag.Int("histories", 3, "number of random lives of a store that each crash test stops again and again, and a fifth of those that are compared with a twin")

// sector is the unit that a disk writes all of or nothing, in bytes.
const sector = 512

// files are the store and its write-ahead log.
type files struct{ store, log []byte }

// write writes the files where a store is to be.
func (f files) write(t *testing.T, path string) {
	t.Helper()
	for name, data := range map[string][]byte{path: f.store, store.LogPath(path): f.log} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// moment is what a crash leaves: the files before a flush, and some of what the
// flush has written.
type moment struct {
	what   string
	files  files
	before bool // the old state is what has to be found
	after  bool // the new state is what has to be found
}

// moments returns files that a crash during a flush may leave. bbolt writes the
// data pages, waits until they are durable, and then writes a meta page and
// waits again: up to the first wait anything may be on the disk or not, in
// whatever order, and after it only the meta page. A flush writes either the store or one
// record of the log.
func moments(r *rand.Rand, before, after files) []moment {
	var all []moment
	if !bytes.Equal(before.log, after.log) {
		all = logMoments(r, before, after)
	}
	if !bytes.Equal(before.store, after.store) {
		all = append(all, storeMoments(r, before.store, after.store)...)
	}
	for i := range all {
		if f := &all[i].files; f.log == nil {
			f.log = before.log
		}
	}
	return all
}

// logMoments returns what a crash may leave of a record of the log.
func logMoments(r *rand.Rand, before, after files) []moment {
	grown := make([]byte, len(after.log))
	copy(grown, before.log)
	all := []moment{
		{what: "nothing but the new size of the log", files: files{before.store, grown}, before: true},
		{what: "the record", files: after, after: true},
	}
	if len(after.log) > len(before.log) {
		cut := after.log[:len(after.log)-1]
		all = append(all, moment{what: "the record but a byte", files: files{before.store, cut}, before: true})
	}
	for range 3 {
		all = append(all, moment{"some of the record", files{before.store, torn(r, grown, after.log)}, true, true})
	}
	return all
}

// storeMoments returns what a crash may leave of a transaction of the store.
func storeMoments(r *rand.Rand, before, after []byte) []moment {
	grown := make([]byte, max(len(before), len(after)))
	copy(grown, before)
	data := bytes.Clone(after)
	copy(data[:2*store.PageSize], before[:2*store.PageSize])

	all := []moment{
		{what: "nothing but the new size", files: files{store: grown}, before: true},
		{what: "all data pages", files: files{store: data}, before: true},
		{what: "all", files: files{store: after}, after: true},
		{what: "a part of the meta page", files: files{store: torn(r, data, after)}, before: true, after: true},
	}
	for range 4 {
		all = append(all, moment{what: "some data", files: files{store: torn(r, grown, data)}, before: true})
	}
	cut := bytes.Clone(data[:len(before)])
	return append(all, moment{what: "not the new size", files: files{store: cut}, before: true})
}

// torn returns a file of which some sectors are old and some new.
func torn(r *rand.Rand, old, new []byte) []byte {
	file := bytes.Clone(old)
	share := r.IntN(101)
	for at := 0; at < len(new); at += sector {
		if r.IntN(100) < share {
			copy(file[at:min(at+sector, len(file))], new[at:])
		}
	}
	return file
}

// history is a store with a random life: blocks, reorganisations, filters.
type history struct {
	p      *consensus.Params
	r      *rand.Rand
	cfg    Config
	chain  *Chain
	blocks *testChain // the main chain as staged
}

func newHistory(t *testing.T, seed uint64) *history {
	t.Helper()
	y := &history{p: consensus.SimNet(), r: random(seed)}
	y.cfg = Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: y.p, noSync: true}
	y.chain = reopen(t, y.cfg)
	y.blocks = newTestChain(t, y.p)
	return y
}

// live stages something.
func (y *history) live(t *testing.T) {
	t.Helper()
	tip := y.blocks.height()
	above := tip
	if y.r.IntN(3) == 0 && tip > 0 {
		above -= consensus.Height(y.r.IntN(min(int(tip), 100)))
		y.blocks = y.blocks.fork(above)
	}
	// No block is harder than any other, and so the longer branch wins.
	more := 1 + y.r.IntN(200)
	if y.r.IntN(2) == 0 {
		more = 1 + y.r.IntN(3)
	}
	y.blocks.mine(t, y.p, y.r, int(tip-above)+more, 60, 2)
	y.blocks.feed(t, y.p, y.chain, above, 50, 1)
	if got := y.chain.Staged().Tip; got != y.blocks.id(y.blocks.height()) {
		t.Fatalf("tip %v, want %v", got, y.blocks.id(y.blocks.height()))
	}
	if y.r.IntN(4) > 0 {
		y.blocks.feedFilters(t, y.p, y.chain)
	}
}

// write writes what is staged. Meanwhile more is staged now and then, which may
// take back what is being written.
func (y *history) write(t *testing.T) {
	t.Helper()
	w, err := y.chain.Begin()
	if err != nil || w == nil {
		t.Fatalf("begin a write: %v, %v", w, err)
	}
	if y.r.IntN(2) == 0 {
		y.live(t)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	y.chain.Finish(w)
}

func (y *history) files(t *testing.T) (f files) {
	t.Helper()
	var err error
	if f.store, err = os.ReadFile(y.cfg.Path); err != nil {
		t.Fatal(err)
	}
	if f.log, err = os.ReadFile(store.LogPath(y.cfg.Path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return f
}

// Killed at any write of a flush, a restart finds what was there before it or
// what it has written, and nothing else; and what was acknowledged is there.
func TestCrashDuringFlush(t *testing.T) {
	stops := 0
	for seed := range uint64(*histories) {
		y := newHistory(t, seed)
		for range 9 {
			before, old := y.files(t), y.chain.State()
			y.live(t)
			y.write(t)
			after, now := y.files(t), y.chain.State()
			for _, m := range moments(y.r, before, after) {
				stops++
				name := fmt.Sprintf("seed %d, flush from %d to %d, crash after %s", seed, old.Tip.Height, now.Tip.Height, m.what)
				y.restart(t, name, m, old, now)
			}
		}
	}
	if !t.Failed() {
		t.Logf("%d stops, none lost", stops)
	}
}

// restart opens what a crash has left.
func (y *history) restart(t *testing.T, name string, m moment, old, now State) {
	t.Helper()
	cfg := Config{Path: filepath.Join(t.TempDir(), "crashed.db"), Params: y.p, noSync: true}
	m.files.write(t, cfg.Path)
	c, err := Open(cfg)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer c.Close()
	if st := c.State(); !(m.before && st == old || m.after && st == now) {
		t.Errorf("%s: got %+v", name, st)
	}
	y.goOn(t, name, c)
}

// goOn brings a restarted chain to one block after the history. The commit also
// replaces a torn meta page.
func (y *history) goOn(t *testing.T, name string, c *Chain) {
	t.Helper()
	more := y.blocks.fork(y.blocks.height()).mine(t, y.p, y.r, 1, 60, 1)
	more.feed(t, y.p, c, 0, 2000, 1)
	more.feedFilters(t, y.p, c)
	mustFlush(t, c)
	wantChain(t, c, more)
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// A disk that says that writes are durable when they are not may leave
// anything. Then the chain that is found is one that was, or the damage is
// said.
func TestCrashWithLyingDisk(t *testing.T) {
	kept, refused := 0, 0
	for seed := range uint64(*histories) {
		y := newHistory(t, 1<<32+seed)
		for range 6 {
			before := y.files(t)
			y.live(t)
			y.write(t)
			after := y.files(t)
			grown := files{make([]byte, len(after.store)), make([]byte, len(after.log))}
			copy(grown.store, before.store)
			copy(grown.log, before.log)
			for range 5 {
				f := files{torn(y.r, grown.store, after.store), torn(y.r, grown.log, after.log)}
				copy(f.store[:2*store.PageSize], after.store[:2*store.PageSize]) // the meta page made it
				if y.wantPrefix(t, f) {
					kept++
				} else {
					refused++
				}
			}
		}
	}
	t.Logf("%d kept a prefix, %d refused", kept, refused)
	if kept == 0 {
		t.Error("nothing was ever kept")
	}
}

// wantPrefix opens the files and reports whether it does. What they hold is a
// prefix of the history.
func (y *history) wantPrefix(t *testing.T, f files) bool {
	t.Helper()
	cfg := Config{Path: filepath.Join(t.TempDir(), "torn.db"), Params: y.p, noSync: true}
	f.write(t, cfg.Path)
	c, err := Open(cfg)
	if err != nil {
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("want a corrupt store, got: %v", err)
		}
		return false
	}
	defer c.Close()
	err = c.Scan(0, c.State().Filters.Height, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		if id.Hash != h.Hash() || id.Height > 0 && consensus.FilterHash(filter) != h.StakeRoot() {
			t.Errorf("block %d is not what was flushed", id.Height)
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
	return true
}
