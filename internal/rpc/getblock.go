package rpc

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getBlock() method {
	return method{
		name:    "getblock",
		reads:   true,
		waits:   true,
		summary: "Fetches a main chain block from a peer.",
		help:    "Blocks are not stored: each call asks the network, and checks what comes against the header.",
		params: []param{
			{name: "hash", kind: kindHash, text: "The hash of the block."},
			{name: "verbose", kind: kindBool, optional: true, def: true, text: "Whether to return an object rather than hex."},
			{name: "verbosetx", kind: kindBool, optional: true, def: false, text: "Whether the object holds whole transactions rather than their hashes."},
		},
		result:  "the block as dcrd shows it, or its bytes in hex",
		returns: []any{types.GetBlockVerboseResult{}, ""},
		example: `["` + exampleHash + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			hash := a.hash("hash")
			block, err := b.fetchBlock(ctx, hash)
			if err != nil {
				return nil, err
			}
			if !a.bool("verbose") {
				raw, err := block.Bytes()
				if err != nil {
					return nil, fmt.Errorf("serialize block %s: %w", hash, err)
				}
				return hex.EncodeToString(raw), nil
			}
			h, err := b.header(hash)
			if err != nil {
				return nil, err
			}
			return b.verboseBlock(&h, block, a.bool("verbosetx"))
		},
	}
}

// fetchBlock gets a block from the network. Its errors name the hash.
func (b *backend) fetchBlock(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	block, err := b.Blocks.Block(ctx, hash)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, b.notOnChain(hash)
	case errors.Is(err, context.DeadlineExceeded) && b.Sync.Status().Peers == 0:
		return nil, ErrNoPeers
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fail(api.CodeMisc, "no peer has sent block %s in time; try again", hash)
	}
	return block, err
}

// verboseBlock spells a block out.
func (b *backend) verboseBlock(h *Header, block *wire.MsgBlock, wholeTxs bool) (*types.GetBlockVerboseResult, error) {
	v, err := b.verboseHeader(h)
	if err != nil {
		return nil, err
	}
	r := &types.GetBlockVerboseResult{
		Hash:          v.Hash,
		PoWHash:       v.PowHash,
		Confirmations: v.Confirmations,
		Size:          int32(v.Size),
		Height:        h.Height,
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
	if r.RawTx, err = b.verboseTxs(v, block.Transactions); err != nil {
		return nil, err
	}
	r.RawSTx, err = b.verboseTxs(v, block.STransactions)
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
func (b *backend) verboseTxs(v *types.GetBlockHeaderVerboseResult, txs []*wire.MsgTx) ([]types.TxRawResult, error) {
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
			Vout:          verboseOutputs(tx, b.params),
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
