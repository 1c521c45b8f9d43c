package sidetree

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// offshoot makes n headers on top of a parent, each worth the given work. Their
// hashes are made up: the tree only compares them.
func offshoot(parent chainhash.Hash, height consensus.Height, before, work uint64, n int, source uint64, r *rand.Rand) []*Header {
	var headers []*Header
	for range n {
		h := &Header{Source: source}
		copy(h.Header[offPrevBlock:], parent[:])
		binary.LittleEndian.PutUint32(h.Header[offHeight:], uint32(height))
		binary.LittleEndian.PutUint64(h.Hash[:], r.Uint64())
		before += work
		h.Work.SetUint64(before)
		headers = append(headers, h)
		parent, height = h.Hash, height+1
	}
	return headers
}

// Where the fields are in a header.
const (
	offPrevBlock = 4
	offHeight    = 128
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// root is a block of the main chain that branches leave.
var root = chainhash.Hash{1}

func onRoot(id consensus.BlockID) bool { return id.Hash == root }

// wantSound checks what always holds: the counts, the bounds, and that every
// branch comes down to the main chain.
func wantSound(t *testing.T, tr *Tree) {
	t.Helper()
	owned := map[uint64]int{}
	for hash, h := range tr.headers {
		owned[h.Source]++
		parent := h.PrevBlock()
		if hash != h.Hash || tr.headers[parent] == nil && parent != root {
			t.Fatalf("header %v hangs in the air", hash)
		}
	}
	total := 0
	for source, n := range owned {
		total += n
		if n != tr.owned[source] || source != NoSource && n > tr.maxPerSource {
			t.Fatalf("source %d has %d headers, counted as %d", source, n, tr.owned[source])
		}
	}
	if len(owned) != len(tr.owned) || total > tr.max {
		t.Fatalf("%d headers of %d sources, counted %d", total, len(owned), len(tr.owned))
	}
}

// Whatever comes, the bounds hold and every branch is whole.
func TestTreeStaysSound(t *testing.T) {
	for seed := range uint64(20) {
		r := random(seed)
		tr := New(100+r.IntN(200), 20+r.IntN(100))
		for range 300 {
			source := uint64(1 + r.IntN(6))
			parent, height, work := root, consensus.Height(1), uint64(1000)
			var below []*Header
			for hash, h := range tr.headers { // any that comes first
				if r.IntN(4) == 0 {
					break
				}
				below = tr.Path(hash)
				parent, height, work = hash, h.Height()+1, h.Work.Uint64()
				break
			}
			fresh := offshoot(parent, height, work, uint64(1+r.IntN(9)), 1+r.IntN(40), source, r)
			took := tr.Insert(fresh, below, source)
			for i, h := range fresh {
				if (tr.headers[h.Hash] != nil) != (i < took) {
					t.Fatalf("seed %d: took %d of %d headers, but not the first ones", seed, took, len(fresh))
				}
			}
			for _, h := range below {
				if tr.headers[h.Hash] == nil {
					t.Fatalf("seed %d: the branch made room for its own end", seed)
				}
			}
			if r.IntN(20) == 0 {
				tr.Disown(source)
			}
			wantSound(t, tr)
		}
	}
}

// The flood of one source, and of many that come and go, takes no room from a
// branch of another source that needs it.
func TestFloodTakesNoRoomFromOthers(t *testing.T) {
	r := random(7)
	tr := New(1000, 500)
	honest := offshoot(root, 1, 0, 1, 300, 1, r) // less work than all of the flood
	if got := tr.Insert(honest, nil, 1); got != 300 {
		t.Fatalf("took %d of 300 headers", got)
	}
	for i := range uint64(100) {
		source := 2 + i/10
		tr.Insert(offshoot(root, 1, 1e6, 100, 40, source, r), nil, source)
		if i%10 == 9 {
			tr.Disown(source)
		}
		wantSound(t, tr)
	}
	if got := len(tr.Path(honest[299].Hash)); got != 300 {
		t.Fatalf("%d of 300 headers are left", got)
	}
	more := offshoot(honest[299].Hash, 301, 300, 1, 150, 1, r)
	if got := tr.Insert(more, honest, 1); got != 150 {
		t.Fatalf("took %d of 150 headers more", got)
	}
	wantSound(t, tr)
}

// Of one source the branches with the least work go, and what has even less
// does not come in.
func TestLeastWorkMakesRoom(t *testing.T) {
	r := random(8)
	tr := New(1000, 100)
	weak := offshoot(root, 1, 100, 1, 50, 1, r)
	strong := offshoot(root, 1, 900, 1, 50, 1, r)
	tr.Insert(weak, nil, 1)
	tr.Insert(strong, nil, 1)
	if got := tr.Insert(offshoot(root, 1, 10, 1, 20, 1, r), nil, 1); got != 0 {
		t.Fatalf("took %d headers with less work than all others", got)
	}
	if got := tr.Insert(offshoot(root, 1, 500, 1, 50, 1, r), nil, 1); got != 50 {
		t.Fatalf("took %d of 50 headers", got)
	}
	if got := len(tr.Path(strong[49].Hash)); got != 50 {
		t.Fatalf("%d of the 50 headers with the most work are left", got)
	}
	if got := len(tr.Path(weak[49].Hash)); got != 0 {
		t.Fatalf("%d of the 50 headers with the least work are left", got)
	}
	wantSound(t, tr)
}

// A branch that is as long as its bound does not make room for its own end.
func TestBranchDoesNotEatItself(t *testing.T) {
	r := random(9)
	tr := New(1000, 100)
	long := offshoot(root, 1, 0, 1, 90, 1, r)
	tr.Insert(long, nil, 1)
	if got := tr.Insert(offshoot(long[89].Hash, 91, 90, 1, 30, 1, r), long, 1); got != 10 {
		t.Fatalf("took %d headers where there is room for 10", got)
	}
	wantSound(t, tr)
}

// Pruning leaves what is connected to the main chain and nothing else.
func TestPrune(t *testing.T) {
	r := random(10)
	tr := New(1000, 1000)
	kept := offshoot(root, 1, 0, 1, 10, 1, r)
	lost := offshoot(chainhash.Hash{2}, 1, 0, 1, 10, 1, r)
	tr.Insert(kept, nil, 1)
	tr.Insert(lost, nil, 1)
	tr.Insert(offshoot(lost[4].Hash, 6, 5, 1, 10, 2, r), lost[:5], 2)
	tr.Prune(onRoot)
	if len(tr.headers) != 10 || len(tr.Path(kept[9].Hash)) != 10 {
		t.Fatalf("%d headers are left", len(tr.headers))
	}
	wantSound(t, tr)
}

// A source whose share is full makes a pass over the whole tree neither with branches
// that are worth no more than what it has, nor with ever better ones, for each header.
func TestFloodOfSingleHeadersMakesFewPasses(t *testing.T) {
	const perSource, flood = 1000, 20_000
	for name, work := range map[string]func(i uint64) uint64{
		"equal":     func(uint64) uint64 { return 500 },
		"rising":    func(i uint64) uint64 { return 500 + i },
		"falling":   func(i uint64) uint64 { return 500 + flood - i },
		"two":       func(i uint64) uint64 { return 500 + i%2 },
		"sawtooth":  func(i uint64) uint64 { return 500 + i%perSource },
		"slow rise": func(i uint64) uint64 { return 500 + i/perSource },
	} {
		r := random(11)
		tr := New(2*perSource, perSource)
		tr.Insert(offshoot(root, 1, 0, 1, 500, 1, r), nil, 1) // of another source
		for i := range uint64(flood) {
			tr.Insert(offshoot(root, 1, work(i), 0, 1, 2, r), nil, 2)
		}
		wantSound(t, tr)
		if most := 8 * flood / perSource; tr.passes > most {
			t.Errorf("%s work: %d passes for %d headers, want at most %d", name, tr.passes, flood, most)
		}
	}
}

// The same of headers that follow one branch after the other: none of those below makes
// room for them.
func TestFloodOnTwoBranchesMakesFewPasses(t *testing.T) {
	const perSource, flood = 1000, 5_000
	r := random(12)
	tr := New(2*perSource, perSource)
	low, high := offshoot(root, 1, 0, 1, 500, 1, r), offshoot(root, 1, 1000, 1, 500, 1, r)
	tr.Insert(low, nil, 1)
	tr.Insert(high, nil, 1)
	for range flood {
		tr.Insert(offshoot(low[499].Hash, 501, 500, 1, 1, 1, r), low, 1)
		tr.Insert(offshoot(high[499].Hash, 501, 1500, 1, 1, 1, r), high, 1)
	}
	wantSound(t, tr)
	if most := 2*8*flood/perSource + 1; tr.passes > most {
		t.Errorf("%d passes for %d headers, want at most %d", tr.passes, 2*flood, most)
	}
}
