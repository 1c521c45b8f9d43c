package chain

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// writeEach adds blocks to a chain one by one, and writes each.
func writeEach(t *testing.T, p *consensus.Params, c *Chain, blocks *testChain, n int) {
	t.Helper()
	for range n {
		from := blocks.height()
		blocks.mine(t, p, random(uint64(from)), 1, 60, 1)
		blocks.feed(t, p, c, from, 1, 1)
		blocks.feedFilters(t, p, c)
		mustFlush(t, c)
	}
}

// fileSum is a hash over a file, one that is fast; zero if there is none.
func fileSum(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return [sha256.Size]byte{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b)
}

// A new block is not worth a write to the store, which is 20 times its size at least: it
// is appended to the log, and the store is written once in more than 100 blocks.
func TestNewBlocksAreAppended(t *testing.T) {
	p := consensus.SimNet()
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p, noSync: true}
	c := reopen(t, cfg)
	blocks := newTestChain(t, p)
	changes, before := 0, fileSum(t, cfg.Path)
	const n = 500
	for i := range n {
		writeEach(t, p, c, blocks, 1)
		if i%10 == 9 {
			wantChain(t, c, blocks)
		}
		if now := fileSum(t, cfg.Path); now != before {
			changes, before = changes+1, now
		}
	}
	if changes > n/100 {
		t.Errorf("the store was written %d times for %d blocks", changes, n)
	}
	if info, err := os.Stat(store.LogPath(cfg.Path)); err != nil || info.Size() > store.LogSize || info.Size() < store.LogSize/2 {
		t.Errorf("the log: %v, %v", info, err)
	}
	mustCheck(t, c)
}

// crashed opens a copy of the files of a store, as after a crash.
func crashed(t *testing.T, path string, p *consensus.Params, changeLog func(log []byte) []byte) (*Chain, Config) {
	t.Helper()
	y := history{cfg: Config{Path: path}}
	f := y.files(t)
	if changeLog != nil {
		f.log = changeLog(f.log)
	}
	cfg := Config{Path: filepath.Join(t.TempDir(), "crashed.db"), Params: p}
	f.write(t, cfg.Path)
	return reopen(t, cfg), cfg
}

// What was written is there after a crash, wherever it was written, and a store that was
// closed needs no log: the program before it had one reads all.
func TestLogIsReplayed(t *testing.T) {
	p := consensus.SimNet()
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks := newTestChain(t, p)
	for _, n := range []int{1, 1, 5, 100, 120, 3} {
		writeEach(t, p, c, blocks, n)
		other, otherCfg := crashed(t, cfg.Path, p, nil)
		wantChain(t, other, blocks)
		mustCheck(t, other)
		branch := blocks.fork(blocks.height())
		writeEach(t, p, other, branch, 2) // the log goes on where it ended
		again, _ := crashed(t, otherCfg.Path, p, nil)
		wantChain(t, again, branch)
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(store.LogPath(again.store.Path)); err != nil {
			t.Fatal(err)
		}
		wantChain(t, reopen(t, Config{Path: again.store.Path, Params: p}), branch)
	}
}

// Records of before are in the file behind those that count. None of them is replayed,
// even if its blocks have been taken off the chain and the tip is the one that they follow.
func TestLogDoesNotBringBlocksBack(t *testing.T) {
	p := consensus.SimNet()
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks := newTestChain(t, p)
	writeEach(t, p, c, blocks, 5)
	kept := blocks.fork(3)
	if _, err := c.Invalidate(blocks.id(4)); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	wantChain(t, c, kept)
	other, _ := crashed(t, cfg.Path, p, nil)
	wantChain(t, other, kept)

	kept.mine(t, p, random(77), 1, 60, 1)
	kept.feed(t, p, other, 3, 1, 1)
	kept.feedFilters(t, p, other)
	mustFlush(t, other)
	again, _ := crashed(t, other.store.Path, p, nil)
	wantChain(t, again, kept)
	mustCheck(t, again)
}

