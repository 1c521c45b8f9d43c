package chain

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Offsets of the header fields that tests fill in.
const (
	offVersion    = 0
	offPrevBlock  = 4
	offStakeRoot  = 68
	offVoteBits   = 100
	offVoters     = 108
	offFreshStake = 110
	offPoolSize   = 112
	offBits       = 116
	offSBits      = 120
	offHeight     = 128
	offTimestamp  = 136
	offNonce      = 140
	offExtraData  = 144
)

// futureLimit is how far ahead of the local clock the rules accept a block.
const futureLimit = 2 * time.Hour

// testBranch is a chain of headers from the genesis block on, as rules see it.
type testBranch []consensus.Header

func (b testBranch) At(h consensus.Height) *consensus.Header {
	if h < 0 || int(h) >= len(b) {
		return nil
	}
	return &b[h]
}

func (b testBranch) tip() *consensus.Header { return &b[len(b)-1] }

// nextHeader returns a child of the tip for which all rules hold except proof-of-work. The
// gap is its time after the parent, in seconds.
func nextHeader(p *consensus.Params, b testBranch, gap int64) (h consensus.Header) {
	parent := b.tip()
	height, before := parent.Height()+1, parent.Hash()
	e := binary.LittleEndian
	e.PutUint32(h[offVersion:], 12)
	copy(h[offPrevBlock:], before[:])
	e.PutUint16(h[offVoteBits:], 1)
	if int64(height) >= p.ChainParams.StakeValidationHeight {
		e.PutUint16(h[offVoters:], p.ChainParams.TicketsPerBlock)
	}
	if height > consensus.Height(p.ChainParams.CoinbaseMaturity) {
		h[offFreshStake] = byte(p.ChainParams.TicketsPerBlock)
	}
	_, pool, _ := consensus.NextPoolSize(p, b, parent.Height())
	e.PutUint32(h[offPoolSize:], uint32(pool))
	e.PutUint32(h[offHeight:], uint32(height))
	e.PutUint32(h[offTimestamp:], uint32(parent.Timestamp()+gap))
	e.PutUint32(h[offBits:], consensus.NextBits(p, b, parent.Height(), h.Timestamp()))
	e.PutUint64(h[offSBits:], uint64(consensus.NextSBits(p, b, parent.Height())))
	return h
}

// solve tries nonces until the proof-of-work holds.
func solve(t testing.TB, p *consensus.Params, h *consensus.Header) {
	t.Helper()
	for nonce := range uint32(1 << 20) {
		binary.LittleEndian.PutUint32(h[offNonce:], nonce)
		hash := h.Hash()
		if consensus.CheckHeader(p, h, &hash) == nil {
			return
		}
	}
	t.Fatalf("no nonce solves header %d", h.Height())
}

// headersPayload encodes headers as a headers message.
func headersPayload(headers []consensus.Header) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{0xfd}, uint16(len(headers)))
	if len(headers) < 0xfd {
		b = []byte{byte(len(headers))}
	}
	for i := range headers {
		b = append(append(b, headers[i][:]...), 0)
	}
	return b
}

func after(h *consensus.Header) time.Time { return h.Time().Add(time.Hour) }

// wantRule checks that an error names a rule.
func wantRule(t *testing.T, err error, want consensus.Rule) {
	t.Helper()
	var broken *consensus.RuleError
	if !errors.As(err, &broken) || broken.Rule != want {
		t.Errorf("want rule %q broken, got %v", want, err)
	}
}
