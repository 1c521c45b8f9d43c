package peer

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/spv/p2p"
)

// TestChoose checks each criterion of the choice between two peers.
func TestChoose(t *testing.T) {
	base := candidate{window: 8, bytes: 1e4, latency: 0.05, rate: 1e6}
	with := func(change func(*candidate)) candidate {
		c := base
		change(&c)
		return c
	}
	for _, tc := range []struct {
		name  string
		other candidate // against base
		want  want
		best  int
	}{
		{"equal", base, want{}, 0},
		{"less in flight", with(func(c *candidate) { c.bytes = 0 }), want{}, 1},
		{"lower latency", with(func(c *candidate) { c.latency = 0.01 }), want{}, 1},
		{"higher rate", with(func(c *candidate) { c.rate = 1e7 }), want{bytes: 1e5}, 1},
		{"never measured", with(func(c *candidate) { c.rate = 0; c.latency = 0.04 }), want{bytes: 1e5}, 1},
		{"silent but faster", with(func(c *candidate) { c.silent = 1; c.latency = 0.02 }), want{}, 0},
		{"bad standing", with(func(c *candidate) { c.points = 50; c.latency = 0.04 }), want{}, 0},
		{"full", with(func(c *candidate) { c.requests = 8; c.latency = 0 }), want{}, 0},
		{"too many bytes", with(func(c *candidate) { c.requests = 1; c.bytes = 1 << 20; c.rate = 1e12; c.latency = 0 }), want{bytes: 1}, 0},
	} {
		tc.want.kind = conn.GetCFilters
		peers := []candidate{base, tc.other}
		peers[0].id, peers[1].id = 1, 2
		if got := choose(peers, tc.want, 1<<20); got != tc.best {
			t.Errorf("%s: chose %d, want %d", tc.name, got, tc.best)
		}
	}
	if choose(nil, want{}, 1) != -1 {
		t.Error("chose one of no peers")
	}
}

// TestChooseProperties checks for random peers that the choice has room, honours only and
// avoid, and exists whenever a peer may be asked. A request for a block may wait for a better
// peer, which then owes an answer.
func TestChooseProperties(t *testing.T) {
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var peers []candidate
		var ids []p2p.PeerID
		for i := range rnd.IntN(5) {
			ids = append(ids, p2p.PeerID(i+1))
			peers = append(peers, candidate{
				id: p2p.PeerID(i + 1), requests: rnd.IntN(4), bytes: rnd.IntN(1000), window: 1 + rnd.IntN(4),
				latency: rnd.Float64(), rate: float64(rnd.IntN(2)) * rnd.Float64(), silent: rnd.IntN(20), points: 100 * rnd.Float64(),
			})
		}
		w := want{kind: conn.GetCFilters, bytes: rnd.IntN(500), spread: rnd.IntN(3) == 0}
		if rnd.IntN(3) == 0 {
			w.only = p2p.PeerID(1 + rnd.Uint64N(5))
		}
		for _, id := range ids {
			if rnd.IntN(2) == 0 {
				w.avoid = append(w.avoid, id)
			}
		}
		may := func(c candidate) bool {
			room := c.requests == 0 || c.requests < c.window && c.bytes+w.bytes <= 1000
			if w.only != 0 {
				return room && c.id == w.only
			}
			return room && (len(w.avoid) == len(ids) || !slices.Contains(w.avoid, c.id))
		}
		owes := func(c candidate) bool { return c.requests > 0 }
		switch i := choose(peers, w, 1000); {
		case i < 0 && w.spread && len(peers) > 0 && w.only == 0:
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
