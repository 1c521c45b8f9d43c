package spv

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
)

// hasWarning reports whether a warning is shown.
func (st Status) hasWarning(code string) bool {
	return slices.ContainsFunc(st.Warnings, func(w Warning) bool { return w.Code == code })
}

// restart ends the run and starts a new one with changed parameters.
func (h *house) restart(change func(*consensus.Params)) {
	h.Helper()
	h.stop()
	params := *h.cfg.Params
	change(&params)
	h.cfg.Params = &params
	s, err := New(h.cfg)
	if err != nil {
		h.Fatal(err)
	}
	h.syncer = s
	h.start()
}

// TestAWrongWaypointDoesNotEndTheSync holds that the run goes on when all peers contradict
// a waypoint, warns if their chains have the known work of the network, says that headers
// were refused, and is never synced past it.
func TestAWrongWaypointDoesNotEndTheSync(t *testing.T) {
	c := generate(t, 900, nil)
	points := []consensus.BlockID{c.ID(200), {Height: 500, Hash: c.ID(501).Hash}, c.ID(800)}
	for _, enough := range []bool{true, false} {
		inHouse(t, c, nil, func(h *house) {
			h.withWaypoints(points)
			if !enough {
				h.cfg.Params.ChainParams.MinKnownChainWork = new(big.Int).Lsh(big.NewInt(1), 200)
			}
			for range 2 {
				h.net.join(&fakePeer{chain: c, latency: latency})
			}
			h.start()
			if enough {
				h.until(time.Minute, "warned", func(st Status) bool { return st.hasWarning(codeWaypoint) })
			}
			h.pass(time.Minute)
			st := h.syncer.Status()
			if st.Synced || st.Phase == Failed || st.Headers.Current >= 500 {
				h.Errorf("with a wrong waypoint: %+v", st)
			}
			if st.hasWarning(codeWaypoint) != enough {
				h.Errorf("enough work %v, warnings %+v", enough, st.Warnings)
			}
			if !strings.Contains(st.Reason, "headers of 2 were refused at block 500 by the rule for waypoint") {
				h.Errorf("reason: %s", st.Reason)
			}
			if len(h.net.accused) != 0 {
				h.Errorf("accused: %v", h.net.accused)
			}
			h.restart(func(p *consensus.Params) { p.Waypoints, p.ChainParams.MinKnownChainWork = nil, nil })
			h.untilSyncedTo(time.Minute, c)
		})
	}
}

// TestADenialCountsOnceForItsNetwork has a peer that denies a waypoint come back again and
// again, from two hosts of one network, and then another network deny it: the warning counts
// networks, is not taken back while the peer is away, and ends an hour after the last of them
// has left.
func TestADenialCountsOnceForItsNetwork(t *testing.T) {
	c := generate(t, 900, nil)
	points := []consensus.BlockID{c.ID(200), {Height: 500, Hash: c.ID(501).Hash}}
	inHouse(t, c, nil, func(h *house) {
		h.withWaypoints(points)
		h.start()
		deny := func(host, group string) {
			p := h.net.join(&fakePeer{chain: c, latency: latency, host: host, group: group})
			h.pass(10 * time.Second)
			h.net.leave(p)
			h.pass(time.Second)
		}
		shown := func(want string) {
			h.Helper()
			if got := h.syncer.Status().warning(codeWaypoint); !strings.HasPrefix(got, want) || want == "" && got != "" {
				h.Errorf("the warning is %q, want %q", got, want)
			}
		}
		for _, host := range []string{"10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.1"} {
			deny(host, "10.0.0.0/16")
			shown("Peers of one network have")
		}
		deny("11.0.0.1", "11.0.0.0/16")
		shown("Peers of 2 networks have")
		h.pass(headersync.DenialAge)
		h.net.join(&fakePeer{chain: c.Fork(499, 0, 0), latency: latency, host: "12.0.0.1", group: "12.0.0.0/16"})
		h.pass(time.Minute)
		shown("")
	})
}

// TestADenialOfAPassedWaypointCostsStanding has a peer show a branch around a waypoint that
// our chain holds.
func TestADenialOfAPassedWaypointCostsStanding(t *testing.T) {
	c := generate(t, 900, nil)
	branch := c.Fork(400, 600, 3)
	inHouse(t, c, nil, func(h *house) {
		h.withWaypoints([]consensus.BlockID{c.ID(200), c.ID(500)})
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		bad := h.net.join(&fakePeer{chain: branch, latency: latency, host: "10.0.0.9"})
		h.pass(30 * time.Second)
		h.net.mu.Lock()
		defer h.net.mu.Unlock()
		if n := len(h.net.useless[bad.id]); n < 4 || len(h.net.accused) > 0 {
			h.Errorf("the peer was reported %d times, accused are %v", n, h.net.accused)
		}
	})
}

// TestAMisledStoreIsLeft holds that a store on a false branch with more blocks than the
// honest chain says so once a waypoint is known, is not synced on it, and follows the
// chain that holds the waypoint.
func TestAMisledStoreIsLeft(t *testing.T) {
	misled := generate(t, 1500, nil)
	honest := misled.Grow(testnet.Branch{At: 600, Blocks: 700, Seed: 9})
	inHouse(t, misled, nil, func(h *house) {
		h.net.join(&fakePeer{chain: misled, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, misled)
		h.restart(func(p *consensus.Params) { p.Waypoints = []consensus.BlockID{honest.ID(500), honest.ID(1000)} })
		h.pass(time.Minute)
		st := h.syncer.Status()
		if st.Synced || !st.hasWarning(codeMisled) || !strings.Contains(st.Reason, "at height 1,000") {
			h.Errorf("on a false branch: %+v", st)
		}
		h.net.join(&fakePeer{chain: honest, latency: latency})
		h.untilSyncedTo(time.Minute, honest)
		if st := h.syncer.Status(); st.hasWarning(codeMisled) {
			h.Errorf("on the honest chain: %+v", st.Warnings)
		}
	})
}
