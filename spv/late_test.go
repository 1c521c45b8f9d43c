package spv

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// TakeLate implements Fetcher.
func (n *fakeNet) TakeLate() (p2p.LateReply, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.late) == 0 {
		return p2p.LateReply{}, false
	}
	l := n.late[0]
	n.late = n.late[1:]
	return l, true
}

// comesLate has a late reply wait.
func (n *fakeNet) comesLate(l p2p.LateReply) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.late = append(n.late, l)
	n.poke()
}

// lateHeaders is a late reply to a request for headers after a block.
func lateHeaders(id p2p.PeerID, after chainhash.Hash, payload []byte) p2p.LateReply {
	return p2p.LateReply{From: id, Kind: p2p.Headers, Locator: []chainhash.Hash{after}, Payload: payload}
}

// lateFilters is a late reply to a request for filters.
func lateFilters(id p2p.PeerID, start, end chainhash.Hash, payload []byte) p2p.LateReply {
	return p2p.LateReply{From: id, Kind: p2p.CFilters, First: start, Last: end, Payload: payload}
}

// lateBlock is a late reply to a request for a block.
func lateBlock(id p2p.PeerID, hash chainhash.Hash, payload []byte) p2p.LateReply {
	return p2p.LateReply{From: id, Kind: p2p.Block, First: hash, Last: hash, Payload: payload}
}

// flip returns a copy with a bit of a byte changed, counted from the end if negative.
func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return b
}

// TestLateRepliesAreProven hands the syncer late replies, right and wrong ones: the peer is
// accused of those that are proven wrong, and of no others, and the sync is not disturbed.
func TestLateRepliesAreProven(t *testing.T) {
	c := eras(t, 700)
	var encoded bytes.Buffer
	if err := c.Block(500).BtcEncode(&encoded, wire.ProtocolVersion); err != nil {
		t.Fatal(err)
	}
	block, hash := encoded.Bytes(), func(h consensus.Height) chainhash.Hash { return c.ID(h).Hash }
	elsewhere := c.Fork(600, 50, 7)
	for _, tc := range []struct {
		name    string
		reply   func(id p2p.PeerID) p2p.LateReply
		accused bool
	}{
		{"filters", func(id p2p.PeerID) p2p.LateReply {
			return lateFilters(id, hash(401), hash(500), filtersPayload(c, 401, 500))
		}, false},
		{"a wrong filter", func(id p2p.PeerID) p2p.LateReply {
			return lateFilters(id, hash(401), hash(500), flip(filtersPayload(c, 401, 500), 36))
		}, true},
		{"one filter too few", func(id p2p.PeerID) p2p.LateReply {
			return lateFilters(id, hash(401), hash(500), filtersPayload(c, 401, 499))
		}, true},
		{"early filters", func(id p2p.PeerID) p2p.LateReply {
			return lateFilters(id, hash(101), hash(200), filtersPayload(c, 101, 200))
		}, false},
		{"a wrong early filter", func(id p2p.PeerID) p2p.LateReply {
			return lateFilters(id, hash(101), hash(200), flip(filtersPayload(c, 101, 200), 36))
		}, true},
		{"filters of a branch", func(id p2p.PeerID) p2p.LateReply {
			return lateFilters(id, elsewhere.ID(620).Hash, elsewhere.ID(630).Hash, filtersPayload(elsewhere, 620, 630))
		}, false},
		{"a block", func(id p2p.PeerID) p2p.LateReply { return lateBlock(id, hash(500), block) }, false},
		{"a wrong block", func(id p2p.PeerID) p2p.LateReply { return lateBlock(id, hash(500), flip(block, -1)) }, true},
		{"half a block", func(id p2p.PeerID) p2p.LateReply { return lateBlock(id, hash(500), block[:len(block)/2]) }, true},
		{"headers", func(id p2p.PeerID) p2p.LateReply { return lateHeaders(id, hash(600), headersPayload(c, 601, 700)) }, false},
		{"headers that follow nothing known", func(id p2p.PeerID) p2p.LateReply {
			return lateHeaders(id, elsewhere.ID(620).Hash, headersPayload(elsewhere, 621, 630))
		}, false},
		{"headers without work", func(id p2p.PeerID) p2p.LateReply {
			return lateHeaders(id, hash(699), flip(headersPayload(c, 700, 700), 1+consensus.HeaderSize-40))
		}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inHouse(t, c, nil, func(h *house) {
				good := h.net.join(&fakePeer{chain: c})
				late := h.net.join(&fakePeer{chain: c, silentFilters: true})
				h.start()
				h.untilSyncedTo(time.Minute, c)
				h.net.comesLate(tc.reply(late.id))
				h.pass(10 * time.Second)
				h.net.mu.Lock()
				accused, left := h.net.accused[late.id], len(h.net.late)
				others := h.net.accused[good.id]
				h.net.mu.Unlock()
				if len(accused) > 0 != tc.accused || left > 0 || len(others) > 0 {
					t.Errorf("accused of %v, want any %v; %d replies not taken; the other one of %v", accused, tc.accused, left, others)
				}
				if !h.syncer.Status().Synced {
					t.Error("no longer synced")
				}
			})
		})
	}
}

// TestLateHeadersAreOfUse checks that new headers in a late reply are followed, and their
// peer asked for what comes after them.
func TestLateHeadersAreOfUse(t *testing.T) {
	c := generate(t, 120, testnet.Plan{})
	longer := c.Outgrow(100, 5)
	inHouse(t, c, nil, func(h *house) {
		h.net.join(&fakePeer{chain: c})
		late := h.net.join(&fakePeer{chain: c})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.net.change(late, func(p *fakePeer) { p.chain = longer })
		asked, _ := h.net.told(late)
		h.net.comesLate(lateHeaders(late.id, c.ID(100).Hash, headersPayload(longer, 101, longer.Height()-1)))
		h.untilSyncedTo(time.Minute, longer)
		if more, _ := h.net.told(late); !slices.Contains(more[len(asked):], "headers") {
			t.Errorf("it was asked for %v", more[len(asked):])
		}
	})
}
