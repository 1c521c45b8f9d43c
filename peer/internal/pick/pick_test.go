package pick

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/spv/p2p"
)

// TestChoose checks each criterion of the choice between two peers.
func TestChoose(t *testing.T) {
	base := Candidate{Window: 8, Bytes: 1e4, Latency: 0.05, Rate: 1e6}
	with := func(change func(*Candidate)) Candidate {
		c := base
		change(&c)
		return c
	}
	for _, tc := range []struct {
		name  string
		other Candidate // against base
		want  Want
		best  int
	}{
		{"equal", base, Want{}, 0},
		{"less in flight", with(func(c *Candidate) { c.Bytes = 0 }), Want{}, 1},
		{"lower latency", with(func(c *Candidate) { c.Latency = 0.01 }), Want{}, 1},
		{"higher rate", with(func(c *Candidate) { c.Rate = 1e7 }), Want{Bytes: 1e5}, 1},
		{"never measured", with(func(c *Candidate) { c.Rate = 0; c.Latency = 0.04 }), Want{Bytes: 1e5}, 1},
		{"silent but faster", with(func(c *Candidate) { c.Silent = 1; c.Latency = 0.02 }), Want{}, 0},
		{"bad standing", with(func(c *Candidate) { c.Points = 50; c.Latency = 0.04 }), Want{}, 0},
		{"full", with(func(c *Candidate) { c.Requests = 8; c.Latency = 0 }), Want{}, 0},
		{"too many bytes", with(func(c *Candidate) { c.Requests = 1; c.Bytes = 1 << 20; c.Rate = 1e12; c.Latency = 0 }), Want{Bytes: 1}, 0},
	} {
		tc.want.Kind = conn.GetCFilters
		peers := []Candidate{base, tc.other}
		peers[0].ID, peers[1].ID = 1, 2
		if got := Choose(peers, tc.want, 1<<20); got != tc.best {
			t.Errorf("%s: chose %d, want %d", tc.name, got, tc.best)
		}
	}
	if Choose(nil, Want{}, 1) != -1 {
		t.Error("chose one of no peers")
	}
}

// TestChooseProperties checks for random peers that the choice has room, honours only and
// avoid, and exists whenever a peer may be asked. A request for a block may wait for a better
// peer, which then owes an answer.
func TestChooseProperties(t *testing.T) {
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var peers []Candidate
		var ids []p2p.PeerID
		for i := range rnd.IntN(5) {
			ids = append(ids, p2p.PeerID(i+1))
			peers = append(peers, Candidate{
				ID: p2p.PeerID(i + 1), Requests: rnd.IntN(4), Bytes: rnd.IntN(1000), Window: 1 + rnd.IntN(4),
				Latency: rnd.Float64(), Rate: float64(rnd.IntN(2)) * rnd.Float64(), Silent: rnd.IntN(20), Points: 100 * rnd.Float64(),
			})
		}
		w := Want{Kind: conn.GetCFilters, Bytes: rnd.IntN(500), Spread: rnd.IntN(3) == 0}
		if rnd.IntN(3) == 0 {
			w.Only = p2p.PeerID(1 + rnd.Uint64N(5))
		}
		for _, id := range ids {
			if rnd.IntN(2) == 0 {
				w.Avoid = append(w.Avoid, id)
			}
		}
		may := func(c Candidate) bool {
			room := c.Requests == 0 || c.Requests < c.Window && c.Bytes+w.Bytes <= 1000
			if w.Only != 0 {
				return room && c.ID == w.Only
			}
			return room && (len(w.Avoid) == len(ids) || !slices.Contains(w.Avoid, c.ID))
		}
		owes := func(c Candidate) bool { return c.Requests > 0 }
		switch i := Choose(peers, w, 1000); {
		case i < 0 && w.Spread && len(peers) > 0 && w.Only == 0:
			if !slices.ContainsFunc(peers, owes) {
				t.Fatalf("seed %d: %+v of %+v waits for no answer", seed, w, peers)
			}
		case i < 0 && slices.ContainsFunc(peers, may):
			t.Fatalf("seed %d: no peer chosen for %+v of %+v", seed, w, peers)
		case i >= 0 && !may(peers[i]):
			t.Fatalf("seed %d: %d chosen for %+v of %+v", seed, i, w, peers)
		}
	}
}
