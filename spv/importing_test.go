package spv

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// sealed returns a right snapshot of the first segments of a chain.
func sealed(c *testnet.Chain, segments int) *snapshottest.Snapshot {
	s := snapshottest.New(c, segments)
	params := *s.Params
	s.Params = &params
	s.Seal()
	return s
}

// importing runs a test with a syncer that has sources. Nothing of them is open at the end.
func importing(t *testing.T, c *testnet.Chain, params *consensus.Params, test func(h *house), sources ...snapshot.Source) {
	t.Helper()
	importingFor(t, c, params, nil, test, sources...)
}

// importingFor is importing with a wallet.
func importingFor(t *testing.T, c *testnet.Chain, params *consensus.Params, w Wallet, test func(h *house), sources ...snapshot.Source) {
	t.Helper()
	var watched []*watchedSource
	for i, src := range sources {
		watched = append(watched, &watchedSource{Source: src})
		sources[i] = watched[i]
	}
	inHouse(t, c, w, func(h *house) {
		h.cfg.Bootstrap, h.cfg.Params = sources, params
		s, err := New(h.cfg)
		if err != nil {
			t.Fatal(err)
		}
		h.syncer = s
		test(h)
		h.stop()
		for _, w := range watched {
			if n := w.open.Load(); n != 0 {
				t.Errorf("%d files are open", n)
			}
			if w.opened.Load() > 0 && w.closed.Load() == 0 {
				t.Error("a source was not closed")
			}
		}
	})
}

// watchedSource counts files.
type watchedSource struct {
	snapshot.Source
	open, opened, closed atomic.Int32
	onOpen               func(name string)
}

func (w *watchedSource) Open(ctx context.Context, name string, from int64) (io.ReadCloser, int64, error) {
	w.opened.Add(1)
	if w.onOpen != nil {
		w.onOpen(name)
	}
	f, size, err := w.Source.Open(ctx, name, from)
	if err != nil {
		return nil, 0, err
	}
	w.open.Add(1)
	return &watchedFile{f, w}, size, nil
}

func (w *watchedSource) Close() error {
	w.closed.Add(1)
	return w.Source.Close()
}

type watchedFile struct {
	io.ReadCloser
	of *watchedSource
}

func (f *watchedFile) Close() error {
	f.of.open.Add(-1)
	return f.ReadCloser.Close()
}

// imported is a condition: the import is over, and has reached a height.
func imported(at consensus.Height) func(Status) bool {
	return func(st Status) bool {
		return st.Phase == CatchingUp && st.Filters.Current == at && st.Headers.Current == at
	}
}

// leftWith returns the warning of the sources that were left; empty if there is none.
func leftWith(st Status) string {
	for _, w := range st.Warnings {
		if w.Code == codeBootstrap {
			return w.Text
		}
	}
	return ""
}

// TestImportReachesTheLastSegment without a peer, and one peer has the rest.
func TestImportReachesTheLastSegment(t *testing.T) {
	c := eras(t, 700)
	importing(t, c, c.Params(), func(h *house) {
		h.start()
		st := h.until(time.Minute, "imported", imported(639))
		if st.Synced || st.Ratio >= 1 || leftWith(st) != "" || !strings.Contains(st.Reason, "No peer is connected; at block 639") {
			t.Errorf("status %+v", st)
		}
		h.net.join(&fakePeer{chain: c})
		h.untilSyncedTo(time.Minute, c)
	}, sealed(c, 5))
}

