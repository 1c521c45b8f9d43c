package recent

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// twin keeps every header.
type twin struct {
	base  consensus.Height // of the first header that was pushed since there was none
	all   []Link
	since consensus.Height // of the first one that was pushed since none was held
}

func (w *twin) at(h consensus.Height) *Link {
	if i := int(h - w.base); i >= 0 && i < len(w.all) {
		return &w.all[i]
	}
	return nil
}

// TestHeadersAreTheNewest pushes and cuts at random: what is held is what a twin has that
// forgets nothing.
func TestHeadersAreTheNewest(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		size := 1 << r.IntN(12)
		first := consensus.Height(r.IntN(5000))
		w, all := New(first, size), twin{base: first, since: first}
		flushed := first
		for range 40 {
			if r.IntN(4) == 0 {
				cutBack(&w, &all, r)
				flushed = min(flushed, w.Next())
			} else {
				grow(&w, &all, flushed, r)
			}
			if r.IntN(2) == 0 {
				flushed = w.Next() - 1
			}
			if r.IntN(8) == 0 {
				w.Trim()
			}
			wantNewest(t, seed, &w, &all)
			if t.Failed() {
				return
			}
		}
	}
}

// grow pushes up to 1,500 headers.
func grow(w *Headers, all *twin, flushed consensus.Height, r *rand.Rand) {
	for range r.IntN(1500) {
		var h consensus.Header
		binary.LittleEndian.PutUint64(h[4:], r.Uint64())
		h[0] = byte(r.IntN(20) / 19) // the version: mostly that of the header before
		var work uint256.Uint256
		work.SetUint64(r.Uint64())
		w.Push(&h, &work, flushed)
		all.all = append(all.all, Link{Header: h, Work: work})
	}
}

// cutBack drops headers, seldom all that are held.
func cutBack(w *Headers, all *twin, r *rand.Rand) {
	next := max(all.base, w.Next()-consensus.Height(r.IntN(1200)))
	if next <= w.First() {
		all.since = next
	}
	if next < w.First() { // the caller then begins with a header that it reads elsewhere
		*all = twin{base: next, since: next}
	} else {
		all.all = all.all[:next-all.base]
	}
	w.Cut(next)
}

func wantNewest(t *testing.T, seed uint64, w *Headers, all *twin) {
	t.Helper()
	next := all.base + consensus.Height(len(all.all))
	if w.Next() != next {
		t.Errorf("seed %d: the next height is %d, want %d", seed, w.Next(), next)
	}
	known := 0 // how many blocks have the version of the one at h
	for h := all.base; h < next; h++ {
		got, want := w.At(h), all.at(h)
		if h <= all.since || all.at(h-1).Header.Version() != want.Header.Version() {
			known = 0
		}
		known++
		if h >= w.First() && (got == nil || got.Header != want.Header || got.Work != want.Work) {
			t.Errorf("seed %d: header %d of %d to %d differs", seed, h, w.First(), w.Next())
			return
		}
		if h < w.First() && got != nil {
			t.Errorf("seed %d: header %d below those that are held", seed, h)
			return
		}
		run, least := w.VersionRun(h), known
		if h < w.First() || w.size == 1 { // what is held alone has nothing before it
			least = 1
		}
		if run < least || run > known {
			t.Errorf("seed %d: a run of %d blocks up to %d, want %d to %d", seed, run, h, least, known)
			return
		}
	}
	if w.At(next) != nil || w.At(w.First()-1) != nil {
		t.Errorf("seed %d: a header is held outside of %d to %d", seed, w.First(), w.Next())
	}
	for _, part := range w.parts {
		if len(part) != int(w.part) {
			t.Errorf("seed %d: a part has %d headers", seed, len(part))
		}
	}
	if len(w.spare) > maxSpare {
		t.Errorf("seed %d: %d parts are spare", seed, len(w.spare))
	}
}

// TestAsManyAreKept pushes headers that are on disk, and some that are not: as many are kept as was
// asked for, and all that are not on disk.
func TestAsManyAreKept(t *testing.T) {
	for _, size := range []int{1, 64, 1024, 4096} {
		w := New(10, size)
		var h consensus.Header
		var work uint256.Uint256
		for range 10_000 {
			w.Push(&h, &work, w.Next())
		}
		if got := int(w.Next() - w.First()); got != size {
			t.Errorf("%d headers are held, want %d", got, size)
		}
		if most := size/int(w.part) + 1; len(w.parts) > most {
			t.Errorf("memory of %d parts for %d headers, want %d at most", len(w.parts), size, most)
		}
		flushed := w.Next() - 1
		for range 5000 {
			w.Push(&h, &work, flushed)
		}
		if w.First() > flushed+1 {
			t.Errorf("header %d is not on disk and not held", flushed+1)
		}
	}
}

// TestMemoryIsReused gives the memory of some to others: all links of these are in it.
func TestMemoryIsReused(t *testing.T) {
	const blocks, size = 5 * partSize, 8 * partSize
	fill := func(w *Headers) {
		var h consensus.Header
		var work uint256.Uint256
		for range blocks {
			w.Push(&h, &work, 0)
		}
	}
	old := New(0, size)
	fill(&old)
	memory := make(map[*Link]bool)
	for h := range consensus.Height(blocks) {
		memory[old.At(h)] = true
	}
	w := New(0, size)
	w.Reuse(&old)
	fill(&w)
	for h := range consensus.Height(blocks) {
		if l := w.At(h); l == nil || !memory[l] {
			t.Fatalf("the link at height %d is at %p, which is not of the memory given", h, l)
		}
	}
}
