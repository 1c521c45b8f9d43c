package chain

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/spvd/spvd/internal/bboltcheck"
	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// damaged is a store file to be damaged, and what it held.
type damaged struct {
	p      *consensus.Params
	blocks *testChain
	file   []byte
	dir    string
	n      int
}

// newDamaged makes a store of n blocks in several flushes, so that there are
// free pages and a list of them.
func newDamaged(t *testing.T, n, size int) *damaged {
	t.Helper()
	d := &damaged{p: consensus.SimNet(), dir: t.TempDir()}
	d.blocks = newTestChain(t, d.p)
	cfg := Config{Path: filepath.Join(d.dir, "original.db"), Params: d.p}
	c := reopen(t, cfg)
	r := random(uint64(n))
	for range 5 {
		above := d.blocks.height()
		d.blocks.mine(t, d.p, r, n/5, size, 1)
		d.blocks.feed(t, d.p, c, above, 2000, 1)
		d.blocks.feedFilters(t, d.p, c)
		mustFlush(t, c)
	}
	mustCheck(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if d.file, err = os.ReadFile(cfg.Path); err != nil {
		t.Fatal(err)
	}
	return d
}

// write writes the file, as it is now, to a path.
func (d *damaged) write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, d.file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// livePage is a page in use as bbolt sees it, or one that it continues on.
type livePage struct {
	id, elements    int
	leaf, continued bool
}

// livePages returns the pages of the file that are in use.
func (d *damaged) livePages(t *testing.T) (pages []livePage) {
	t.Helper()
	path := filepath.Join(d.dir, "intact.db")
	d.write(t, path)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bbolt.Tx) error {
		for id := 0; ; {
			page, err := tx.Page(id)
			if page == nil || err != nil {
				return err
			}
			if page.Type == "free" {
				id++
				continue
			}
			pages = append(pages, livePage{id: id, elements: page.Count, leaf: page.Type == "leaf"})
			for id++; id <= page.ID+page.OverflowCount; id++ {
				pages = append(pages, livePage{id: id, continued: true})
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	return pages
}

// found reports whether the damage in a file is found: by Open, which repairs
// it, if it can, and says so, or by Check. It fails if a reader gets anything that is not so.
func (d *damaged) found(t *testing.T, file []byte) bool {
	t.Helper()
	d.n++
	path := filepath.Join(d.dir, fmt.Sprintf("%d.db", d.n))
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	var log bytes.Buffer
	c, err := Open(Config{Path: path, Params: d.p, Log: slog.New(slog.NewTextHandler(&log, nil)), noSync: true})
	if err != nil {
		d.wantCorrupt(t, err)
		return true
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	d.wantNoLies(t, c)
	if err := c.Check(t.Context()); err != nil {
		d.wantCorrupt(t, err)
		return true
	}
	if log.Len() == 0 && c.State().Filters.Height != d.blocks.height() {
		t.Errorf("the end was lost in silence: %+v", c.State())
	}
	return log.Len() > 0
}

func (d *damaged) wantCorrupt(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("want a corrupt store, got: %v", err)
	}
}

// wantNoLies reads what there is: each block is right, or an error comes.
func (d *damaged) wantNoLies(t *testing.T, c *Chain) {
	t.Helper()
	next := consensus.Height(0)
	if err := c.Scan(0, c.State().Filters.Height, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		if id != d.blocks.id(next) || *h != d.blocks.testBranch[next] || string(filter) != string(d.blocks.filters[next]) {
			t.Errorf("scan: block %d is not the one that was added", next)
		}
		next++
		return nil
	}); err != nil {
		d.wantCorrupt(t, err)
	}
	for _, h := range []consensus.Height{1, d.blocks.height() / 2, d.blocks.height() - 1} {
		got, err := c.HeightOf(d.blocks.hashes[h])
		switch {
		case err == nil && got != h:
			t.Errorf("height of block %d: got %d", h, got)
		case err != nil && !(errors.Is(err, ErrNotFound) && h > c.State().Tip.Height):
			d.wantCorrupt(t, err)
		}
	}
}

// A flipped bit anywhere in a page that is in use is found.
func TestBitFlipsAreFound(t *testing.T) {
	for _, size := range []struct{ blocks, filter, stride int }{
		{300, 20, 211},
		{10_000, 100, 120_011},
	} {
		t.Run(fmt.Sprint(size.blocks), func(t *testing.T) {
			d := newDamaged(t, size.blocks, size.filter)
			r, flips := random(3), 0
			pages := d.livePages(t)
			for at := 0; at < len(pages)*store.PageSize; at += 1 + r.IntN(2*size.stride) {
				i := pages[at/store.PageSize].id*store.PageSize + at%store.PageSize
				bit := byte(1) << r.IntN(8)
				d.file[i] ^= bit
				if !d.found(t, d.file) {
					t.Errorf("bit %#x of byte %d of page %d is missed", bit, i%store.PageSize, i/store.PageSize)
				}
				d.file[i] ^= bit
				flips++
			}
			t.Logf("%d flips in %d pages", flips, len(pages))
		})
	}
}

// Every byte that bbolt navigates by is verified before it does: the meta
// pages, the list of free pages, branches, and the heads of leaves.
func TestStructuralFlipsAreFound(t *testing.T) {
	d := newDamaged(t, 2000, 100)
	r, flips := random(4), 0
	for _, live := range d.livePages(t) {
		if live.continued {
			continue
		}
		page := d.file[live.id*store.PageSize:][:store.PageSize]
		end := len(bytes.TrimRight(page, "\x00")) + 4
		if live.leaf {
			end = 16 + live.elements*16
		}
		for i := 0; i < end; i++ {
			bit := byte(1) << r.IntN(8)
			page[i] ^= bit
			if bboltcheck.VerifyAll(bytes.NewReader(d.file), store.PageSize, false) == nil && !d.found(t, d.file) {
				t.Errorf("bit %#x of byte %d of page %+v is missed", bit, i, live)
			}
			page[i] ^= bit
			flips++
		}
	}
	t.Logf("%d flips", flips)
}

// Files that are cut off, overwritten or no store at all are refused, or found
// out, and never take the process down.
func TestRuinedFiles(t *testing.T) {
	d := newDamaged(t, 1000, 100)
	if d.found(t, d.file) {
		t.Fatal("the intact file is found to be damaged")
	}
	r := random(5)
	pages := d.livePages(t)
	for range 100 {
		file := bytes.Clone(d.file)
		page := func() []byte { return file[pages[r.IntN(len(pages))].id*store.PageSize:][:store.PageSize] }
		what := r.IntN(4)
		switch what {
		case 0:
			file = file[:r.IntN(pages[len(pages)-1].id*store.PageSize)]
		case 1:
			p := page()
			for i := range p {
				p[i] = byte(r.Uint32())
			}
		case 2:
			clear(page())
		case 3:
			copy(page(), page())
		}
		if !bytes.Equal(file, d.file) && !d.found(t, file) {
			t.Errorf("damage of kind %d is not found", what)
		}
	}
}
