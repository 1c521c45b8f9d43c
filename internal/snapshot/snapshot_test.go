package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// eras returns a chain that goes through all rules, with early filters up to block 300.
func eras(t testing.TB, blocks int) *testnet.Chain {
	t.Helper()
	c, err := testnet.Generate(t.Context(), testnet.Config{Params: testnet.Eras(), Seed: 7, Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forged returns a snapshot of four segments that a forgery has spoiled.
func forged(c *testnet.Chain, f *snapshottest.Forgery) *snapshottest.Snapshot {
	s := snapshottest.New(c, 4)
	params := *s.Params
	s.Params = &params
	s.Seal()
	f.Forge(s)
	return s
}

func quiet(snapshot.Verified) {}

// write writes the first segments of a chain into a directory.
func write(t *testing.T, c *testnet.Chain, dir string, segments int) *snapshot.Manifest {
	t.Helper()
	w := snapshot.Writer{Params: c.Params(), Dir: dir}
	m, err := w.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := len(m.Segments); i < segments; i++ {
		s, err := w.Write(t.Context(), snapshottest.Source{Chain: c}, i)
		if err != nil {
			t.Fatal(err)
		}
		m.Segments = append(m.Segments, s)
		if err := w.Publish(m); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// TestWrittenFiles: what is written is what another encoder makes of the chain, in several
// goes too, and is proven.
func TestWrittenFiles(t *testing.T) {
	c := eras(t, 700)
	dir := filepath.Join(t.TempDir(), "snapshot")
	write(t, c, dir, 2)
	m := write(t, c, dir, 5)
	want := snapshottest.New(c, 5)
	want.Seal()
	for name, b := range want.Files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, ".json") && !bytes.Equal(got, b) {
			t.Errorf("%s differs", name)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != len(want.Files) {
		t.Errorf("%d files, want %d", len(list), len(want.Files))
	}
	parsed, err := snapshot.ParseManifest(c.Params(), want.Files["simnet.json"])
	if err != nil || !bytes.Equal(parsed.Encode(), m.Encode()) {
		t.Errorf("manifest differs: %v\n%s", err, m.Encode())
	}
	steps := 0
	v, err := snapshot.Verify(t.Context(), snapshot.Dir(dir), c.Params(), c.Now(), func(v snapshot.Verified) {
		if steps++; v.Segments != steps {
			t.Errorf("step %d: %d segments", steps, v.Segments)
		}
	})
	if err != nil || v.Last != c.ID(639) || v.Segments != 5 || !v.EnoughWork || !v.EarlyProven || steps != 5 {
		t.Errorf("verified %+v, %v", v, err)
	}
}

// TestForgeriesAreRefused: each with its own reason and sentence, and nothing from the
// fault on counts as proven.
func TestForgeriesAreRefused(t *testing.T) {
	c := eras(t, 600)
	list := snapshottest.Forgeries()
	if len(list) < 20 {
		t.Fatalf("%d forgeries", len(list))
	}
	for _, f := range list {
		t.Run(f.Name, func(t *testing.T) {
			s := forged(c, &f)
			v, err := snapshot.Verify(t.Context(), s, s.Params, c.Now(), quiet)
			var fault *snapshot.Fault
			if !errors.As(err, &fault) {
				t.Fatalf("got %v", err)
			}
			if fault.Reason != f.Reason || !strings.Contains(err.Error(), f.Says) {
				t.Errorf("got %v: %v\nwant %v with %q", fault.Reason, err, f.Reason, f.Says)
			}
			if v.Segments != f.Kept {
				t.Errorf("%d segments are proven, want %d", v.Segments, f.Kept)
			}
		})
	}
}

// TestSegmentsOfFewBytes: a manifest of full size whose segments have three bytes each is refused
// before a hundred megabytes are allocated for them.
func TestSegmentsOfFewBytes(t *testing.T) {
	p := consensus.SimNet()
	head := fmt.Sprintf(`{"format":%d,"network":%q,"blocks":2048,"segments":[`, snapshot.Format, p.ChainParams.Name)
	manifest := []byte(head + strings.Repeat("{},", (snapshot.MaxManifest-len(head)-10)/3) + "{}]}")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := snapshot.ParseManifest(p, manifest)
	runtime.ReadMemStats(&after)
	if fault := new(snapshot.Fault); !errors.As(err, &fault) || fault.Reason != snapshot.Oversized {
		t.Errorf("got %v", err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 48<<20 {
		t.Errorf("%d MiB were allocated for %d MiB", n>>20, len(manifest)>>20)
	}
}

// TestEveryBitMatters: no bit of the files can be flipped.
func TestEveryBitMatters(t *testing.T) {
	c := eras(t, 300)
	s := snapshottest.New(c, 2)
	s.Seal()
	for name, good := range s.Files {
		step := len(good)/40 + 1
		for at := 0; at < len(good); at += step {
			bad := bytes.Clone(good)
			bad[at] ^= 1 << (at % 8)
			s.Files[name] = bad
			if bytes.Equal(bytes.ToLower(bad), good) {
				continue // keys in capitals are the same to the decoder
			}
			if _, err := snapshot.Verify(t.Context(), s, s.Params, c.Now(), quiet); err == nil {
				t.Errorf("%s: bit %d of byte %d can be flipped", name, at%8, at)
			}
		}
		s.Files[name] = good
	}
}

// counted counts the files of a source that are open.
type counted struct {
	snapshot.Source
	open, most atomic.Int32
}

func (c *counted) Open(ctx context.Context, name string, from int64) (io.ReadCloser, int64, error) {
	f, size, err := c.Source.Open(ctx, name, from)
	if err != nil {
		return nil, 0, err
	}
	n := c.open.Add(1)
	for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
	}
	return &countedFile{f, c}, size, nil
}

type countedFile struct {
	io.ReadCloser
	of *counted
}

func (f *countedFile) Close() error {
	f.of.open.Add(-1)
	return f.ReadCloser.Close()
}

// TestReaderDeliversTheChain: from any block on, with any bounds, the pieces are the blocks of
// the chain in order, and no file stays open; also if the caller fails at any piece, or
// ends the context there.
func TestReaderDeliversTheChain(t *testing.T) {
	c := eras(t, 800)
	s := snapshottest.New(c, 6)
	s.Seal()
	m, err := snapshot.Load(t.Context(), s, s.Params)
	if err != nil {
		t.Fatal(err)
	}
	src := &counted{Source: s}
	failure := errors.New("no more")
	for _, from := range []consensus.Height{0, 1, 5, 127, 128, 129, 300, 640, 767, 768, 5000} {
		for _, budget := range []int64{1, 60_000, 0} {
			for stopAt := range 7 {
				ctx, cancel := context.WithCancel(t.Context())
				r := snapshot.Reader{Params: s.Params, Source: src, Manifest: m, From: from, Ahead: 1 + stopAt%3, Budget: budget, Sums: stopAt%2 == 0}
				next, pieces := max(from, 1), 0
				err := r.Run(ctx, func(p *snapshot.Piece) error {
					for i, hash := range p.Headers.Hashes {
						if hash != c.ID(next).Hash || !bytes.Equal(p.Filters.Filter(i), c.Filter(next)) || p.Headers.Headers[i] != *c.At(next) {
							t.Fatalf("from %d: block %d differs", from, next)
						}
						next++
					}
					if pieces++; pieces == stopAt {
						if stopAt%2 == 0 {
							return failure
						}
						cancel()
					}
					return nil
				})
				switch {
				case next == 768 || from >= 768: // to the end
				case stopAt%2 == 0 && !errors.Is(err, failure), stopAt%2 == 1 && !errors.Is(err, context.Canceled):
					t.Errorf("from %d, stopped at piece %d: ended before block %d: %v", from, stopAt, next, err)
				}
				cancel()
				if n := src.open.Load(); n != 0 {
					t.Fatalf("%d files are open", n)
				}
			}
		}
	}
	if src.most.Load() < 4 {
		t.Errorf("at most %d files at a time", src.most.Load())
	}
}

// TestReaderLeavesFiltersOut: the files of filters of segments below the one that is needed are
// not opened, and the headers of these and all else come as ever.
func TestReaderLeavesFiltersOut(t *testing.T) {
	c := eras(t, 800)
	s := snapshottest.New(c, 6)
	s.Seal()
	m, err := snapshot.Load(t.Context(), s, s.Params)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []consensus.Height{0, 1, 130, 767} {
		for _, filtersFrom := range []consensus.Height{0, 127, 128, 300, 767, 768, consensus.Never} {
			src := &named{Source: s, opened: make(map[string]bool)}
			r := snapshot.Reader{Params: s.Params, Source: src, Manifest: m, From: from, FiltersFrom: filtersFrom, Sums: from%2 == 0}
			next := max(from, 1)
			err := r.Run(t.Context(), func(p *snapshot.Piece) error {
				whole := p.Segment.Last >= filtersFrom
				if whole != (p.Filters != nil) {
					t.Fatalf("from %d, filters from %d: block %d has filters: %v", from, filtersFrom, next, !whole)
				}
				for i, hash := range p.Headers.Hashes {
					if hash != c.ID(next).Hash || whole && !bytes.Equal(p.Filters.Filter(i), c.Filter(next)) {
						t.Fatalf("from %d, filters from %d: block %d differs", from, filtersFrom, next)
					}
					next++
				}
				return nil
			})
			if err != nil || next != 768 {
				t.Errorf("from %d, filters from %d: ended before block %d: %v", from, filtersFrom, next, err)
			}
			for i := range m.Segments {
				seg := &m.Segments[i]
				if name := seg.FiltersName(s.Params); src.opened[name] != (seg.Last >= max(from, filtersFrom)) {
					t.Errorf("from %d, filters from %d: %s was opened: %v", from, filtersFrom, name, src.opened[name])
				}
			}
		}
	}
}

// named records the names of the files that are opened.
type named struct {
	snapshot.Source
	mu     sync.Mutex
	opened map[string]bool
}

func (n *named) Open(ctx context.Context, name string, from int64) (io.ReadCloser, int64, error) {
	n.mu.Lock()
	n.opened[name] = true
	n.mu.Unlock()
	return n.Source.Open(ctx, name, from)
}

// TestUnfinishedFiles: those that a killed process left are removed, those of others are not,
// and a failed write leaves nothing behind.
func TestUnfinishedFiles(t *testing.T) {
	c := eras(t, 300)
	dir := t.TempDir()
	for _, name := range []string{"simnet-00000000-00000127-ff.headers.new", "simnet.json.new", "other.new"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte{1}, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := snapshot.Writer{Params: c.Params(), Dir: dir}
	if m, err := w.Open(t.Context()); err != nil || len(m.Segments) != 0 {
		t.Fatalf("opened %v, %v", m, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Write(ctx, snapshottest.Source{Chain: c}, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 || list[0].Name() != "other.new" {
		t.Errorf("left %v", list)
	}
}

// TestOpenOfAnUnusableDirectory: a manifest that is not understood is never overwritten.
func TestOpenOfAnUnusableDirectory(t *testing.T) {
	c := eras(t, 10)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "simnet.json"), []byte(`{"format":9}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w := snapshot.Writer{Params: c.Params(), Dir: dir}
	var fault *snapshot.Fault
	if _, err := w.Open(t.Context()); !errors.As(err, &fault) || fault.Reason != snapshot.OtherFormat {
		t.Errorf("got %v", err)
	}
}
