package spv

import (
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/p2p"
)

// announceUnknown has a peer announce a block that no peer serves.
func (n *fakeNet) announceUnknown(p *fakePeer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.news = append(n.news, func(yield func(p2p.Announcement) bool) {
		yield(p2p.Announcement{From: p.id, Blocks: []chainhash.Hash{{0xff}}})
	})
	n.poke()
}

// TestAPeerThatWasOvertakenIsAskedOnceMore checks that a full batch whose headers
// another peer was faster to send is not taken for all that its sender has: a first
// sync is not over at the end of what the faster one has.
func TestAPeerThatWasOvertakenIsAskedOnceMore(t *testing.T) {
	const before, beyond = 60, 50
	best := generate(t, before+headersync.FullBatch+beyond, testnet.Plan{})
	start, full := best.Fork(before, 0, 0), best.Fork(before+headersync.FullBatch, 0, 0)
	inHouse(t, best, nil, func(h *house) {
		fast := h.net.join(&fakePeer{chain: start, latency: latency})
		h.net.join(&fakePeer{chain: best, latency: headersync.AnswerGrace / 2})
		h.start()
		h.until(headersync.AnswerGrace/4, "at the end of what the fast peer has", func(st Status) bool { return st.Headers.Current == before })

		h.net.change(fast, func(p *fakePeer) { p.chain = full })
		h.net.announceUnknown(fast)
		var first consensus.BlockID
		h.until(time.Minute, "synced", func(st Status) bool {
			first = st.Tip
			return st.Synced
		})
		if first != best.Tip() {
			t.Errorf("synced at block %d of %d", first.Height, best.Height())
		}
	})
}
