package method

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// blockMethods returns the methods about single blocks.
func blockMethods() []Method {
	return []Method{
		getBlockHeader(),
		getBlock(),
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