// TestImportLeavesOldFiltersOut: the files of filters of segments below the floor are not read, if
// the floor is above DCP0005; a peer has the rest, and an older key has the others fetched.
func TestImportLeavesOldFiltersOut(t *testing.T) {
	script := []byte{0x51}
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Params: testnet.Eras(), Blocks: 1600, Plan: payEvery(1600, 100, script)})
	if err != nil {
		t.Fatal(err)
	}
	active := c.Params().DCP0005
	for name, tc := range map[string]struct {
		from  consensus.Height
		since time.Time
		floor consensus.Height
	}{
		"height":       {1300, time.Time{}, 1300 - floorMargin},
		"date":         {consensus.Never, c.At(1300).Time(), 1304 - floorMargin},
		"new":          {consensus.Never, c.Now().Add(time.Hour), 1408 - floorMargin},
		"after it":     {1550, time.Time{}, 1408 - floorMargin},
		"at DCP0005":   {active + floorMargin, time.Time{}, active},
		"among early":  {active + floorMargin - 1, time.Time{}, 0},
		"from genesis": {0, time.Time{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			src := &watchedSource{Source: sealed(c, 11)}
			opened := make(map[string]bool)
			var mu sync.Mutex
			src.onOpen = func(name string) {
				mu.Lock()
				opened[name] = true
				mu.Unlock()
			}
			m, err := snapshot.Load(t.Context(), src, c.Params())
			if err != nil {
				t.Fatal(err)
			}
			w := newBornDiary(t, c, tc.from, script)
			w.since = tc.since
			importingFor(t, c, c.Params(), w, func(h *house) {
				w.changed = make(chan struct{}, 1)
				h.start()
				st := h.until(time.Minute, "imported", imported(1407))
				if st.Floor != tc.floor || leftWith(st) != "" {
					t.Errorf("after the import the floor is %d: %+v", st.Floor, st)
				}
				for i := range m.Segments {
					seg := &m.Segments[i]
					if name := seg.FiltersName(c.Params()); opened[name] != (seg.Last >= tc.floor) {
						t.Errorf("with the floor at %d %s was opened: %v", tc.floor, name, opened[name])
					}
				}
				h.net.join(&fakePeer{chain: c, latency: latency})
				h.untilSyncedFrom(time.Minute, c, tc.floor)
				w.lower(0)
				h.untilSyncedFrom(time.Minute, c, 0)
				h.wantFound(w, 0, 1600, 100)
			}, src)
		})
	}
}

// TestForgedSnapshotsAreLeft: each is named in the status with its own sentence, and the sync
// is completed from a peer as if there had been none.
func TestForgedSnapshotsAreLeft(t *testing.T) {
	c := eras(t, 600)
	for _, f := range snapshottest.Forgeries() {
		t.Run(f.Name, func(t *testing.T) {
			s := sealed(c, 4)
			f.Forge(s)
			otherRules := s.Params.DCP0011 != c.Params().DCP0011 || len(s.Params.Waypoints) > 0 || s.Params.ChainParams != c.Params().ChainParams
			importing(t, c, s.Params, func(h *house) {
				h.start()
				st := h.until(time.Minute, "left", func(st Status) bool { return st.Phase == CatchingUp })
				text := leftWith(st)
				if says := f.Says; !strings.Contains(text, "The snapshot memory was left at block ") || f.Otherwise == 0 && !strings.Contains(text, says) {
					t.Errorf("warning %q, want %q", text, says)
				}
				if at := consensus.Height(128*f.Kept - 1); st.Filters.Current > at+128 {
					t.Errorf("filters at %d, and only those up to %d are right", st.Filters.Current, at)
				}
				if otherRules {
					return
				}
				h.net.join(&fakePeer{chain: c})
				st = h.until(10*time.Minute, "synced", Synced)
				if st.Tip != c.Tip() || st.Reorgs > 1 {
					t.Errorf("status %+v", st)
				}
				if len(h.net.accused) > 0 {
					t.Errorf("accused %v", h.net.accused)
				}
				store, err := h.syncer.Chain()
				if err != nil || store.Check(t.Context()) != nil {
					t.Errorf("the store does not pass its check: %v", err)
				}
			}, s)
		})
	}
}

// TestSourcesFollowEachOther: one that is wrong, one that ends early, and one with the rest.
func TestSourcesFollowEachOther(t *testing.T) {
	c := eras(t, 700)
	wrong := sealed(c, 4)
	wrong.Parts[3].Filters[5] = []byte{1}
	wrong.Seal()
	missing := sealed(c, 1)
	missing.Files = nil
	importing(t, c, c.Params(), func(h *house) {
		h.start()
		st := h.until(time.Minute, "imported", imported(639))
		text := leftWith(st)
		if !strings.Contains(text, "there is no file simnet.json. The snapshot") || !strings.Contains(text, "segment 384–511: a filter is wrong") {
			t.Errorf("warning %q", text)
		}
	}, missing, wrong, sealed(c, 2), sealed(c, 5))
}

