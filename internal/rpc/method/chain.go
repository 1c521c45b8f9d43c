package method

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// chainMethods returns the methods about the chain.
func chainMethods() []Method {
	return []Method{
		getBestBlock(),
		getBestBlockHash(),
		getBlockCount(),
		getBlockHash(),
		getBlockHeader(),
		getBlock(),
		getChainTips(),
		getCFilterV2(),
		validatePreDCP0005CF(),
		getCurrentNet(),
		getInfo(),
		syncStatus(),
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

func getBlockHeader() Method {
	return Method{
		Name:    "getblockheader",
		Reads:   true,
		Summary: "Returns the header of a block.",
		Help:    "A block that has left the main chain has -1 confirmations, as in dcrd, while it is less than 2016 blocks below the tip.",
		Params: []param{
			{name: "hash", kind: kindHash, text: "The hash of the block."},
			{name: "verbose", kind: kindBool, optional: true, def: true, text: "Whether to return an object rather than hex."},
		},
		Result:  "the fields of the header as dcrd names them, with confirmations, median time and chain work; or the 180 bytes in hex",
		Returns: []any{types.GetBlockHeaderVerboseResult{}, ""},
		Example: `["` + exampleHash + `"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			h, err := c.header(c.hash("hash"))
			if err != nil {
				return nil, err
			}
			if !c.bool("verbose") {
				return hex.EncodeToString(h.raw[:]), nil
			}
			return c.verboseHeader(&h)
		},
	}
}

func getBlock() Method {
	return Method{
		Name:    "getblock",
		Reads:   true,
		Waits:   true,
		Summary: "Fetches a block from a peer.",
		Help: "Blocks are not stored: each call asks the network, and checks the block against its header. A block that has left the " +
			"main chain has -1 confirmations, as in dcrd, while it is less than 2016 blocks below the tip and a peer has it.",
		Params: []param{
			{name: "hash", kind: kindHash, text: "The hash of the block."},
			{name: "verbose", kind: kindBool, optional: true, def: true, text: "Whether to return an object rather than hex."},
			{name: "verbosetx", kind: kindBool, optional: true, def: false, text: "Whether the object holds whole transactions rather than their hashes."},
		},
		Result:  "the block as dcrd shows it, or its bytes in hex",
		Returns: []any{types.GetBlockVerboseResult{}, ""},
		Example: `["` + exampleHash + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			hash := c.hash("hash")
			block, err := c.fetchBlock(ctx, hash)
			if err != nil {
				return nil, err
			}
			if !c.bool("verbose") {
				raw, err := block.Bytes()
				if err != nil {
					return nil, fmt.Errorf("serialize block %s: %w", hash, err)
				}
				return hex.EncodeToString(raw), nil
			}
			h, err := c.header(hash)
			if err != nil {
				return nil, err
			}
			return c.verboseBlock(&h, block, c.bool("verbosetx"))
		},
	}
}

// fetchBlock gets a block from the network. Its errors name the hash.
func (c *Call) fetchBlock(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	_, err := c.header(hash)
	switch {
	case err != nil:
		return nil, err
	case c.Syncer.Status().Peers == 0:
		return nil, spv.ErrNoPeers
	}
	block, err := c.Syncer.Block(ctx, hash)
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return nil, c.notOnChain(hash)
	case errors.Is(err, context.DeadlineExceeded) && c.Syncer.Status().Peers == 0:
		return nil, spv.ErrNoPeers
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fail(api.CodeMisc, "no peer has sent block %s in time; try again", hash)
	}
	var invalid *consensus.InvalidBlock
	if errors.As(err, &invalid) {
		return nil, fail(api.CodeMisc, "%v", invalid)
	}
	return block, err
}

// verboseBlock spells a block out.
func (c *Call) verboseBlock(h *header, block *wire.MsgBlock, wholeTxs bool) (*types.GetBlockVerboseResult, error) {
	v, err := c.verboseHeader(h)
	if err != nil {
		return nil, err
	}
	r := &types.GetBlockVerboseResult{
		Hash:          v.Hash,
		PoWHash:       v.PowHash,
		Confirmations: v.Confirmations,
		Size:          int32(v.Size),
		Height:        int64(h.height),
		Version:       v.Version,
		MerkleRoot:    v.MerkleRoot,
		StakeRoot:     v.StakeRoot,
		Time:          v.Time,
		MedianTime:    v.MedianTime,
		Nonce:         v.Nonce,
		VoteBits:      v.VoteBits,
		FinalState:    v.FinalState,
		Voters:        v.Voters,
		FreshStake:    v.FreshStake,
		Revocations:   v.Revocations,
		PoolSize:      v.PoolSize,
		Bits:          v.Bits,
		SBits:         v.SBits,
		ExtraData:     v.ExtraData,
		StakeVersion:  v.StakeVersion,
		Difficulty:    v.Difficulty,
		ChainWork:     v.ChainWork,
		PreviousHash:  v.PreviousHash,
		NextHash:      v.NextHash,
	}
	if !wholeTxs {
		r.Tx = txHashes(block.Transactions)
		r.STx = txHashes(block.STransactions)
		return r, nil
	}
	if r.RawTx, err = c.verboseTxs(v, block.Transactions); err != nil {
		return nil, err
	}
	r.RawSTx, err = c.verboseTxs(v, block.STransactions)
	return r, err
}

func txHashes(txs []*wire.MsgTx) []string {
	hashes := make([]string, len(txs))
	for i, tx := range txs {
		hashes[i] = tx.TxHash().String()
	}
	return hashes
}

// verboseTxs spells out one transaction tree of a block.
func (c *Call) verboseTxs(v *types.GetBlockHeaderVerboseResult, txs []*wire.MsgTx) ([]types.TxRawResult, error) {
	results := make([]types.TxRawResult, len(txs))
	for i, tx := range txs {
		raw, err := tx.Bytes()
		if err != nil {
			return nil, fmt.Errorf("serialize transaction %d of block %s: %w", i, v.Hash, err)
		}
		results[i] = types.TxRawResult{
			Hex:           hex.EncodeToString(raw),
			Txid:          tx.TxHash().String(),
			Version:       int32(tx.Version),
			LockTime:      tx.LockTime,
			Expiry:        tx.Expiry,
			Vin:           verboseInputs(tx),
			Vout:          verboseOutputs(tx, c.Params.ChainParams),
			BlockHash:     v.Hash,
			BlockHeight:   int64(v.Height),
			BlockIndex:    uint32(i),
			Confirmations: v.Confirmations,
			Time:          v.Time,
			Blocktime:     v.Time,
		}
	}
	return results, nil
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
func filterBelow(store *chain.Chain, at chain.State, hash chainhash.Hash) (api.CFilterV2, error) {
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
func (c *Call) fetchFilter(ctx context.Context, store *chain.Chain, hash chainhash.Hash) (api.CFilterV2, error) {
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

// relayFee is the fee per kilobyte below which nodes do not relay transactions
// unless their operator changed it.
const relayFee dcrutil.Amount = 1e4

func getInfo() Method {
	return Method{
		Name:    "getinfo",
		Reads:   true,
		Summary: "Returns an overview of the daemon in dcrwallet's form.",
		Help: "The daemon holds no keys and never asks peers for the time: walletversion, timeoffset, " +
			"the keypool fields and unlocked_until are always 0; paytxfee is the fee that nodes demand. errors holds the warnings of " +
			"syncstatus. blocks is the height of the wallet, and difficulty and balance are as of that block. filterfloor is the " +
			"height of the first filter that is kept, and clients the number of light clients that are served.",
		Result:  "an object with dcrwallet's fields",
		Returns: []any{api.Info{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			tip, spendable, err := c.spendable(ctx)
			if err != nil {
				return nil, err
			}
			best, err := c.headerOrTip(tip.Hash)
			if err != nil {
				return nil, err
			}
			st := c.Syncer.Status()
			v := c.Version
			proxy, clients := c.Proxy, len(view.Serving(c.Server).Clients)
			if c.caller.limited() {
				proxy, clients = "", 0
			}
			return api.Info{
				Version:         int32(1000000*v.Major + 10000*v.Minor + 100*v.Patch),
				ProtocolVersion: int32(c.ProtocolVersion),
				Balance:         spendable,
				Blocks:          int64(tip.Height),
				Connections:     int32(st.Peers),
				Proxy:           proxy,
				Difficulty:      difficulty(best.raw.Bits(), c.Params.ChainParams),
				TestNet:         c.Params.ChainParams.Net == wire.TestNet3,
				PayTxFee:        relayFee.ToCoin(),
				RelayFee:        relayFee.ToCoin(),
				Errors:          joinWarnings(c.warnings(st.Warnings)),
				FilterFloor:     int64(st.Floor),
				Clients:         int32(clients),
			}, nil
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

// spendable returns what the wallet can spend, and the block as of which that is; without
// a wallet nothing, and the tip of the main chain.
func (c *Call) spendable(ctx context.Context) (consensus.BlockID, api.Amount, error) {
	w, err := c.open()
	switch {
	case errors.Is(err, errNoDefault):
		tip, err := c.tip()
		return tip, 0, err
	case err != nil:
		return consensus.BlockID{}, 0, err
	}
	all, err := w.Balances(ctx, 1)
	return all.Tip, api.Amount(all.Sum.Spendable - all.Sum.Spending), err
}

// warnings returns the warnings that the client may see: those about wallets, their payments and the
// daemon are not for users of some wallets.
func (c *Call) warnings(list []spv.Warning) []spv.Warning {
	if !c.caller.limited() {
		return list
	}
	return view.WarningsOfChain(list)
}

// joinWarnings returns the warnings as one text.
func joinWarnings(warnings []spv.Warning) string {
	texts := make([]string, len(warnings))
	for i, w := range warnings {
		texts[i] = w.Text
	}
	return strings.Join(texts, " ")
}

func syncStatus() Method {
	return Method{
		Name:    "syncstatus",
		Quick:   true,
		Reads:   true,
		Summary: "Tells how far the daemon has got.",
		Help: "synced is true only while headers, filters and wallet are at the tip, a peer is connected " +
			"and no peer has shown more work. reason says in one sentence what is being done or waited for, " +
			"hint what you can do about it. ratio is the progress over all stages, eta the estimated time until they are done.",
		Result:  "dcrwallet's three fields, and beside them phase, progress by stage, tip, peers and warnings. Times are Unix seconds, durations seconds, rates blocks per second.",
		Returns: []any{api.SyncStatus{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			st := c.Syncer.Status()
			st.Warnings = c.warnings(st.Warnings)
			return view.SyncStatus(st, time.Now()), nil
		},
	}
}
