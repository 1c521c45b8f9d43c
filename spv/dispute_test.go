package spv

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/p2p"
)

// otherPrice returns what changes the ticket price in the header of a block: to this
// version, it breaks a rule. The seed decides whether it breaks that of proof-of-work too.
func otherPrice(at consensus.Height, seed byte) func([]byte) {
	const offSBits = 116
	return func(payload []byte) {
		n := len(payload) / headersync.HeaderStride
		for i := range n {
			row := payload[len(payload)-(n-i)*headersync.HeaderStride:]
			h := consensus.Header(row[:consensus.HeaderSize])
			if h.Height() == at {
				binary.LittleEndian.PutUint64(row[offSBits:], binary.LittleEndian.Uint64(row[offSBits:])+1+uint64(seed))
			}
		}
	}
}

// TestAVoteThatChangesARule holds that peers in different networks with a block that breaks a
// rule are not banned, that the valid part is the tip, that the status says so and is not
// synced, and that a version that knows the rule goes on.
func TestAVoteThatChangesARule(t *testing.T) {
	c := generate(t, 900, nil)
	for seed := range byte(4) {
		for _, peers := range []int{2, 8} {
			inHouse(t, c, nil, func(h *house) {
				var all []*fakePeer
				for i := range peers {
					p := &fakePeer{chain: c, latency: latency, group: fmt.Sprint(i), spoilHeaders: otherPrice(600, seed)}
					all = append(all, h.net.join(p))
				}
				h.start()
				h.until(time.Minute, "warned", func(st Status) bool { return st.hasWarning(codeDisputed) })
				h.pass(time.Minute)
				st := h.syncer.Status()
				if st.Synced || st.Tip != c.ID(599) || !strings.Contains(st.Reason, "breaks the rule for") {
					h.Errorf("%d peers: %+v", peers, st)
				}
				if len(h.net.accused) != 0 || st.Peers != peers {
					h.Errorf("accused %v, %d of %d peers left", h.net.accused, st.Peers, peers)
				}
				for _, p := range all {
					h.net.change(p, func(p *fakePeer) { p.spoilHeaders = nil })
				}
				h.restart(func(*consensus.Params) {})
				h.untilSyncedTo(time.Minute, c)
			})
		}
	}
}

// TestABlockThatBreaksARuleIsNoVote holds that two peers in different networks with such a
// block are accused once another one shows that the network goes on without it, and that
// they keep nothing from being synced while they are the fewer ones.
func TestABlockThatBreaksARuleIsNoVote(t *testing.T) {
	c := generate(t, 900, nil)
	inHouse(t, c, nil, func(h *house) {
		var liars []p2p.PeerID
		for i := range 2 {
			p := &fakePeer{chain: c.Extend(1), latency: latency, group: fmt.Sprint(i), spoilHeaders: otherPrice(901, 1)}
			liars = append(liars, h.net.join(p).id)
		}
		var honest []*fakePeer
		for i := range 3 {
			honest = append(honest, h.net.join(&fakePeer{chain: c, latency: latency, group: fmt.Sprint("honest ", i)}))
		}
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.pass(20 * time.Second)
		if st := h.syncer.Status(); !st.Synced || st.Tip != c.Tip() {
			h.Errorf("two liars of five: %+v", st)
		}
		next := c.Fork(900, 1, 77)
		for _, p := range honest {
			h.net.extend(p, next)
		}
		h.untilSyncedTo(time.Minute, next)
		if ids := slices.Sorted(maps.Keys(h.net.accused)); !slices.Equal(ids, liars) {
			h.Errorf("accused are %v, want %v", ids, liars)
		}
		if st := h.syncer.Status(); st.hasWarning(codeDisputed) {
			h.Errorf("warnings: %+v", st.Warnings)
		}
	})
}

// TestNewVersionsAskForAnUpdate holds that a warning appears when most of the newest blocks have
// a version that is not known here, and not before.
func TestNewVersionsAskForAnUpdate(t *testing.T) {
	c := generate(t, 500, nil)
	inHouse(t, c, nil, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		for _, step := range []struct {
			blocks int
			warned bool
		}{{50, false}, {1, true}, {99, true}} {
			c = c.Grow(testnet.Branch{At: c.Height(), Blocks: step.blocks, Seed: 3, Version: 13})
			h.net.extend(p, c)
			h.untilSyncedTo(time.Minute, c)
			if st := h.syncer.Status(); st.hasWarning(codeUpdate) != step.warned {
				h.Errorf("%d new blocks: warnings %+v", step.blocks, st.Warnings)
			}
		}
	})
}
