package spv

import (
	"context"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// Block fetches a block of the main chain, or one that has left it lately (see
// chain.Stale), from the peers. It tries one peer after the other until the block that
// arrived belongs to its header, or ctx ends; without peers it waits for some. It returns
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
	block, _, err := s.blocks.Fetch(ctx, id, &header, s.known)
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
func headerOf(store *chain.Reader, hash chainhash.Hash) (consensus.BlockID, consensus.Header, error) {
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
