package serve

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Chain is the proven chain that is served. Its methods may be called from any goroutine, and
// every error of theirs leaves the request without an answer.
type Chain interface {
	// Tip returns the newest block whose filter is there, and whether the chain has at least
	// the work that the network is known to have.
	Tip() (tip consensus.BlockID, enoughWork bool)

	// HeadersAfter calls fn with at most so many headers that follow the first block of a
	// locator that is on the chain, or the genesis block, up to the block stop; with an empty
	// locator with the header of stop alone. It returns their number. They end at the block
	// that Tip returns.
	HeadersAfter(locator []chainhash.Hash, stop chainhash.Hash, most int, fn func(h *consensus.Header)) (int, error)

	// HeightOf returns the height of a block of the chain.
	HeightOf(hash chainhash.Hash) (consensus.Height, error)

	// FiltersBetween calls fn with the filter of each block from one to another, both
	// included, in order. It is an error if there are more than most, or if one is not there,
	// and then fn was not called.
	FiltersBetween(start, end chainhash.Hash, most int, fn func(block *chainhash.Hash, filter []byte)) error
}

// Network is what a server asks of the network behind it.
type Network interface {
	// Block fetches a block of the chain, and proves it by its header. The error says that the
	// block is not one of the chain, or could not be fetched before ctx ended.
	Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error)

	// Publish passes on a transaction of a client. The source is the host of the client. An
	// error says why it is not passed on.
	Publish(ctx context.Context, tx *wire.MsgTx, source string) error

	// Published returns a transaction that is being published, or nil.
	Published(hash chainhash.Hash) *wire.MsgTx
}

// State is what a server has to know of the sync.
type State struct {
	// Open says that the store is open and consistent: the chain may be read.
	Open bool

	// Current says that the chain has been at the tip of the network: new blocks are
	// announced.
	Current bool

	// Busy says that the sync has work to do, which comes before what clients ask for.
	Busy bool

	// Tip is the newest block whose filter is there.
	Tip consensus.BlockID
}
