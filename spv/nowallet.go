package spv

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// noWallet is the wallet that watches nothing, so that a rescan for it is over at once.
type noWallet struct{}

// Scanned returns that nothing is watched.
func (noWallet) Scanned() (consensus.BlockID, bool) { return consensus.BlockID{}, false }

// Locator returns nothing.
func (noWallet) Locator() []consensus.BlockID { return nil }

// Scripts returns nothing.
func (noWallet) Scripts() ([][]byte, uint64) { return nil, 0 }

// Apply does nothing.
func (noWallet) Apply(context.Context, chain.Update) (bool, error) { return false, nil }

// Heard does nothing.
func (noWallet) Heard(context.Context, *wire.MsgTx, string, bool) (kept, refused bool, err error) {
	return false, false, nil
}

// Unsearched returns that the transaction does not concern it.
func (noWallet) Unsearched(context.Context, *wire.MsgTx, consensus.Height) ([][]byte, consensus.BlockID, error) {
	return nil, consensus.BlockID{}, nil
}

// Publish returns that the transaction does not concern it.
func (noWallet) Publish(context.Context, *wire.MsgTx) (bool, error) { return false, nil }

// Published returns nothing.
func (noWallet) Published(context.Context) ([]*wire.MsgTx, error) { return nil, nil }

// MinedAt returns that no block holds the transaction.
func (noWallet) MinedAt(context.Context, chainhash.Hash) (consensus.Height, bool, error) {
	return 0, false, nil
}

// Changed returns nil: nothing ever changes.
func (noWallet) Changed() <-chan struct{} { return nil }
