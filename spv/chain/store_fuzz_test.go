package chain

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// fuzzSeed is the file of a small store.
func fuzzSeed(f *testing.F) []byte {
	f.Helper()
	p := SimNet()
	cfg := Config{Path: filepath.Join(f.TempDir(), "chain.db"), Params: p}
	c := reopen(f, cfg)
	blocks := newTestChain(f, p).mine(f, p, random(99), 20, 10, 1)
	blocks.feed(f, p, c, 0, 2000, 1)
	blocks.feedFilters(f, p, c)
	mustFlush(f, c)
	file, err := os.ReadFile(cfg.Path)
	if err != nil {
		f.Fatal(err)
	}
	return bytes.TrimRight(file, "\x00")
}

// Whatever a file holds, the walk over its pages ends, with nothing but the
// statement that it is damaged.
func FuzzPageWalk(f *testing.F) {
	f.Add(fuzzSeed(f), uint16(0), byte(0), true)
	f.Fuzz(func(t *testing.T, file []byte, place uint16, change byte, full bool) {
		if len(file) > 0 {
			file = bytes.Clone(file)
			file[int(place)%len(file)] ^= change
		}
		file = append(file, make([]byte, -len(file)&(pageSize-1))...)
		w := pageWalk{r: bytes.NewReader(file), full: full}
		if err := w.run(); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("want a corrupt store, got %v", err)
		}
	})
}

// Whatever a row holds, parsing it ends well or says that it is damaged, and a
// filter row that parses is the one that its filters give.
func FuzzRows(f *testing.F) {
	f.Add([]byte{0, 2, 1, 2, 7, 8, 9})
	f.Add(make([]byte, headerRowHead-checksumSize+HeaderSize))
	f.Add((&storeTip{}).encode()[checksumSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		key := heightKey(headersPerRow)
		value := append(make([]byte, checksumSize), body...)
		seal(key, value)
		if row, err := parseHeaderRow(key, value); err == nil {
			_, _ = row.work(row.end()-1), row.hash(row.first)
		}
		if tip, err := decodeTip(body); err == nil && !bytes.Equal(tip.encode()[checksumSize:], body) {
			t.Error("a tip row is encoded in another way")
		}
		var row filterRow
		if row.parse(key, value) != nil {
			return
		}
		var k filterPacker
		k.filters = row.filters
		if again := k.appendRow(nil); len(again) > len(value) {
			t.Error("a filter row is encoded longer")
		}
	})
}
