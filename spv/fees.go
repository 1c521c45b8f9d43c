package spv

import (
	"slices"
	"sync"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// FeeBlocks is how many of the newest blocks Fees tells of, if they were fetched.
const FeeBlocks = 144

// BlockFees is what the regular transactions of a block pay, in atoms per 1,000
// bytes. Blocks state what their inputs are worth, and are only valid if that is
// true.
type BlockFees struct {
	consensus.BlockID
	Size           int // of the block, in bytes
	Txs            int // regular transactions but the coinbase
	Lowest, Median dcrutil.Amount
}

// fees are those of the newest blocks that were fetched. Any goroutine may add
// some.
type fees struct {
	mu   sync.Mutex
	list []BlockFees // by rising height
}

// add notes the fees of a block.
func (f *fees) add(id consensus.BlockID, block *wire.MsgBlock) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, _ := slices.BinarySearchFunc(f.list, id.Height, func(b BlockFees, h consensus.Height) int { return int(b.Height - h) })
	if i < len(f.list) && f.list[i].Height == id.Height {
		f.list = slices.Delete(f.list, i, i+1)
	}
	if i == 0 && len(f.list) >= FeeBlocks {
		return
	}
	f.list = slices.Insert(f.list, i, feesOf(id, block))
	if extra := len(f.list) - FeeBlocks; extra > 0 {
		f.list = slices.Delete(f.list, 0, extra)
	}
}

// feesOf adds up what the transactions of a block pay.
func feesOf(id consensus.BlockID, block *wire.MsgBlock) BlockFees {
	b := BlockFees{BlockID: id, Size: block.SerializeSize()}
	var rates []dcrutil.Amount
	for _, tx := range block.Transactions[min(1, len(block.Transactions)):] {
		var fee dcrutil.Amount
		for _, in := range tx.TxIn {
			fee += dcrutil.Amount(in.ValueIn)
		}
		for _, out := range tx.TxOut {
			fee -= dcrutil.Amount(out.Value)
		}
		const kilobyte = 1000
		rates = append(rates, fee*kilobyte/dcrutil.Amount(tx.SerializeSize()))
	}
	slices.Sort(rates)
	if b.Txs = len(rates); b.Txs > 0 {
		b.Lowest, b.Median = rates[0], rates[len(rates)/2]
	}
	return b
}

// Fees returns the fees of those of the newest FeeBlocks blocks of the chain that
// were fetched, for the wallet or by Block, oldest first.
func (s *Syncer) Fees() []BlockFees {
	tip := s.Status().Tip.Height
	s.fees.mu.Lock()
	defer s.fees.mu.Unlock()
	i := slices.IndexFunc(s.fees.list, func(b BlockFees) bool { return b.Height > tip-FeeBlocks })
	if i < 0 {
		return nil
	}
	return slices.Clone(s.fees.list[i:])
}
