package filtersync

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/p2p"
)

// TestEarlySetsKeepTheBudget lets peers that all serve something else be compared, and
// counts what is fetched in a day.
func TestEarlySetsKeepTheBudget(t *testing.T) {
	const size = 3_000
	s := &earlySets{}
	first := []chainhash.Hash{{1}, {2}, {3}}
	s.wrong(first, size)
	now := time.Unix(1_800_000_000, 0)
	live := make([]p2p.PeerID, 40)
	for i := range live {
		live[i] = p2p.PeerID(i + 1)
	}
	group := func(id p2p.PeerID) string { return fmt.Sprint(id) }
	for day := range 3 {
		fetched := 0
		for range 20 {
			id, ask := s.next(live, group, now)
			if id == 0 {
				break
			}
			s.asked = append(s.asked, id)
			o := &earlyOpinion{peer: id, group: group(id), pieces: make(map[int]chainhash.Hash)}
			for _, k := range ask {
				o.pieces[k] = chainhash.Hash{byte(k), byte(id), 7}
			}
			fetched += len(ask) * size / len(first)
			s.add(o, len(ask)*size/len(first), 1)
			now = now.Add(time.Minute)
		}
		if want := earlyBudget * size; fetched != want || s.target != nil {
			t.Fatalf("day %d: %d bytes, want %d", day, fetched, want)
		}
		now = now.Add(24 * time.Hour)
	}
}

// TestEarlySetsAskOnlyForWhatDiffers holds that a third peer is asked only for the pieces on
// which the first two disagree, and that the most common pieces of all are chosen.
func TestEarlySetsAskOnlyForWhatDiffers(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		right := make([]chainhash.Hash, 8)
		for k := range right {
			right[k] = chainhash.Hash{byte(k), 1}
		}
		s := &earlySets{}
		s.wrong(right, 8000)
		lies := [2]int{r.IntN(8), r.IntN(8)} // each of the first two is wrong in one piece
		live := []p2p.PeerID{1, 2, 3, 4}
		group := func(p2p.PeerID) string { return "" }
		for n := range 4 {
			id, ask := s.next(live, group, time.Unix(1, 0))
			if id == 0 {
				break
			}
			if n == 2 && lies[0] != lies[1] && len(ask) != 2 || n == 2 && lies[0] == lies[1] && len(ask) != 1 {
				t.Fatalf("seed %d: the third is asked for %v, lies in %v", seed, ask, lies)
			}
			s.asked = append(s.asked, id)
			o := &earlyOpinion{peer: id, pieces: make(map[int]chainhash.Hash)}
			for _, k := range ask {
				o.pieces[k] = right[k]
				if n < 2 && lies[n] == k {
					o.pieces[k] = chainhash.Hash{byte(k), byte(id), 9}
				}
			}
			s.add(o, 1000*len(ask), len(live)-n-1)
			if s.target != nil {
				break
			}
		}
		if _, differs := s.differs(); s.target == nil || differs || !s.accepted {
			t.Fatalf("seed %d: target %v", seed, s.target)
		}
	}
}
