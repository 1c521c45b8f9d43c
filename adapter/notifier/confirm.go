package notifier

import (
	"bytes"
	"context"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// Confirm is what Confirmations watches.
type Confirm struct {
	// TxID is the hash of the transaction. The zero value means the first transaction that
	// pays to the script.
	TxID chainhash.Hash

	// Script is the script of version 0 of an output of the transaction: filters do not hold
	// transactions. It is required.
	Script []byte

	// Hint is the first block that may hold the transaction.
	Hint consensus.Height

	// Confirmations is how many are waited for, 1 or more: the block itself is the first.
	Confirmations int
}

// Confirmation is what Confirmations reports.
type Confirmation struct {
	// Tx is the transaction, Index its place among the regular transactions of the block, or
	// among those of the stake tree if Stake is set.
	Tx    *wire.MsgTx
	Index int
	Stake bool

	// Block is the block that holds it, Count how often it is confirmed: 1 in that block,
	// and the number that is waited for at most.
	Block consensus.BlockID
	Count int

	// Reverted is true when that block has left the main chain, Count is 0 then. If the
	// transaction is mined again, it is reported again.
	Reverted bool
}

// Confirmations calls a function for each confirmation of a transaction up to the number that is
// waited for, and when a reorganisation takes back its block, however many there were. After the
// last one it goes on, because a reorganisation may still come: it ends with ctx, whose error it
// returns, or with the first error of the function.
func (s *Source) Confirmations(ctx context.Context, what Confirm, fn func(Confirmation) error) error {
	switch {
	case len(what.Script) == 0:
		return fmt.Errorf("watch for confirmations: a script is required")
	case what.Confirmations < 1:
		return fmt.Errorf("watch for confirmations: %d are asked for, it must be 1 or more", what.Confirmations)
	}
	after, err := s.before(ctx, what.Hint)
	if err != nil {
		return err
	}
	w := &confirming{source: s, what: what, fn: fn}
	return s.Follow(ctx, after, func(step Step) error { return w.take(ctx, &step) })
}

// before returns the block below a height, or the tip if the chain is not so long.
func (s *Source) before(ctx context.Context, h consensus.Height) (*consensus.BlockID, error) {
	if err := s.syncer.Wait(ctx, spv.Initialised); err != nil {
		return nil, err
	}
	tip, err := s.Tip()
	if err != nil || h > tip.Height {
		return &tip, err
	}
	id := consensus.BlockID{Height: max(h-1, 0)}
	id.Hash, err = s.Hash(id.Height)
	return &id, err
}

// confirming is the state of Confirmations.
type confirming struct {
	source *Source
	what   Confirm
	fn     func(Confirmation) error
	found  *Confirmation // the last report; nil while the transaction is not mined
}

// take reports what a step changes.
func (w *confirming) take(ctx context.Context, step *Step) error {
	switch {
	case !step.Connected && w.found != nil && step.Block == w.found.Block:
		gone := *w.found
		gone.Count, gone.Reverted = 0, true
		w.found = nil
		return w.fn(gone)
	case !step.Connected:
		return nil
	case w.found == nil:
		if err := w.find(ctx, step); err != nil || w.found == nil {
			return err
		}
	}
	count := int(step.Block.Height-w.found.Block.Height) + 1
	if count <= w.found.Count || count > w.what.Confirmations {
		return nil // a branch has replaced blocks above
	}
	w.found.Count = count
	return w.fn(*w.found)
}

// find looks for the transaction in a block.
func (w *confirming) find(ctx context.Context, step *Step) error {
	block, err := w.source.matching(ctx, step, w.what.Script)
	if block == nil {
		return err
	}
	for _, tree := range [][]*wire.MsgTx{block.Transactions, block.STransactions} {
		for i, tx := range tree {
			if w.wanted(tx) {
				w.found = &Confirmation{Tx: tx, Index: i, Stake: len(block.STransactions) > 0 && &tree[0] == &block.STransactions[0], Block: step.Block}
				return nil
			}
		}
	}
	return nil
}

// wanted reports whether a transaction is the one that is watched.
func (w *confirming) wanted(tx *wire.MsgTx) bool {
	if w.what.TxID != (chainhash.Hash{}) {
		return tx.TxHash() == w.what.TxID
	}
	for _, out := range tx.TxOut {
		if out.Version == 0 && bytes.Equal(out.PkScript, w.what.Script) {
			return true
		}
	}
	return false
}

// matching returns the block of a step if its filter matches a script, and nil if it does not, or
// the block has left the chain meanwhile.
func (s *Source) matching(ctx context.Context, step *Step, script []byte) (*wire.MsgBlock, error) {
	hit, err := step.Filter.Match(script)
	if err != nil {
		return nil, fmt.Errorf("match the filter of block %d: %w", step.Block.Height, err)
	}
	if !hit {
		return nil, nil
	}
	block, err := s.Block(ctx, step.Block.Hash)
	if err != nil {
		return nil, fmt.Errorf("fetch block %d: %w", step.Block.Height, err)
	}
	return block, nil
}
