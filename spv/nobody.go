package spv

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// Nobody is the wallet that watches nothing, so that a rescan for it is over at
// once.
type Nobody struct{}

// Scanned returns that nothing is watched.
func (Nobody) Scanned() (consensus.BlockID, bool) { return consensus.BlockID{}, false }

// Locator returns nothing.
func (Nobody) Locator() []consensus.BlockID { return nil }

// Scripts returns nothing.
func (Nobody) Scripts() ([][]byte, uint64) { return nil, 0 }

// Apply does nothing.
func (Nobody) Apply(context.Context, chain.Update) (bool, error) { return false, nil }

// Heard does nothing.
func (Nobody) Heard(context.Context, *wire.MsgTx, string, bool) (kept, refused bool, err error) {
	return false, false, nil
}

// Unsearched returns that it concerns somebody else.
func (Nobody) Unsearched(context.Context, *wire.MsgTx, consensus.Height) ([][]byte, consensus.BlockID, error) {
	return nil, consensus.BlockID{}, nil
}

// Publish does nothing: the transaction is somebody else's.
func (Nobody) Publish(context.Context, *wire.MsgTx) (bool, error) { return false, nil }

// Published returns nothing.
func (Nobody) Published(context.Context) ([]*wire.MsgTx, error) { return nil, nil }

// MinedAt knows of nothing.
func (Nobody) MinedAt(context.Context, chainhash.Hash) (consensus.Height, bool, error) {
	return 0, false, nil
}

// Changed returns nil: nothing ever changes.
func (Nobody) Changed() <-chan struct{} { return nil }
