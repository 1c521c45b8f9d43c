package testnet

import (
	"fmt"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// How many regular transactions a block has besides its coinbase. With the
// stake transactions this makes filters of about 200 bytes, and of about
// 12,000 bytes now and then, as on the main network.
const (
	usualMost    = 14   // the usual number is drawn twice and is a fourth of it
	crowdedOneIn = 4000 // blocks
	crowdedMost  = 260
)

// body is the part of a block that does not depend on its parent. It follows from the seed of
// the branch, the height and the planned transactions, so that bodies can be made on all
// cores and made again when needed.
type body struct {
	regular, stake []*wire.MsgTx

	merkleRoot, stakeRoot chainhash.Hash

	filter []byte
	size   uint32 // of the serialized block

	voters      uint16
	freshStake  uint8
	revocations uint8
}

// recipe makes the bodies of one branch.
type recipe struct {
	params *consensus.Params
	seed   uint64
	plan   Plan

	late    time.Duration // see Branch
	version int32
	voted   bool // the plan has all votes
	against bool // the first block disapproves the one below

	// onPrefix is the header of the prefix that the branch leaves, or nil. Its versions
	// stay, as the rules want, and each pair of blocks sells as many tickets as
	// it draws: the pool of the prefix may be too small for less.
	onPrefix *consensus.Header
}

// body makes the body of the block at a height, which is not zero. It is an error if a
// planned transaction is malformed.
func (r *recipe) body(h consensus.Height) (*body, error) {
	s := newStream(r.seed, uint64(h))
	b := &body{
		voters:      r.voters(h),
		freshStake:  r.freshStake(h),
		revocations: r.revocations(h),
	}
	b.regular = append(b.regular, coinbase(s, uint32(h)))
	for range payments(s) {
		b.regular = append(b.regular, payment(s))
	}
	for range b.voters {
		b.stake = append(b.stake, vote(s, uint32(h)))
	}
	for range b.freshStake {
		b.stake = append(b.stake, ticket(s))
	}
	for range b.revocations {
		b.stake = append(b.stake, revocation(s))
	}
	for _, tx := range r.plan[h] {
		b.add(tx)
	}
	for r.voted && b.voters+uint16(b.revocations) < r.params.ChainParams.TicketsPerBlock {
		b.stake = append(b.stake, revocation(s))
		b.revocations++
	}
	if err := b.commit(r, h); err != nil {
		return nil, fmt.Errorf("make block %d: %w", h, err)
	}
	return b, nil
}

// payments draws the number of regular transactions of a block.
func payments(s stream) int {
	if s.oneIn(crowdedOneIn) {
		return s.below(crowdedMost)
	}
	return s.below(1 + s.below(usualMost))
}

// add puts a planned transaction in its tree.
func (b *body) add(tx Tx) {
	if tx.Coinbase {
		b.regular[0] = tx.Msg
		return
	}
	if !tx.Stake {
		b.regular = append(b.regular, tx.Msg)
		return
	}
	b.stake = append(b.stake, tx.Msg)
	b.count(tx.Msg)
}

// commit fills in the roots, the filter and the size.
func (b *body) commit(r *recipe, h consensus.Height) error {
	combined := h >= r.params.DCP0005
	if combined {
		b.merkleRoot = standalone.CalcCombinedTxTreeMerkleRoot(b.regular, b.stake)
	} else {
		b.merkleRoot = standalone.CalcTxTreeMerkleRoot(b.regular)
		b.stakeRoot = standalone.CalcTxTreeMerkleRoot(b.stake)
	}
	msg := wire.MsgBlock{
		Header:        wire.BlockHeader{MerkleRoot: b.merkleRoot, FreshStake: b.freshStake},
		Transactions:  b.regular,
		STransactions: b.stake,
	}
	filter, err := blockcf2.Regular(&msg, r.prevScripts(h))
	if err != nil {
		return err
	}
	b.filter = filter.Bytes()
	if combined {
		b.stakeRoot = blake256.Sum256(b.filter)
	}
	b.size = uint32(msg.SerializeSize())
	return nil
}

// prevScripts returns the scripts that the inputs of the block at a height spend.
func (r *recipe) prevScripts(h consensus.Height) prevScripts {
	var given map[wire.OutPoint][]byte
	for _, tx := range r.plan[h] {
		for i, script := range tx.Spends {
			if given == nil {
				given = make(map[wire.OutPoint][]byte)
			}
			given[tx.Msg.TxIn[i].PreviousOutPoint] = script
		}
	}
	return prevScripts{given}
}
