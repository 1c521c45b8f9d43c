package rpc

import (
	"context"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Relay offers transactions to the network.
type Relay interface {
	// Publish offers a transaction to peers until it is mined or has expired. The
	// error is ErrNoPeers, or an *api.Error that says why it is rejected; nothing
	// has changed then.
	Publish(ctx context.Context, tx *wire.MsgTx) error

	// Published returns what this process publishes and has published, oldest
	// first.
	Published() []api.Publication

	// SeenFees returns what the transactions pay in those of the newest blocks that
	// were fetched, because they concern the wallet or were asked for; no others
	// can be known. Blocks is how many blocks they are picked from.
	SeenFees() (seen []BlockFees, blocks int)
}

// BlockFees is what the transactions of a block pay, in atoms per 1,000 bytes.
type BlockFees struct {
	Size   int // of the block, in bytes
	Txs    int // that pay fees
	Lowest int64
	Median int64
}
