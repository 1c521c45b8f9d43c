package consensus

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// branch is a chain of headers from the genesis block on, as rules see it.
type branch []Header

func (b branch) At(h Height) *Header {
	if h < 0 || int(h) >= len(b) {
		return nil
	}
	return &b[h]
}

func (b branch) tip() *Header { return &b[len(b)-1] }

// Setters of the header fields that tests fill in.
func (h *Header) put16(off int, v uint16) { binary.LittleEndian.PutUint16(h[off:], v) }
func (h *Header) put32(off int, v uint32) { binary.LittleEndian.PutUint32(h[off:], v) }
func (h *Header) put64(off int, v int64)  { binary.LittleEndian.PutUint64(h[off:], uint64(v)) }
func (h *Header) putHash(off int, v chainhash.Hash) {
	copy(h[off:], v[:])
}

// nextHeader returns a child of the tip for which all rules hold except
// proof-of-work. The gap is its time after the parent, in seconds.
func nextHeader(p *Params, b branch, gap int64) Header {
	parent := b.tip()
	height := parent.Height() + 1
	var h Header
	h.put32(offVersion, 12)
	h.putHash(offPrevBlock, parent.Hash())
	h.put16(offVoteBits, earlyVoteBits)
	if int64(height) >= p.ChainParams.StakeValidationHeight {
		h.put16(offVoters, p.ChainParams.TicketsPerBlock)
	}
	if height > Height(p.ChainParams.CoinbaseMaturity) {
		h[offFreshStake] = byte(p.ChainParams.TicketsPerBlock)
	}
	_, pool, _ := NextPoolSize(p, b, parent.Height())
	h.put32(offPoolSize, uint32(pool))
	h.put32(offHeight, uint32(height))
	h.put32(offTimestamp, uint32(parent.Timestamp()+gap))
	h.put32(offBits, NextBits(p, b, parent.Height(), h.Timestamp()))
	h.put64(offSBits, NextSBits(p, b, parent.Height()))
	return h
}

// solve tries nonces until the proof-of-work holds.
func solve(t testing.TB, p *Params, h *Header) {
	t.Helper()
	for nonce := range uint32(1 << 20) {
		h.put32(offNonce, nonce)
		hash := h.Hash()
		if CheckHeader(p, h, &hash) == nil {
			return
		}
	}
	hash := h.Hash()
	t.Fatalf("no nonce solves header %d: %v", h.Height(), CheckHeader(p, h, &hash))
}

// grow mines n blocks with the given gaps, one after the other and again.
func grow(t testing.TB, p *Params, b branch, n int, gaps ...int64) branch {
	t.Helper()
	for i := range n {
		h := nextHeader(p, b, gaps[i%len(gaps)])
		solve(t, p, &h)
		b = append(b, h)
	}
	return b
}

// headersPayload encodes headers as a headers message.
func headersPayload(headers []Header) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{0xfd}, uint16(len(headers)))
	if len(headers) < 0xfd {
		b = []byte{byte(len(headers))}
	}
	for i := range headers {
		b = append(append(b, headers[i][:]...), 0)
	}
	return b
}

func after(h *Header) time.Time { return h.Time().Add(time.Hour) }

// appendVarint encodes a number as the wire protocol does.
func appendVarint(b []byte, n int) []byte {
	if n < 0xfd {
		return append(b, byte(n))
	}
	if n <= 0xffff {
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
}
