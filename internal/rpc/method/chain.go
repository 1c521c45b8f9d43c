package method

import (
	"context"
	"errors"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/chain"
)

// chainMethods returns the methods about the chain.
func chainMethods() []Method {
	return []Method{
		getBestBlock(),
		getBestBlockHash(),
		getBlockCount(),
		getBlockHash(),
		getChainTips(),
		getCurrentNet(),
	}
}

func getBestBlock() Method {
	return Method{
		Name:    "getbestblock",
		Quick:   true,
		Reads:   true,
		Summary: "Returns hash and height of the newest verified block.",
		Result:  "hash and height",
		Returns: []any{api.BestBlock{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			tip, err := c.tip()
			if err != nil {
				return nil, err
			}
			return api.BestBlock{Hash: tip.Hash.String(), Height: int64(tip.Height)}, nil
		},
	}
}

func getBestBlockHash() Method {
	return Method{
		Name:    "getbestblockhash",
		Quick:   true,
		Reads:   true,
		Summary: "Returns the hash of the newest verified block.",
		Result:  "the hash",
		Returns: []any{""},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			tip, err := c.tip()
			if err != nil {
				return nil, err
			}
			return tip.Hash.String(), nil
		},
	}
}

func getBlockCount() Method {
	return Method{
		Name:    "getblockcount",
		Quick:   true,
		Reads:   true,
		Summary: "Returns the height of the newest verified block.",
		Result:  "the height",
		Returns: []any{int64(0)},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			tip, err := c.tip()
			if err != nil {
				return nil, err
			}
			return int64(tip.Height), nil
		},
	}
}

func getBlockHash() Method {
	return Method{
		Name:    "getblockhash",
		Reads:   true,
		Summary: "Returns the hash of the main chain block at a height.",
		Params:  []param{{name: "index", kind: kindInt, text: "The height; the genesis block has 0."}},
		Result:  "the hash",
		Returns: []any{""},
		Example: `[1]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			height := c.int("index")
			hash, err := c.hashAt(height)
			if errors.Is(err, chain.ErrNotFound) {
				return nil, fail(api.CodeInvalid, "height %d is not on the main chain; run: spvctl getblockcount", height)
			}
			if err != nil {
				return nil, err
			}
			return hash.String(), nil
		},
	}
}

func getCurrentNet() Method {
	return Method{
		Name:    "getcurrentnet",
		Reads:   true,
		Summary: "Returns the number that tells the network: the magic of its peer-to-peer messages.",
		Result:  "3652452601 for mainnet, 2971708021 for testnet3, 303307798 for simnet",
		Returns: []any{uint32(0)},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return uint32(c.Params.ChainParams.Net), nil
		},
	}
}

// headerOrTip returns the header of a block, and of the tip of the main chain if the block
// is not known because the chain is fetched once more for a wallet that was there before.
func (c *Call) headerOrTip(hash chainhash.Hash) (header, error) {
	store, err := c.Syncer.Chain()
	if err != nil {
		return header{}, err
	}
	return atOneTip(store, func(at chain.State) (header, error) {
		h, err := c.headerBelow(store, at.Tip, hash)
		if errors.Is(err, chain.ErrNotFound) {
			h, err = c.headerBelow(store, at.Tip, at.Tip.Hash)
		}
		return h, err
	})
}
