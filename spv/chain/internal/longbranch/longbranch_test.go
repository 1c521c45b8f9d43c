package longbranch

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// list is a main chain as the rules see it.
type list []consensus.Header

func (l list) At(h consensus.Height) *consensus.Header {
	if h < 0 || int(h) >= len(l) {
		return nil
	}
	return &l[h]
}

// headers returns n headers of a branch from a height on, told apart by a number. Nothing of them
// matters here but their height, hash and work.
func headers(from consensus.Height, n int, number uint32) []*sidetree.Header {
	var path []*sidetree.Header
	for i := range n {
		h := new(sidetree.Header)
		binary.LittleEndian.PutUint32(h.Header[128:], uint32(from)+uint32(i)) // height
		binary.LittleEndian.PutUint32(h.Header[144:], number)                 // extra data
		h.Hash = h.Header.Hash()
		h.Work.SetUint64(uint64(from) + uint64(i))
		path = append(path, h)
	}
	return path
}

// TestBranchEqualsTwin compares a branch with the list of all its headers: what the rules look at
// is there, and so is each mark.
func TestBranchEqualsTwin(t *testing.T) {
	const window = 64
	r := rand.New(rand.NewPCG(81, 82))
	for range 100 {
		p := *consensus.SimNet()
		p.ASERTAnchor = consensus.Height(r.IntN(300))
		spacing := consensus.Height(1 + r.IntN(40))
		var main list
		for _, h := range headers(0, 100, 0) {
			main = append(main, h.Header)
		}
		fork := consensus.Height(r.IntN(100))
		path := headers(fork+1, 1+r.IntN(400), 1)
		begin := 1 + r.IntN(len(path))
		kept := r.IntN(begin + 1)
		s := New(&p, window, spacing)
		s.Weigh(main, fork, path[:begin], kept, 7)
		b := s.EndingIn(path[begin-1].Hash)
		if b == nil {
			t.Fatal("the branch is not there")
		}
		for _, h := range path[begin:] {
			b.Push(h)
		}

		var marks []consensus.BlockID
		for i, h := range path {
			if h.Height()%spacing == 0 {
				marks = append(marks, consensus.BlockID{Height: h.Height(), Hash: h.Hash})
			}
			got := b.At(h.Height())
			if (i >= len(path)-window || h.Height() == p.ASERTAnchor) && (got == nil || *got != h.Header) {
				t.Fatalf("header %d of %d above block %d: got %v", i, len(path), fork, got)
			}
			if got != nil && *got != h.Header {
				t.Fatalf("header %d of %d is another one", i, len(path))
			}
		}
		for h := range fork + 1 {
			if got := b.At(h); got == nil || *got != main[h] {
				t.Fatalf("block %d of the main chain, fork %d: got %v", h, fork, got)
			}
		}
		last := path[len(path)-1]
		var keptID consensus.BlockID
		if kept > 0 {
			keptID = consensus.BlockID{Height: path[kept-1].Height(), Hash: path[kept-1].Hash}
		}
		if b.Tip.Hash != last.Hash || b.Work != last.Work || b.Fork != fork || b.Kept != keptID || !slices.Equal(b.Marks, marks) {
			t.Fatalf("got %+v, want the tip %v, kept %v and marks %v", b, last.Hash, keptID, marks)
		}
	}
}

// weighed is a branch as the twin of a set keeps it.
type weighed struct {
	source uint64
	fork   consensus.Height
	tip    chainhash.Hash
}

// TestSetEqualsTwin plays sets, and compares which branches are weighed.
func TestSetEqualsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(83, 84))
	p := consensus.SimNet()
	s := New(p, 16, 4)
	var twin []weighed // the one that was added to last at the end
	removed := 0
	for turn := range 5000 {
		source, fork := r.Uint64N(12), consensus.Height(r.IntN(20))
		switch k := r.IntN(12); {
		case k < 6:
			path := headers(fork+1, 1+r.IntN(5), uint32(turn))
			s.Weigh(list(nil), fork, path, 0, source)
			if i := slices.IndexFunc(twin, func(w weighed) bool { return w.source == source }); i >= 0 {
				twin = slices.Delete(twin, i, i+1)
			} else if len(twin) == Max {
				twin = twin[1:]
			}
			twin = append(twin, weighed{source, fork, path[len(path)-1].Hash})
		case k < 9 && len(twin) > 0:
			i := r.IntN(len(twin))
			b := s.EndingIn(twin[i].tip)
			if b == nil {
				t.Fatalf("turn %d: branch %d is not there", turn, i)
			}
			s.Touch(b, source)
			h := headers(b.Tip.Height+1, 1, uint32(turn))[0]
			b.Push(h)
			w := twin[i]
			w.source, w.tip = source, h.Hash
			twin = append(slices.Delete(twin, i, i+1), w)
		case k == 9:
			s.Forget(source)
			twin = slices.DeleteFunc(twin, func(w weighed) bool { return w.source == source })
		case k == 10:
			s.TakenBack(fork)
			twin = slices.DeleteFunc(twin, func(w weighed) bool { return w.fork > fork })
		case k == 11 && len(twin) > 0:
			i := r.IntN(len(twin))
			s.Remove(s.EndingIn(twin[i].tip))
			twin = slices.Delete(twin, i, i+1)
			removed++
		}
		if s.Len() != len(twin) || s.Len() > Max {
			t.Fatalf("turn %d: %d branches, want %d", turn, s.Len(), len(twin))
		}
		for i, b := range s.list {
			if w := twin[i]; b.Source != w.source || b.Fork != w.fork || b.Tip.Hash != w.tip {
				t.Fatalf("turn %d: branch %d is %+v, want %+v", turn, i, b, w)
			}
		}
	}
	if removed < 100 {
		t.Errorf("%d removed: the test is blind", removed)
	}
	if s.EndingIn(chainhash.Hash{1}) != nil {
		t.Error("a branch ends in a block that no source has sent")
	}
}

// TestGoal: the headers of the branch pass, others at the height of a mark do not, and a side
// branch is nearer if it has a mark.
func TestGoal(t *testing.T) {
	p := consensus.SimNet()
	s := New(p, 16, 5)
	path := headers(11, 30, 1)
	s.Weigh(list(nil), 10, path, 0, 3)
	g := GoalOf(s.EndingIn(path[29].Hash))
	var want uint256.Uint256
	want.SetUint64(40)
	if g.Source != 3 || g.Work != want {
		t.Errorf("got %+v", g)
	}
	other := headers(11, 30, 2)
	for i := range path {
		if err := g.Check(consensus.BlockID{Height: path[i].Height(), Hash: path[i].Hash}); err != nil {
			t.Error(err)
		}
		err := g.Check(consensus.BlockID{Height: other[i].Height(), Hash: other[i].Hash})
		var broken *consensus.RuleError
		switch marked := other[i].Height()%5 == 0; {
		case marked && (!errors.As(err, &broken) || broken.Rule != consensus.RuleWaypoint || broken.Rule.Proven()):
			t.Errorf("another block %d: %v", other[i].Height(), err)
		case !marked && err != nil:
			t.Error(err)
		}
		if got, want := g.Nearer(10, path[:i]), i >= 5; got != want {
			t.Errorf("with %d of its headers a branch is nearer: %v", i, got)
		}
	}
	if g.Nearer(10, other) || g.Nearer(40, headers(41, 9, 1)) {
		t.Error("a branch without a mark is nearer")
	}
	var none *Goal
	if none.Check(consensus.BlockID{Height: 15}) != nil || none.Nearer(10, path) {
		t.Error("there is no goal")
	}
}