// TestImportGoesOnAfterARestart, wherever it was stopped, and reads nothing twice but the
// segment that it stopped in.
func TestImportGoesOnAfterARestart(t *testing.T) {
	c := eras(t, 1000)
	for stopAt := 1; stopAt < 16; stopAt++ {
		src := sealed(c, 7)
		importing(t, c, c.Params(), func(h *house) {
			w := h.cfg.Bootstrap[0].(*watchedSource)
			reached := make(chan struct{}, 1)
			var mu sync.Mutex // guards opened
			var opened []string
			w.onOpen = func(name string) {
				if int(w.opened.Load()) >= stopAt {
					select {
					case reached <- struct{}{}:
					default:
					}
				}
			}
			h.start()
			<-reached
			h.stop()
			stood := int(h.syncer.Status().Filters.Current)
			w.onOpen = func(name string) {
				mu.Lock()
				defer mu.Unlock()
				opened = append(opened, name)
			}
			h.start()
			h.until(time.Minute, "imported", imported(895))
			mu.Lock()
			defer mu.Unlock()
			for i := range 7 { // of the segment that it stopped in the rest is read
				if again := slices.Contains(opened, src.Name(i, ".filters")); again != (128*i+127 > stood) {
					t.Errorf("stopped at file %d and block %d: opened %v", stopAt, stood, opened)
				}
			}
		}, src)
	}
}

// TestStoreWithMoreThanTheSnapshot is left alone.
func TestStoreWithMoreThanTheSnapshot(t *testing.T) {
	c := eras(t, 700)
	importing(t, c, c.Params(), func(h *house) {
		h.net.join(&fakePeer{chain: c})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.stop()
		w := h.cfg.Bootstrap[0].(*watchedSource)
		before := w.opened.Load()
		h.start()
		h.untilSyncedTo(time.Minute, c)
		if n := w.opened.Load() - before; n != 1 {
			t.Errorf("%d files were opened, want the manifest", n)
		}
		if text := leftWith(h.syncer.Status()); text != "" {
			t.Errorf("warning %q", text)
		}
	}, sealed(c, 2))
}

// TestSnapshotOfAnotherBranch: with more work it takes the place of the chain, with less it is
// left; either way the branch of the peers with the most work wins.
func TestSnapshotOfAnotherBranch(t *testing.T) {
	base := eras(t, 700)
	for _, at := range []consensus.Height{690, 640, 600, 500} {
		for _, longer := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d %v", at, longer), func(t *testing.T) {
				n := 1100 - int(at)
				if !longer {
					n = 620 - int(at)
				}
				other := base.Fork(at, max(n, 40), 99)
				segments := (int(other.Height()) + 1) / 128
				importing(t, base, base.Params(), func(h *house) {
					h.cfg.Bootstrap = nil
					first, err := New(h.cfg)
					if err != nil {
						t.Fatal(err)
					}
					second := h.syncer
					h.syncer = first
					h.net.join(&fakePeer{chain: base})
					h.start()
					h.untilSyncedTo(time.Minute, base)
					h.stop()
					for _, p := range h.net.peers {
						h.net.leave(p)
					}
					h.syncer = second
					h.start()
					st := h.until(time.Minute, "over", func(st Status) bool { return st.Phase == CatchingUp })
					last := other.ID(consensus.Height(segments*128 - 1))
					switch {
					case last.Height > 700 && st.Tip != last:
						t.Errorf("at %v, and the branch to %v has more work: %q", st.Tip, last, leftWith(st))
					case last.Height < 700 && st.Tip != base.Tip():
						t.Errorf("at %v, and the branch to %v has less work: %q", st.Tip, last, leftWith(st))
					}
					h.net.join(&fakePeer{chain: base.Fork(650, 900, 5)})
					st = h.until(10*time.Minute, "synced", Synced)
					if st.Tip.Height != 1550 {
						t.Errorf("synced at %v", st.Tip)
					}
				}, sealed(other, segments))
			})
		}
	}
}

// TestEarlyFiltersOfAShortSnapshot: those that a snapshot ends with before anything proves
// them are fetched again when the rest, which a peer sends, does not fit them.
func TestEarlyFiltersOfAShortSnapshot(t *testing.T) {
	c := eras(t, 500)
	s := sealed(c, 2)
	s.Parts[0].Filters[50][2] ^= 1
	s.Seal()
	importing(t, c, c.Params(), func(h *house) {
		h.start()
		h.until(time.Minute, "imported", imported(255))
		h.net.join(&fakePeer{chain: c})
		h.untilSyncedTo(time.Minute, c)
		if len(h.net.accused) > 0 {
			t.Errorf("accused %v", h.net.accused)
		}
	}, s)
}
