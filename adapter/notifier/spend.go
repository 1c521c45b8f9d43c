package notifier

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Watch is an output of which Spends reports the spend.
type Watch struct {
	OutPoint wire.OutPoint

	// Script is the script of the output, which is required: filters hold no outpoints.
	Script []byte

	// Hint is the first block that may hold the spend.
	Hint consensus.Height
}

// Spend is what Spends reports.
type Spend struct {
	Tx    *wire.MsgTx // that spends the output
	Input int         // with which

	// Block is the block that holds it.
	Block consensus.BlockID

	// Reverted is true when that block has left the main chain.
	Reverted bool
}

// Spends calls a function when an output is spent by a transaction of the main chain, and when a
// reorganisation takes back its block. It ends with ctx, whose error it returns, or with the first
// error of the function.
func (s *Source) Spends(ctx context.Context, what Watch, fn func(Spend) error) error {
	if len(what.Script) == 0 {
		return fmt.Errorf("watch for a spend: the script of the output is required")
	}
	after, err := s.before(ctx, what.Hint)
	if err != nil {
		return err
	}
	var found *Spend
	return s.Follow(ctx, after, func(step Step) error {
		switch {
		case !step.Connected && found != nil && found.Block == step.Block:
			gone := *found
			gone.Reverted, found = true, nil
			return fn(gone)
		case !step.Connected || found != nil:
			return nil
		}
		block, err := s.matching(ctx, &step, what.Script)
		if block == nil {
			return err
		}
		if found = spendIn(block, what.OutPoint); found == nil {
			return nil
		}
		found.Block = step.Block
		return fn(*found)
	})
}

// spendIn returns the spend of an output in a block, nil if there is none.
func spendIn(block *wire.MsgBlock, op wire.OutPoint) *Spend {
	for _, tree := range [][]*wire.MsgTx{block.Transactions, block.STransactions} {
		for _, tx := range tree {
			for i, in := range tx.TxIn {
				if in.PreviousOutPoint == op {
					return &Spend{Tx: tx, Input: i}
				}
			}
		}
	}
	return nil
}
