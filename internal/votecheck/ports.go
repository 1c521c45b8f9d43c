package votecheck

import (
	"context"
	"iter"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// Syncer is the sync whose chain is verified. [*spv.Syncer] is one.
type Syncer interface {
	// Status returns the current status.
	Status() spv.Status

	// Changes yields the current status if its Seq is greater than from, then newer
	// ones until ctx ends.
	Changes(ctx context.Context, from uint64) iter.Seq[spv.Status]

	// Chain returns the chain store for reading, or an error while it is not open.
	Chain() (*chain.Reader, error)

	// Block fetches a block of the main chain from the peers and proves it against its
	// header. It tries until ctx ends.
	Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error)

	// ReportVotes replaces what the status says about votes.
	ReportVotes(spv.VoteReport)
}

// Wallets are whose payments are verified. [*wallet.Set] is one.
type Wallets interface {
	// EachPayment calls yield for each transaction of a wallet that is mined above a
	// height and adds at least an amount, in atoms, to that wallet. The error is that
	// the wallets cannot be read now.
	EachPayment(ctx context.Context, least dcrutil.Amount, above consensus.Height,
		yield func(wallet string, tx chainhash.Hash, amount dcrutil.Amount, block consensus.BlockID)) error

	// MinedIn returns the block that holds a transaction of a wallet, the zero value
	// while none does, and what it adds to the wallet in atoms. Known is false if the
	// wallet has no such transaction. The error is that there is no such wallet, or that
	// it cannot be read now.
	MinedIn(ctx context.Context, wallet string, tx chainhash.Hash) (block consensus.BlockID, amount dcrutil.Amount, known bool, err error)

	// Watch returns a channel that is poked (capacity one) when a wallet has changed,
	// until ctx ends.
	Watch(ctx context.Context) <-chan struct{}
}
