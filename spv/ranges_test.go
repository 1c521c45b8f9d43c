package spv

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// withWaypoints makes the syncer of a house know waypoints.
func (h *house) withWaypoints(points []consensus.BlockID) {
	h.Helper()
	params := *h.cfg.Params
	params.Waypoints = points
	h.cfg.Params = &params
	s, err := New(h.cfg)
	if err != nil {
		h.Fatal(err)
	}
	h.syncer = s
}

// waypointsOf returns every so manieth block of a chain.
func waypointsOf(c *testnet.Chain, every consensus.Height) []consensus.BlockID {
	var points []consensus.BlockID
	for h := every; h <= c.Height(); h += every {
		points = append(points, c.ID(h))
	}
	return points
}

func TestWaypointsLetHeadersBeFetchedAtTheSameTime(t *testing.T) {
	c := generate(t, 13_000, nil)
	took := make(map[bool]time.Duration)
	for _, known := range []bool{false, true} {
		inHouse(t, c, nil, func(h *house) {
			if known {
				h.withWaypoints(waypointsOf(c, 2000))
			}
			for range 4 {
				h.net.join(&fakePeer{chain: c, latency: time.Second})
			}
			begin := time.Now()
			h.start()
			h.until(time.Hour, "at the tip", func(st Status) bool { return st.Headers.Current == c.Height() })
			took[known] = time.Since(begin)
			h.untilSyncedTo(time.Hour, c)
		})
	}
	if took[true] > took[false]/2 {
		t.Errorf("headers took %v with waypoints, %v without", took[true], took[false])
	}
}

func TestOneLiarMakesNoWaypointLookWrong(t *testing.T) {
	c := generate(t, 900, nil)
	liar := c.Grow(testnet.Branch{At: 300, Blocks: 700, Seed: 9})
	inHouse(t, c, nil, func(h *house) {
		h.withWaypoints(waypointsOf(c, 200))
		h.net.join(&fakePeer{chain: liar, latency: latency})
		h.start()
		st := h.until(time.Minute, "warned", func(st Status) bool { return len(st.Warnings) > 0 })
		if st.Warnings[0].Code != codeWaypoint || st.Headers.Current >= 400 {
			h.Errorf("with a liar alone: %+v", st)
		}
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.untilSyncedTo(time.Minute, c)
		for _, w := range h.syncer.Status().Warnings {
			if w.Code == codeWaypoint {
				h.Errorf("the warning stays: %+v", w)
			}
		}
	})
}