// A log that is damaged, or of another chain, takes nothing down: the blocks before the
// damage are there, and what follows is fetched again.
func TestDamagedLog(t *testing.T) {
	p := consensus.SimNet()
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks := newTestChain(t, p)
	writeEach(t, p, c, blocks, 20)
	log := (&history{cfg: cfg}).files(t).log
	for at := 0; at < len(log); at += 97 {
		other, _ := crashed(t, cfg.Path, p, func(log []byte) []byte {
			log = bytes.Clone(log)
			log[at] ^= 4
			return log
		})
		tip := other.State().Tip
		if tip.Height == 20 || tip != blocks.id(tip.Height) {
			t.Fatalf("byte %d: tip %v", at, tip)
		}
		mustCheck(t, other)
		rest := blocks.fork(20)
		rest.feed(t, p, other, tip.Height, 2000, 1)
		rest.feedFilters(t, p, other)
		mustFlush(t, other)
		wantChain(t, other, blocks)
	}

	if err := os.WriteFile(store.LogPath(cfg.Path), append([]byte{1}, log[1:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Check of a damaged log: %v", err)
	}
}

// A record with the right checksum is proven like all that peers send.
func TestForgedLog(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(1), 2, 60, 1)
	good := store.Record{Tip: blocks.hashes[0], Headers: blocks.testBranch[1:], Filters: blocks.filters[1:]}
	for name, change := range map[string]func(r *store.Record){
		"header":          func(r *store.Record) { r.Headers[1][4]++ },
		"missing header":  func(r *store.Record) { r.Headers = r.Headers[1:] },
		"filter":          func(r *store.Record) { r.Filters[1] = []byte{1, 2, 3} },
		"filter too many": func(r *store.Record) { r.Filters = append(r.Filters, nil) },
		"other tip":       func(r *store.Record) { r.Tip[0]++ },
		"other filters":   func(r *store.Record) { r.FiltersHeight++ },
		"other cuts":      func(r *store.Record) { r.Cuts++ },
		"nothing":         func(*store.Record) {},
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			r.Headers = append([]consensus.Header(nil), good.Headers...)
			r.Filters = append([][]byte(nil), good.Filters...)
			change(&r)
			cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
			if err := reopen(t, cfg).Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(store.LogPath(cfg.Path), r.Encode(), 0o600); err != nil {
				t.Fatal(err)
			}
			c := reopen(t, cfg)
			st := c.State()
			if (st.Filters.Height == 2) != (name == "nothing") {
				t.Errorf("%+v", st)
			}
			rest := blocks.fork(2)
			rest.feed(t, p, c, st.Tip.Height, 2000, 1)
			if st.Filters.Height < 2 {
				rest.feedFilters(t, p, c)
			}
			writeEach(t, p, c, rest, 1)
			other, _ := crashed(t, cfg.Path, p, nil)
			wantChain(t, other, rest)
			mustCheck(t, other)
		})
	}
}

// A repair keeps the blocks of the log, whose count of cuts the new store does not have.
func TestRepairKeepsLog(t *testing.T) {
	p := consensus.SimNet()
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks := newTestChain(t, p)
	writeEach(t, p, c, blocks, 5)
	if _, err := c.Invalidate(blocks.id(5)); err != nil {
		t.Fatal(err)
	}
	blocks = blocks.fork(4)
	mustFlush(t, c)
	blocks.mine(t, p, random(500), 2, 60, 1)
	blocks.feed(t, p, c, 4, 2, 1)
	blocks.feedFilters(t, p, c)
	mustFlush(t, c)
	y := history{cfg: cfg}
	f := y.files(t)
	if len(f.log) == 0 {
		t.Fatal("there is no log")
	}
	copied := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	f.write(t, copied.Path)
	st, err := Repair(copied)
	if err != nil || st.Tip != blocks.id(6) || st.Filters != st.Tip {
		t.Fatalf("%+v, %v", st, err)
	}
	other := reopen(t, copied)
	wantChain(t, other, blocks)
	mustCheck(t, other)
}

// The log of a store that was removed is not that of the new one.
func TestLogGoesWithStore(t *testing.T) {
	p := consensus.SimNet()
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	writeEach(t, p, c, newTestChain(t, p), 3)
	y := history{cfg: cfg}
	log := y.files(t).log
	other := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	if err := os.WriteFile(store.LogPath(other.Path), log, 0o600); err != nil {
		t.Fatal(err)
	}
	if st := reopen(t, other).State(); st.Tip.Height != 0 {
		t.Errorf("%+v", st)
	}
}

// What cannot be logged is written to the store.
func TestLogCannotBeWritten(t *testing.T) {
	p := consensus.SimNet()
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	if err := os.Mkdir(store.LogPath(cfg.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	blocks := newTestChain(t, p)
	writeEach(t, p, c, blocks, 3)
	wantChain(t, c, blocks)
	mustCheck(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(cfg); err == nil {
		t.Error("a directory was opened as a log")
	}
}

// The records are what they have always been, byte for byte.
func TestRecordIsGolden(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(70), 2, 8, 1)
	r := store.Record{
		Tip:           blocks.hashes[0],
		FiltersHeight: 7,
		Cuts:          3,
		Headers:       blocks.testBranch[1:],
		Filters:       blocks.filters[1:],
	}
	got := fmt.Sprintf("%x\n", r.Encode())
	want, err := os.ReadFile("testdata/wal-1.txt")
	if err != nil || got != string(want) {
		t.Errorf("got\n%s\nwant\n%s, %v", got, want, err)
	}
}
