package blocks

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Pauses before a block is requested again.
const (
	pause    = 50 * time.Millisecond
	maxPause = 3 * time.Second
)

// Peers is the network as a Fetcher needs it; see spv.Peers.
type Peers interface {
	Block(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) (
		block *wire.MsgBlock, from p2p.PeerID, err error)
	Accuse(id p2p.PeerID, evidence error)
}

// Deps are what a Fetcher needs.
type Deps struct {
	Params  *consensus.Params
	Peers   Peers
	Defects *defect.Reporter
	Log     *slog.Logger

	// Valid is called for each block that has passed all checks, by any goroutine.
	Valid func(id consensus.BlockID, block *wire.MsgBlock)
}

// Fetcher fetches blocks. Any goroutine may call its methods.
type Fetcher struct{ deps Deps }

// New returns a fetcher.
func New(deps Deps) *Fetcher { return &Fetcher{deps} }

// Fetch fetches the block of a header from one peer after the other, and checks it against the
// header. It returns the first block that passes, with the peer that sent it. Peers that send
// another block are accused. It gives up when ctx ends, with its cause; when wanted, which is
// called before each further request, returns an error; and when the block itself is invalid,
// with a *consensus.InvalidBlock.
func (f *Fetcher) Fetch(
	ctx context.Context, id consensus.BlockID, h *consensus.Header, wanted func(consensus.BlockID) error,
) (block *wire.MsgBlock, from p2p.PeerID, err error) {
	var avoid []p2p.PeerID
	for tries := 0; ; tries++ {
		if tries > 0 {
			if wait.For(ctx, min(pause<<min(tries, 10), maxPause)) != nil {
				return nil, 0, context.Cause(ctx)
			}
			if err := wanted(id); err != nil {
				return nil, 0, err
			}
		}
		block, from, err := f.deps.Peers.Block(ctx, avoid, id.Hash)
		if err == nil {
			err = f.check(id, h, block, from)
		}
		var broken *consensus.RuleError
		var invalid *consensus.InvalidBlock
		switch {
		case err == nil:
			return block, from, nil
		case f.deps.Defects.Report(err):
		case errors.As(err, &invalid):
			f.deps.Peers.Accuse(from, err) // no node that checks blocks has it
			return nil, 0, err
		case errors.As(err, &broken):
			f.deps.Peers.Accuse(from, broken)
		}
		if ctx.Err() != nil {
			return nil, 0, context.Cause(ctx)
		}
		f.deps.Log.Debug("No block", "height", id.Height, "peer", from, "err", err)
		if from != 0 && !slices.Contains(avoid, from) {
			avoid = append(avoid, from)
		}
	}
}

// check checks a block that a peer has sent. The error is a *consensus.RuleError if the block
// does not belong to its header, a *consensus.InvalidBlock if it breaks another rule, and a
// *defect.Error if that cannot be found out.
func (f *Fetcher) check(id consensus.BlockID, h *consensus.Header, block *wire.MsgBlock, from p2p.PeerID) error {
	_, err := defect.Contain(from, func() (struct{}, error) {
		if err := consensus.CheckBlock(f.deps.Params, h, block); err != nil {
			return struct{}{}, err
		}
		if err := consensus.CheckTransactions(f.deps.Params, id, block); err != nil {
			return struct{}{}, err
		}
		f.deps.Valid(id, block)
		return struct{}{}, nil
	})
	return err
}

// OnMain returns a function for Fetch that wants a block as long as it is on the main chain of a
// store. Its error for another block is chain.ErrNotFound.
func OnMain(store *chain.Reader) func(consensus.BlockID) error {
	return func(id consensus.BlockID) error {
		_, err := store.HeightOf(id.Hash)
		return err
	}
}

// LeftChain reports whether an error says that blocks have left the main chain.
func LeftChain(err error) bool {
	return errors.Is(err, chain.ErrStale) || errors.Is(err, chain.ErrNotFound)
}
