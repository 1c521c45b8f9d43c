package spv

import (
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// blockPaying returns a block with a coinbase and one transaction for each fee.
func blockPaying(fees ...int64) *wire.MsgBlock {
	b := new(wire.MsgBlock)
	b.Transactions = append(b.Transactions, wire.NewMsgTx())
	for i, fee := range fees {
		tx := spending(uint32(i))
		tx.TxIn[0].ValueIn = tx.TxOut[0].Value + fee
		b.Transactions = append(b.Transactions, tx)
	}
	return b
}

// TestFeesOfBlocks checks the fee rates that are derived from a block.
func TestFeesOfBlocks(t *testing.T) {
	size := int64(spending(0).SerializeSize())
	got := feesOf(consensus.BlockID{Height: 7}, blockPaying(3*size, size, 2*size))
	if got.Txs != 3 || got.Lowest != 1000 || got.Median != 2000 || got.Size == 0 {
		t.Errorf("%+v", got)
	}
	if got := feesOf(consensus.BlockID{}, blockPaying()); got.Txs != 0 || got.Lowest != 0 {
		t.Errorf("an empty block: %+v", got)
	}
}

// TestFeesAreBounded checks that the newest blocks are remembered, each once, in
// whatever order they come.
func TestFeesAreBounded(t *testing.T) {
	var f fees
	for round := range 2 {
		for h := 3 * FeeBlocks; h > 0; h-- {
			f.add(consensus.BlockID{Height: consensus.Height(h), Hash: [32]byte{byte(round)}}, blockPaying(1))
		}
	}
	if len(f.list) != FeeBlocks {
		t.Fatalf("%d blocks", len(f.list))
	}
	for i, b := range f.list {
		if b.Height != consensus.Height(2*FeeBlocks+1+i) || b.Hash[0] != 1 {
			t.Fatalf("block %d is %+v", i, b)
		}
	}
}
