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
)

// lateReply is a late reply of a fake peer, as it is handed to one of three functions.
type lateReply func(
	headers func(uint64, []chainhash.Hash, []byte),
	filters func(id uint64, start, end chainhash.Hash, payload []byte),
	block func(uint64, chainhash.Hash, []byte))

// TakeLate implements Fetcher.
func (n *fakeNet) TakeLate(
	headers func(uint64, []chainhash.Hash, []byte),
	filters func(id uint64, start, end chainhash.Hash, payload []byte),
	block func(uint64, chainhash.Hash, []byte),
) bool {
	n.mu.Lock()
	if len(n.late) == 0 {
		n.mu.Unlock()
		return false
	}
	l := n.late[0]
	n.late = n.late[1:]
	n.mu.Unlock()
	l(headers, filters, block)
	return true
}

// comesLate has a late reply wait.
func (n *fakeNet) comesLate(l lateReply) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.late = append(n.late, l)
	n.poke()
}

// lateHeaders is a late reply to a request for headers after a block.
func lateHeaders(id uint64, after chainhash.Hash, payload []byte) lateReply {
	return func(headers func(uint64, []chainhash.Hash, []byte), _ func(uint64, chainhash.Hash, chainhash.Hash, []byte), _ func(uint64, chainhash.Hash, []byte)) {
		headers(id, []chainhash.Hash{after}, payload)
	}
}

// lateFilters is a late reply to a request for filters.
func lateFilters(id uint64, start, end chainhash.Hash, payload []byte) lateReply {
	return func(_ func(uint64, []chainhash.Hash, []byte), filters func(uint64, chainhash.Hash, chainhash.Hash, []byte), _ func(uint64, chainhash.Hash, []byte)) {
		filters(id, start, end, payload)
	}
}

// lateBlock is a late reply to a request for a block.
func lateBlock(id uint64, hash chainhash.Hash, payload []byte) lateReply {
	return func(_ func(uint64, []chainhash.Hash, []byte), _ func(uint64, chainhash.Hash, chainhash.Hash, []byte), block func(uint64, chainhash.Hash, []byte)) {
		block(id, hash, payload)
	}
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
		reply   func(id uint64) lateReply
		accused bool
	}{
		{"filters", func(id uint64) lateReply {
			return lateFilters(id, hash(401), hash(500), filtersPayload(c, 401, 500))
		}, false},
		{"a wrong filter", func(id uint64) lateReply {
			return lateFilters(id, hash(401), hash(500), flip(filtersPayload(c, 401, 500), 36))
		}, true},
		{"one filter too few", func(id uint64) lateReply {
			return lateFilters(id, hash(401), hash(500), filtersPayload(c, 401, 499))
		}, true},
		{"early filters", func(id uint64) lateReply {
			return lateFilters(id, hash(101), hash(200), filtersPayload(c, 101, 200))
		}, false},
		{"a wrong early filter", func(id uint64) lateReply {
			return lateFilters(id, hash(101), hash(200), flip(filtersPayload(c, 101, 200), 36))
		}, true},
		{"filters of a branch", func(id uint64) lateReply {
			return lateFilters(id, elsewhere.ID(620).Hash, elsewhere.ID(630).Hash, filtersPayload(elsewhere, 620, 630))
		}, false},
		{"a block", func(id uint64) lateReply { return lateBlock(id, hash(500), block) }, false},
		{"a wrong block", func(id uint64) lateReply { return lateBlock(id, hash(500), flip(block, -1)) }, true},
		{"half a block", func(id uint64) lateReply { return lateBlock(id, hash(500), block[:len(block)/2]) }, true},
		{"headers", func(id uint64) lateReply { return lateHeaders(id, hash(600), headersPayload(c, 601, 700)) }, false},
		{"headers that follow nothing known", func(id uint64) lateReply {
			return lateHeaders(id, elsewhere.ID(620).Hash, headersPayload(elsewhere, 621, 630))
		}, false},
		{"headers without work", func(id uint64) lateReply {
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
