package waypoints

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// history is a main chain as its twin keeps it: whether the block at each height is the one that
// a waypoint there would name.
type history struct {
	params *consensus.Params
	right  []bool
}

// split returns the waypoints up to a height that the chain holds, and those that it contradicts.
func (h *history) split(upTo consensus.Height) (holds, lacks []consensus.BlockID) {
	for _, p := range h.params.Waypoints {
		switch {
		case p.Height > upTo || int(p.Height) >= len(h.right):
		case h.right[p.Height]:
			holds = append(holds, p)
		default:
			lacks = append(lacks, p)
		}
	}
	return holds, lacks
}

func (h *history) tip() consensus.Height { return consensus.Height(len(h.right)) - 1 }

// TestEqualsTwin compares sets with chains of which every block is known, which are loaded, taken
// back, and extended by blocks that contradict nothing.
func TestEqualsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	contradictions := 0
	for range 400 {
		p := *consensus.SimNet()
		p.Waypoints = nil
		for h := 1; h < 60; h += 1 + r.IntN(12) {
			p.Waypoints = append(p.Waypoints, consensus.BlockID{Height: consensus.Height(h), Hash: chainhash.Hash{byte(h)}})
		}
		twin := history{params: &p, right: make([]bool, 1+r.IntN(60))}
		for i := range twin.right {
			twin.right[i] = r.IntN(3) > 0
		}
		s := New(&p)
		hashAt := func(h consensus.Height) (chainhash.Hash, error) {
			if twin.right[h] {
				return chainhash.Hash{byte(h)}, nil
			}
			return chainhash.Hash{0xff}, nil
		}
		if err := s.Compare(twin.tip(), hashAt); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			check(t, r, &s, &twin)
			if _, lacks := twin.split(consensus.Never); len(lacks) > 0 {
				contradictions++
			}
			to := r.IntN(len(twin.right))
			twin.right = twin.right[:to+1]
			s.TakenBack(consensus.Height(to))
			check(t, r, &s, &twin)
			for range r.IntN(20) {
				twin.right = append(twin.right, true)
			}
		}
	}
	if contradictions < 400 {
		t.Errorf("%d chains contradict waypoints: the test is blind", contradictions)
	}
}

func check(t *testing.T, r *rand.Rand, s *Set, twin *history) {
	t.Helper()
	holds, lacks := twin.split(consensus.Never)
	if got := s.Contradicted(); !slices.Equal(got, lacks) {
		t.Fatalf("contradicted are %v, want %v", got, lacks)
	}
	last := consensus.Height(0)
	if len(holds) > 0 {
		last = holds[len(holds)-1].Height
	}
	if got := s.Last(twin.tip()); got != last {
		t.Fatalf("the last one is at %d, want %d", got, last)
	}
	fork := consensus.Height(r.IntN(len(twin.right)))
	tip := fork + consensus.Height(r.IntN(30))
	below, _ := twin.split(fork)
	on := len(below)
	for _, p := range twin.params.Waypoints {
		if p.Height > fork && p.Height <= tip {
			on++
		}
	}
	if got := s.On(fork, tip); got != on {
		t.Fatalf("a branch from %d to %d has %d, want %d", fork, tip, got, on)
	}
	first := consensus.Never
	for _, p := range slices.Backward(lacks) {
		if p.Height > fork {
			first = p.Height
		}
	}
	if got := s.FirstContradicted(fork); got != first {
		t.Fatalf("the first one above %d is at %d, want %d", fork, got, first)
	}
}

func TestCompareFails(t *testing.T) {
	p := *consensus.SimNet()
	p.Waypoints = []consensus.BlockID{{Height: 1}, {Height: 5}}
	s, failure := New(&p), errors.New("damaged")
	if err := s.Compare(4, func(consensus.Height) (chainhash.Hash, error) { return chainhash.Hash{}, failure }); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	if err := s.Compare(0, func(consensus.Height) (chainhash.Hash, error) { return chainhash.Hash{}, failure }); err != nil {
		t.Errorf("below the first waypoint: %v", err)
	}
}
