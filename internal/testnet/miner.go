package testnet

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// blockVersion is the version of every block: the newest that is mined.
const blockVersion = 11

// miner puts headers on bodies, one after the other. It is the only sequential part of making
// a chain.
type miner struct {
	params   *consensus.Params
	schedule *schedule
	seed     uint64
	late     int64 // seconds that its blocks are behind the schedule
	version  int32
	stake    uint32              // stake version
	below    consensus.Ancestors // the chain below
	first    consensus.Height    // the first block the miner made
	against  bool                // that disapproves the block below
	next     consensus.Height

	// tail holds the newest headers it made, the one of height h at h modulo
	// its length, and anchor the one that the difficulty is reckoned from.
	tail   []consensus.Header
	anchor consensus.Header

	parent chainhash.Hash
}

// newMiner returns a miner for n blocks on top of the block with the given hash.
// hash.
func newMiner(r *recipe, s *schedule, below consensus.Ancestors, on consensus.BlockID, n int) *miner {
	version, stake := int32(blockVersion), uint32(stakeVersion)
	if r.onPrefix != nil {
		version, stake = r.onPrefix.Version(), r.onPrefix.StakeVersion()
	}
	return &miner{
		params:   r.params,
		schedule: s,
		seed:     r.seed,
		stake:    stake,
		late:     int64(r.late / time.Second),
		version:  cmp.Or(r.version, version),
		below:    below,
		against:  r.against,
		first:    on.Height + 1,
		next:     on.Height + 1,
		tail:     make([]consensus.Header, min(n, consensus.Reach(r.params)+1)),
		parent:   on.Hash,
	}
}

// At implements consensus.Ancestors for the branch being made.
func (m *miner) At(h consensus.Height) *consensus.Header {
	switch {
	case h < m.first:
		return m.below.At(h)
	case h < m.next && m.next-h <= consensus.Height(len(m.tail)):
		return &m.tail[int(h)%len(m.tail)]
	case h < m.next && h == m.params.ASERTAnchor:
		return &m.anchor
	}
	return nil
}

// mine returns the header and the hash of the next block. The header is only
// to be read, and only until the next call.
func (m *miner) mine(b *body) (*consensus.Header, *chainhash.Hash) {
	t := m.schedule.at(m.seed, m.next) + m.late
	_, live, ok := consensus.NextPoolSize(m.params, m, m.next-1)
	if !ok || live < 0 {
		panic(fmt.Sprintf("testnet: block %d has %d live tickets", m.next, live))
	}
	w := wire.BlockHeader{
		Version:      m.version,
		PrevBlock:    m.parent,
		MerkleRoot:   b.merkleRoot,
		StakeRoot:    b.stakeRoot,
		VoteBits:     m.voteBits(),
		Voters:       b.voters,
		FreshStake:   b.freshStake,
		Revocations:  b.revocations,
		PoolSize:     uint32(live),
		Bits:         consensus.NextBits(m.params, m, m.next-1, t),
		SBits:        consensus.NextSBits(m.params, m, m.next-1),
		Height:       uint32(m.next),
		Size:         b.size,
		Timestamp:    time.Unix(t, 0),
		StakeVersion: m.stake,
	}
	if int64(m.next) >= m.params.ChainParams.StakeValidationHeight {
		newStream(m.seed^0x6c6f74, uint64(m.next)).fill(w.FinalState[:4])
	}
	h := seal(&w)
	solve(m.params, &h)
	m.push(&h)
	return m.At(m.next - 1), &m.parent
}

// voteBits returns what the votes in the next block say of the one below.
func (m *miner) voteBits() uint16 {
	if m.against && m.next == m.first {
		return 0
	}
	return 1
}

// push makes the header the newest one.
func (m *miner) push(h *consensus.Header) {
	m.tail[int(m.next)%len(m.tail)] = *h
	if m.next == m.params.ASERTAnchor {
		m.anchor = *h
	}
	m.parent = h.Hash()
	m.next++
}

// offNonce is where the nonce is in a header.
const offNonce = 140

// seal serializes a header.
func seal(w *wire.BlockHeader) consensus.Header {
	b, err := w.Bytes()
	if err != nil {
		panic(fmt.Sprintf("testnet: serialize header: %v", err))
	}
	return consensus.Header(b)
}

// solve finds a nonce with which the header has the work that it claims. It
// must claim little: every try is made here and now.
func solve(p *consensus.Params, h *consensus.Header) {
	for nonce := uint32(0); !solved(p, h); nonce++ {
		binary.LittleEndian.PutUint32(h[offNonce:], nonce)
	}
}

// solved reports whether the proof-of-work of a header is not above its target.
func solved(p *consensus.Params, h *consensus.Header) bool {
	work := h.Hash
	if h.Height() >= p.DCP0011 {
		work = h.PowHashV2
	}
	hash := work()
	return standalone.CheckProofOfWorkHash(&hash, h.Bits()) == nil
}
