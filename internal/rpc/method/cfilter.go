package method

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// filterMethods returns the methods about the committed filters of blocks.
func filterMethods() []Method {
	return []Method{
		getCFilterV2(),
		validatePreDCP0005CF(),
	}
}

func getCFilterV2() Method {
	return Method{
		Name:    "getcfilterv2",
		Reads:   true,
		Waits:   true,
		Summary: "Returns the version 2 committed filter of a main chain block.",
		Help: "A filter below filterfloor of syncstatus is not kept: each call asks the network for it, and " +
			"proves it by the header of its block. Filters below DCP0005 cannot be proven one by one, and are refused if they are not kept.",
		Params:  []param{{name: "hash", kind: kindHash, text: "The hash of the block."}},
		Result:  "the block hash, and filter and key in hex",
		Returns: []any{api.CFilterV2{}},
		Example: `["` + exampleHash + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			hash := c.hash("hash")
			store, err := c.Syncer.Chain()
			if err != nil {
				return nil, err
			}
			f, err := atOneTip(store, func(at chain.State) (api.CFilterV2, error) { return filterBelow(store, at, hash) })
			switch {
			case errors.Is(err, chain.ErrBelowFloor):
				return c.fetchFilter(ctx, store, hash)
			case errors.Is(err, chain.ErrNotFound):
				return nil, c.notOnChain(hash)
			}
			return f, err
		},
	}
}

// filterBelow reads the filter of a block on the chain of a state. The error is errSyncing if
// the filter is not there yet, and chain.ErrBelowFloor if it is to be fetched.
func filterBelow(store *chain.Reader, at chain.State, hash chainhash.Hash) (api.CFilterV2, error) {
	height, err := store.HeightOf(hash)
	switch {
	case err != nil:
		return api.CFilterV2{}, err
	case height > at.NewestFilter().Height:
		return api.CFilterV2{}, errSyncing
	case height > at.Filters.Height && height < at.Above.First:
		return api.CFilterV2{}, chain.ErrBelowFloor
	}
	h, err := store.Header(height)
	if err != nil {
		return api.CFilterV2{}, err
	}
	filter, err := store.Filter(height)
	return filterResult(hash, &h, filter), err
}

// filterResult translates a filter.
func filterResult(hash chainhash.Hash, h *consensus.Header, filter []byte) api.CFilterV2 {
	key := h.FilterKey()
	return api.CFilterV2{
		BlockHash:   hash.String(),
		Filter:      hex.EncodeToString(filter),
		Key:         hex.EncodeToString(key[:]),
		Data:        hex.EncodeToString(filter),
		ProofHashes: []string{},
	}
}

// fetchFilter gets a filter that is not kept from the network. Its errors name the hash.
func (c *Call) fetchFilter(ctx context.Context, store *chain.Reader, hash chainhash.Hash) (api.CFilterV2, error) {
	if c.Syncer.Status().Peers == 0 {
		return api.CFilterV2{}, spv.ErrNoPeers
	}
	filter, err := c.Syncer.Filter(ctx, hash)
	switch {
	case errors.Is(err, spv.ErrUnprovable):
		return api.CFilterV2{}, fail(api.CodeNotFound, "the filter of block %s is not kept, and filters below block %d are proven "+
			"all together only; start spvd with --keepfilters", hash, c.Params.DCP0005)
	case errors.Is(err, chain.ErrNotFound):
		return api.CFilterV2{}, c.notOnChain(hash)
	case errors.Is(err, context.DeadlineExceeded) && c.Syncer.Status().Peers == 0:
		return api.CFilterV2{}, spv.ErrNoPeers
	case errors.Is(err, context.DeadlineExceeded):
		return api.CFilterV2{}, fail(api.CodeMisc, "no peer has sent the filter of block %s in time; try again", hash)
	case err != nil:
		return api.CFilterV2{}, err
	}
	height, err := store.HeightOf(hash)
	if err != nil {
		return api.CFilterV2{}, err
	}
	h, err := store.Header(height)
	return filterResult(hash, &h, filter), err
}

func validatePreDCP0005CF() Method {
	return Method{
		Name:    "validatepredcp0005cf",
		Reads:   true,
		Summary: "Tells whether the filters below DCP0005 hash to the known value of the network.",
		Help:    "The daemon finds that out while it fetches them, and says in syncstatus when they do not.",
		Result:  "true, or false while it is not known yet",
		Returns: []any{true},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			if c.Params.EarlyFilters == (chainhash.Hash{}) {
				return nil, fail(api.CodeWallet, "%s has no filters below DCP0005", c.Params.ChainParams.Name)
			}
			store, err := c.Syncer.Chain()
			if err != nil {
				return nil, err
			}
			return store.State().EarlyProven, nil
		},
	}
}
