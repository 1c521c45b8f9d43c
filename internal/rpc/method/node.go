package method

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// nodeMethods returns what clients of a full node ask that a light client can answer.
func nodeMethods() []Method {
	return []Method{
		getBlockChainInfo(),
		getDifficulty(),
		getHeaders(),
	}
}

func getBlockChainInfo() Method {
	return Method{
		Name:    "getblockchaininfo",
		Reads:   true,
		Summary: "Returns an overview of the chain in dcrd's form.",
		Help: "syncheight is the height that connected peers claim at most. deployments is empty: the daemon follows pinned rules and " +
			"counts no votes.",
		Result:  "an object with dcrd's fields",
		Returns: []any{types.GetBlockChainInfoResult{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			tip, err := c.tip()
			if err != nil {
				return nil, err
			}
			h, err := c.header(tip.Hash)
			if err != nil {
				return nil, err
			}
			st := c.Syncer.Status()
			p := c.Params.ChainParams
			return types.GetBlockChainInfoResult{
				Chain:                p.Name,
				Blocks:               int64(tip.Height),
				Headers:              int64(tip.Height),
				SyncHeight:           max(int64(tip.Height), int64(st.Headers.Target)),
				BestBlockHash:        tip.Hash.String(),
				Difficulty:           h.raw.Bits(),
				DifficultyRatio:      difficulty(h.raw.Bits(), p),
				VerificationProgress: st.Ratio,
				ChainWork:            hex.EncodeToString(h.work[:]),
				InitialBlockDownload: !st.FirstSyncDone,
				MaxBlockSize:         int64(slices.Max(p.MaximumBlockSizes)), // the vote that raised it is over on each network
				Deployments:          map[string]types.AgendaInfo{},
			}, nil
		},
	}
}

func getDifficulty() Method {
	return Method{
		Name:    "getdifficulty",
		Reads:   true,
		Summary: "Returns how many times harder the newest block was to find than the easiest one of the network.",
		Result:  "a number",
		Returns: []any{0.0},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			tip, err := c.tip()
			if err != nil {
				return nil, err
			}
			h, err := c.header(tip.Hash)
			if err != nil {
				return nil, err
			}
			return difficulty(h.raw.Bits(), c.Params.ChainParams), nil
		},
	}
}

// maxHeaders is how many headers a reply holds at most, as one of dcrd.
const maxHeaders = 2000

func getHeaders() Method {
	return Method{
		Name:    "getheaders",
		Reads:   true,
		Summary: "Returns the headers that follow the first known one of a list of blocks.",
		Params: []param{
			{name: "blocklocators", kind: kindStrings, text: "Hashes of blocks, the newest first; without a known one the headers begin after genesis. " +
				"An empty array asks for the header of hashstop alone."},
			{name: "hashstop", kind: kindString, optional: true, def: "", text: "The hash of the last block to return."},
		},
		Result:  "an object with up to " + strconv.Itoa(maxHeaders) + " headers in hex",
		Returns: []any{types.GetHeadersResult{}},
		Example: `[["` + exampleHash + `"],""]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			locator, err := c.hashes("blocklocators")
			if err != nil {
				return nil, err
			}
			var stop chainhash.Hash
			if text := c.str("hashstop"); text != "" {
				p := param{name: "hashstop"}
				if stop, err = p.parseHash(text); err != nil {
					return nil, err
				}
			}
			store, err := c.Syncer.Chain()
			if err != nil {
				return nil, err
			}
			list, err := atOneTip(store, func(at chain.State) ([]string, error) {
				if len(locator) == 0 {
					return c.headerAlone(store, at, stop)
				}
				return headersAfter(store, at, locator, stop)
			})
			return types.GetHeadersResult{Headers: list}, err
		},
	}
}

// hashes returns a parameter that is a list of block hashes in hex.
func (c *Call) hashes(name string) ([]chainhash.Hash, error) {
	var list []chainhash.Hash
	p := param{name: name}
	for _, text := range c.strings(name) {
		hash, err := p.parseHash(text)
		if err != nil {
			return nil, err
		}
		list = append(list, hash)
	}
	return list, nil
}

// headerAlone returns the header of a block in a list, which is empty if the block is not known
// (dcrd: BlockChain.LocateHeaders).
func (c *Call) headerAlone(store *chain.Reader, at chain.State, hash chainhash.Hash) ([]string, error) {
	h, err := c.headerBelow(store, at.Tip, hash)
	if errors.Is(err, chain.ErrNotFound) {
		return []string{}, nil
	}
	return []string{hex.EncodeToString(h.raw[:])}, err
}

// headersAfter returns the headers of the main chain after the first block of a locator
// that is on it, up to a last one.
func headersAfter(store *chain.Reader, at chain.State, locator []chainhash.Hash, stop chainhash.Hash) ([]string, error) {
	var from consensus.Height
	for _, hash := range locator {
		h, err := store.HeightOf(hash)
		if errors.Is(err, chain.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		from = h
		break
	}
	list := []string{}
	for h := from + 1; h <= at.Tip.Height && len(list) < maxHeaders; h++ {
		header, err := store.Header(h)
		if err != nil {
			return nil, err
		}
		list = append(list, hex.EncodeToString(header[:]))
		if header.Hash() == stop {
			break
		}
	}
	return list, nil
}
