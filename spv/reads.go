package spv

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/defect"
	"github.com/spvd/spvd/spv/p2p"
)

// Pauses before a block is asked for again.
const (
	blockPause    = 50 * time.Millisecond
	maxBlockPause = 3 * time.Second
)

// Block fetches a block of the main chain, or one that has left it lately (see
// chain.Stale), from the peers. It tries one peer after the other until the block that
// came belongs to its header, or ctx ends; without peers it waits for some. It returns
// chain.ErrNotFound for the hash of any other block.
func (s *Syncer) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	store, err := s.Chain()
	if err != nil {
		return nil, err
	}
	id, header, err := headerOf(store, hash)
	if err != nil {
		return nil, err
	}
	block, _, err := s.fetchBlock(ctx, id, &header, s.known)
	var bad *consensus.InvalidBlock
	if errors.As(err, &bad) {
		select {
		case s.invalid <- bad:
		default: // the run has others to leave first
		}
	}
	return block, err
}

// headerOf returns a block and its header, if it is on the main chain or has left it
// lately. The error for any other block is chain.ErrNotFound.
func headerOf(store *chain.Chain, hash chainhash.Hash) (consensus.BlockID, consensus.Header, error) {
	height, err := store.HeightOf(hash)
	var header consensus.Header
	if err == nil {
		header, err = store.Header(height)
	}
	switch {
	case err != nil && !errors.Is(err, chain.ErrNotFound):
		return consensus.BlockID{}, header, err
	case err == nil && header.Hash() == hash: // else it has left the chain in between
		return consensus.BlockID{Height: height, Hash: hash}, header, nil
	}
	b, err := store.Stale(hash)
	return b.BlockID, b.Header, err
}

// known returns chain.ErrNotFound for a block that is neither on the main chain nor has
// left it lately.
func (s *Syncer) known(id consensus.BlockID) error {
	store, err := s.Chain()
	if err != nil {
		return err
	}
	_, _, err = headerOf(store, id.Hash)
	return err
}

// fetchBlock fetches a block whose header is known and checks that it belongs
// to it. It returns the peer that sent it. Only the end of ctx makes it give up, or an error
// of wanted, which it calls before each further request, or that the block is invalid: a
// consensus.InvalidBlock.
func (s *Syncer) fetchBlock(ctx context.Context, id consensus.BlockID, h *consensus.Header, wanted func(consensus.BlockID) error) (block *wire.MsgBlock, from p2p.PeerID, err error) {
	var avoid []p2p.PeerID
	for tries := 0; ; tries++ {
		if tries > 0 {
			if wait.For(ctx, min(blockPause<<min(tries, 10), maxBlockPause)) != nil {
				return nil, 0, context.Cause(ctx)
			}
			if err := wanted(id); err != nil {
				return nil, 0, err
			}
		}
		block, from, err := s.cfg.Peers.Block(ctx, avoid, id.Hash)
		if err == nil {
			err = s.checkBlock(id, h, block, from)
		}
		var broken *consensus.RuleError
		var invalid *consensus.InvalidBlock
		switch {
		case err == nil:
			return block, from, nil
		case s.defects.Report(err):
		case errors.As(err, &invalid):
			s.cfg.Peers.Accuse(from, err) // no node that checks blocks has it
			return nil, 0, err
		case errors.As(err, &broken):
			s.cfg.Peers.Accuse(from, broken)
		}
		if ctx.Err() != nil {
			return nil, 0, context.Cause(ctx)
		}
		s.cfg.Log.Debug("No block", "height", id.Height, "peer", from, "err", err)
		if from != 0 && !slices.Contains(avoid, from) {
			avoid = append(avoid, from)
		}
	}
}

// checkBlock checks a block that a peer has sent, and learns from its fees. The error is a
// *consensus.RuleError for one that does not belong to its header, else a *consensus.InvalidBlock.
func (s *Syncer) checkBlock(id consensus.BlockID, h *consensus.Header, block *wire.MsgBlock, from p2p.PeerID) error {
	_, err := defect.Contain(from, func() (struct{}, error) {
		if err := consensus.CheckBlock(s.cfg.Params, h, block); err != nil {
			return struct{}{}, err
		}
		if err := consensus.CheckTransactions(s.cfg.Params, id, block); err != nil {
			return struct{}{}, err
		}
		s.fees.add(id, block)
		return struct{}{}, nil
	})
	return err
}

// onMain returns chain.ErrNotFound when a block is not on the main chain.
func (s *Syncer) onMain(id consensus.BlockID) error {
	store, err := s.Chain()
	if err != nil {
		return err
	}
	_, err = store.HeightOf(id.Hash)
	return err
}
