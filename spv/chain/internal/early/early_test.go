package early

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// twin is a chain whose filters are all kept, wrong ones too.
type twin struct {
	params *consensus.Params
	right  [][]byte // the filters that the network has
	held   [][]byte // those that the chain has, from the genesis block on
	floor  consensus.Height
}

// proven reports whether the early filters are the right ones, by a look at each of them.
func (w *twin) proven() bool {
	active := int(w.params.DCP0005)
	if int(w.floor) >= active {
		return true
	}
	if len(w.held) < active {
		return false
	}
	for i := range active {
		if string(w.held[i]) != string(w.right[i]) {
			return false
		}
	}
	return true
}

// next returns a batch of filters that come next, some of which may be wrong.
func (w *twin) next(t *testing.T, r *rand.Rand, n int) *consensus.FilterBatch {
	t.Helper()
	var targets []consensus.FilterTarget
	var filters [][]byte
	wrong := -1
	if r.IntN(6) == 0 {
		wrong = r.IntN(n)
	}
	for i := range n {
		h := len(w.held) + i
		f := w.right[h]
		if i == wrong && h < int(w.params.DCP0005) {
			f = append([]byte{0xee}, f...)
		}
		targets = append(targets, consensus.FilterTarget{
			BlockID: consensus.BlockID{Height: consensus.Height(h)}, Root: chainhash.HashH(w.right[h]),
		})
		filters = append(filters, f)
	}
	b := consensus.RestoreFilters(w.params, targets, filters)
	if b.Len() != n {
		t.Fatalf("%d of %d filters in the batch", b.Len(), n)
	}
	return b
}

// TestEqualsTwin plays chains whose filters come, are taken back, are loaded again, begin again and
// are skipped, and looks at all of them each time. The hash that is known may be that of one more
// filter.
func TestEqualsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	yes, no := 0, 0
	for turn := range 300 {
		p := *consensus.SimNet()
		p.DCP0005 = consensus.Height(1 + r.IntN(30))
		w := &twin{params: &p}
		known := consensus.NewEarlyFilterHash()
		for i := range 80 {
			f := make([]byte, 1+r.IntN(20))
			for j := range f {
				f[j] = byte(r.Uint32())
			}
			w.right = append(w.right, f)
			if i < int(p.DCP0005)+turn%2 {
				known.Add(f)
			}
		}
		p.EarlyFilters = known.Sum()
		w.held = w.right[:1:1]
		e := New(&p)
		e.Restart(w.right[0])
		for range 30 {
			play(t, r, &e, w)
			// Without the filter after the early ones these need not be judged yet.
			if len(w.held) == int(p.DCP0005) && !e.Proven() {
				continue
			}
			if got, want := e.Proven(), w.proven(); got != want {
				t.Fatalf("%d filters of %d early ones, floor %d: proven %v", len(w.held), p.DCP0005, w.floor, got)
			}
			if e.Proven() {
				yes++
			} else {
				no++
			}
		}
	}
	if yes < 500 || no < 500 {
		t.Errorf("%d proven, %d not: the test is blind", yes, no)
	}
}

// play does one thing that may happen to a chain.
func play(t *testing.T, r *rand.Rand, e *Proof, w *twin) {
	t.Helper()
	end := consensus.Height(len(w.held)) - 1
	each := func(fn func([]byte)) error {
		for _, f := range w.held[:min(len(w.held), int(w.params.DCP0005))] {
			fn(f)
		}
		return nil
	}
	switch k := r.IntN(10); {
	case k < 6 && len(w.held) < 70:
		b := w.next(t, r, 1+r.IntN(10))
		if err := e.CatchUp(end, each); err != nil {
			t.Fatal(err)
		}
		e.Add(b, w.floor)
		for i := range b.Len() {
			w.held = append(w.held, b.Filter(i))
		}
	case k == 6 && w.floor == 0:
		to := r.IntN(len(w.held))
		w.held = w.held[: to+1 : to+1]
		e.TakenBack(consensus.Height(to), w.floor)
	case k == 7 && w.floor == 0:
		if err := e.CatchUp(end, each); err != nil {
			t.Fatal(err)
		}
		loaded := New(w.params)
		err := loaded.Load(e.Hash(), w.floor, end, func() ([]byte, error) { return w.held[w.params.DCP0005], nil })
		if err != nil {
			t.Fatal(err)
		}
		*e = loaded
	case k == 8:
		w.held, w.floor = w.right[:1:1], 0
		e.Restart(w.right[0])
	case k == 9 && r.IntN(3) == 0:
		w.held, w.floor = w.right[:40:40], w.params.DCP0005
		e.Skip()
	}
}

func TestErrors(t *testing.T) {
	p := *consensus.SimNet()
	p.DCP0005 = 3
	failure := errors.New("damaged")
	hash := consensus.NewEarlyFilterHash()
	for range p.DCP0005 {
		hash.Add([]byte{1})
	}
	e := New(&p)
	if err := e.Load(&hash, 0, 3, func() ([]byte, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("Load: %v", err)
	}
	if err := e.CatchUp(1, func(func([]byte)) error { return failure }); !errors.Is(err, failure) || e.Hash().Next() != 3 {
		t.Errorf("CatchUp: %v, the hash goes to %d", err, e.Hash().Next())
	}
	none := New(consensus.SimNet())
	if none.Hash() != nil || !none.Proven() {
		t.Error("a network without early filters has some")
	}
}
