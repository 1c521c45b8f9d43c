package spv

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// hardNet returns a chain whose blocks take 32 times the work that the network demands at
// least, so that a cheap branch can be made. The network has the given limit of easing.
func hardNet(t *testing.T, blocks int, maxEasing uint64) *testnet.Chain {
	t.Helper()
	p := consensus.SimNet()
	hard := *p.ChainParams
	hard.WorkDiffV2Blake3StartBits = 0x2003ffff
	p.ChainParams, p.MaxEasing = &hard, maxEasing
	c, err := testnet.Generate(context.Background(), testnet.Config{Params: p, Seed: 1, Blocks: blocks})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestAFalseTipIsNeverSynced lets all peers show a branch that leaves the chain far below
// its tip and goes on with the times of now, at little work: one block only, or more blocks
// than the chain has. The daemon is not synced on it, warns, and has other peers looked
// for; it is once one of these shows the chain.
func TestAFalseTipIsNeverSynced(t *testing.T) {
	best := hardNet(t, 900, 16)
	for _, blocks := range []int{1, 2, 500} {
		cheap := best.Grow(testnet.Branch{At: 500, Blocks: blocks, Seed: 9, Late: 390 * time.Second})
		inHouse(t, best, nil, func(h *house) {
			for range 3 {
				h.net.join(&fakePeer{chain: cheap, latency: latency})
			}
			h.start()
			h.until(time.Minute, "warned", func(st Status) bool { return st.hasWarning(codeEasy) })
			h.pass(time.Minute)
			st := h.syncer.Status()
			if st.Synced || st.FirstSyncDone || st.Tip != cheap.Tip() || !strings.Contains(st.Reason, "less work") {
				h.Errorf("%d cheap blocks: %+v", blocks, st)
			}
			h.net.mu.Lock()
			sought := strings.Join(h.net.sought, "; ")
			h.net.mu.Unlock()
			if !strings.Contains(sought, "less work") {
				h.Errorf("%d cheap blocks: peers were sought because %q", blocks, sought)
			}
			h.net.join(&fakePeer{chain: best, latency: latency})
			h.untilSyncedTo(2*time.Minute, best)
			if st := h.syncer.Status(); st.hasWarning(codeEasy) {
				h.Errorf("on the best chain: %+v", st.Warnings)
			}
		})
	}
}
