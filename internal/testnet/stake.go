package testnet

import (
	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// stakeVersion is the stake version of every block and vote.
const stakeVersion = 11

// The sale of tickets rises and falls in waves, which takes the ticket price through all of
// its range.
const (
	wavePairs  = 96 // half a wave in pairs of blocks
	waveHeight = 3  // tickets more or fewer per pair
)

// voters returns the number of votes in the block at a height: nearly always
// all of them, never less than a majority.
func (r *recipe) voters(h consensus.Height) uint16 {
	if int64(h) < r.params.ChainParams.StakeValidationHeight || r.voted {
		return 0
	}
	s := newStream(r.seed^0x766f7465, uint64(h))
	missing := 0
	if s.oneIn(16) {
		missing = 1 + s.below(int(r.params.ChainParams.TicketsPerBlock)-int(r.params.ChainParams.TicketsPerBlock)/2-1)
	}
	return r.params.ChainParams.TicketsPerBlock - uint16(missing)
}

// freshStake returns the number of tickets bought in the block at a height. The sum of each
// pair of blocks does not depend on the seed: the size of the ticket pool never drifts,
// however many branches meet.
func (r *recipe) freshStake(h consensus.Height) uint8 {
	p := r.params
	since := int64(h) - p.ChainParams.StakeEnabledHeight
	if since < 0 {
		return 0
	}
	pair, perPair := since/2, 2*int64(p.ChainParams.TicketsPerBlock)
	warmUp := p.ChainParams.StakeValidationHeight - int64(p.ChainParams.TicketMaturity) - p.ChainParams.StakeEnabledHeight
	switch {
	case r.onPrefix != nil:
	case since < warmUp:
		perPair = 2 * int64(p.ChainParams.TicketPoolSize) * int64(p.ChainParams.TicketsPerBlock) / warmUp
	case (pair-warmUp/2+wavePairs/2)/wavePairs%2 == 0:
		perPair += waveHeight
	default:
		perPair -= waveHeight
	}
	perPair = min(perPair, int64(p.ChainParams.MaxFreshStakePerBlock))
	first := newStream(r.seed^0x6275796572, uint64(pair)).below(int(perPair) + 1)
	if since%2 == 0 {
		return uint8(first)
	}
	return uint8(int(perPair) - first)
}

// revocations returns the number of revocations in the block at a height. From
// DCP0009 on they are those of the tickets that were drawn and did not vote:
// no ticket of the network is ever left to expire.
func (r *recipe) revocations(h consensus.Height) uint8 {
	p := r.params
	if int64(h) < p.ChainParams.StakeValidationHeight || r.voted {
		return 0
	}
	if h >= p.DCP0009 {
		return uint8(p.ChainParams.TicketsPerBlock - r.voters(h))
	}
	s := newStream(r.seed^0x7265766f6b65, uint64(h))
	if s.oneIn(8) {
		return uint8(1 + s.below(2))
	}
	return 0
}

// count adds a planned stake transaction to the counts of the header.
func (b *body) count(tx *wire.MsgTx) {
	switch stake.DetermineTxType(tx) {
	case stake.TxTypeSStx:
		b.freshStake++
	case stake.TxTypeSSGen:
		b.voters++
	case stake.TxTypeSSRtx:
		b.revocations++
	}
}
