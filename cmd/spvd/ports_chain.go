package main

import (
	"context"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
)

// chainPort answers questions about the chain from the syncer's store.
type chainPort struct {
	syncer *spv.Syncer
	params *chain.Params
}

// Best implements rpc.Chain.
func (p chainPort) Best() (chainhash.Hash, int64, error) {
	store, err := p.syncer.Chain()
	if err != nil {
		return chainhash.Hash{}, 0, portError(err)
	}
	tip := store.State().Tip
	return tip.Hash, int64(tip.Height), nil
}

// HashAt implements rpc.Chain.
func (p chainPort) HashAt(height int64) (chainhash.Hash, error) {
	store, err := p.syncer.Chain()
	if err != nil {
		return chainhash.Hash{}, portError(err)
	}
	if height < 0 || height > int64(store.State().Tip.Height) {
		return chainhash.Hash{}, rpc.ErrNotFound
	}
	h, err := store.Header(chain.Height(height))
	if err != nil {
		return chainhash.Hash{}, portError(err)
	}
	return h.Hash(), nil
}

// Header implements rpc.Chain.
func (p chainPort) Header(hash chainhash.Hash) (rpc.Header, error) {
	store, err := p.syncer.Chain()
	if err != nil {
		return rpc.Header{}, portError(err)
	}
	// A tip stands for one state of the chain: reads between two looks at the
	// same tip belong together. It changes with every flush, which is seldom.
	for {
		tip := store.State().Tip
		header, err := p.headerBelow(store, tip, hash)
		if store.State().Tip == tip {
			return header, portError(err)
		}
	}
}

// headerBelow reads a header and what surrounds it on the chain of a tip.
func (p chainPort) headerBelow(store *chain.Chain, tip chain.BlockID, hash chainhash.Hash) (rpc.Header, error) {
	height, err := store.HeightOf(hash)
	if err != nil {
		return rpc.Header{}, err
	}
	h, err := store.Header(height)
	if err != nil {
		return rpc.Header{}, err
	}
	median, err := store.MedianTime(height)
	if err != nil {
		return rpc.Header{}, err
	}
	work, err := store.WorkAt(height)
	if err != nil {
		return rpc.Header{}, err
	}
	header := rpc.Header{
		Raw:        h,
		Hash:       hash,
		PowHash:    hash,
		Height:     int64(height),
		MedianTime: median,
		Work:       work.Bytes(),
		Tip:        int64(tip.Height),
	}
	if height >= p.params.DCP0011 {
		header.PowHash = h.PowHashV2()
	}
	if height < tip.Height {
		next, err := store.Header(height + 1)
		if err != nil {
			return rpc.Header{}, err
		}
		header.Next = next.Hash()
	}
	return header, nil
}

// Filter implements rpc.Chain.
func (p chainPort) Filter(hash chainhash.Hash) ([]byte, [16]byte, error) {
	store, err := p.syncer.Chain()
	if err != nil {
		return nil, [16]byte{}, portError(err)
	}
	for {
		state := store.State()
		filter, key, err := filterBelow(store, state, hash)
		if store.State().Tip == state.Tip {
			return filter, key, portError(err)
		}
	}
}

// filterBelow reads a filter and its key on the chain of a state.
func filterBelow(store *chain.Chain, state chain.State, hash chainhash.Hash) (filter []byte, key [16]byte, err error) {
	height, err := store.HeightOf(hash)
	if err != nil {
		return nil, key, err
	}
	if height > state.Filters.Height {
		return nil, key, rpc.ErrSyncing
	}
	h, err := store.Header(height)
	if err != nil {
		return nil, key, err
	}
	filter, err = store.Filter(height)
	return filter, h.FilterKey(), err
}

// Since implements rpc.Chain.
func (p chainPort) Since(locator []api.BlockID, most int) (rpc.Step, error) {
	store, err := p.syncer.Chain()
	if err != nil {
		return rpc.Step{}, portError(err)
	}
	ids := make([]chain.BlockID, len(locator))
	for i, id := range locator {
		hash, err := chainhash.NewHashFromStr(id.Hash)
		if err != nil {
			return rpc.Step{}, err
		}
		ids[i] = chain.BlockID{Height: chain.Height(id.Height), Hash: *hash}
	}
	u, err := store.Since(ids, most)
	if err != nil {
		return rpc.Step{}, portError(err)
	}
	step := rpc.Step{More: u.More, Applied: make([]rpc.Applied, len(u.Applied))}
	for _, id := range u.Reverted {
		step.Reverted = append(step.Reverted, blockID(id))
	}
	for i := range u.Applied {
		step.Applied[i] = rpc.Applied{ID: blockID(u.Applied[i].BlockID), Raw: u.Applied[i].Header}
	}
	return step, nil
}

// blocksPort fetches blocks through the syncer, which checks them.
type blocksPort struct{ syncer *spv.Syncer }

// Block implements rpc.Blocks.
func (p blocksPort) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	store, err := p.syncer.Chain()
	if err != nil {
		return nil, portError(err)
	}
	if _, err := store.HeightOf(hash); err != nil {
		return nil, portError(err)
	}
	if p.syncer.Status().Peers == 0 {
		return nil, rpc.ErrNoPeers
	}
	block, err := p.syncer.Block(ctx, hash)
	return block, portError(err)
}

// portError returns the error in the terms of the RPC server's ports.
func portError(err error) error {
	switch {
	case errors.Is(err, spv.ErrNotInitialised), errors.Is(err, chain.ErrClosed):
		return rpc.ErrSyncing
	case errors.Is(err, chain.ErrNotFound):
		return rpc.ErrNotFound
	}
	return err
}
