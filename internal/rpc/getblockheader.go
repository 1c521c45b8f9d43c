package rpc

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getBlockHeader() method {
	return method{
		name:    "getblockheader",
		reads:   true,
		summary: "Returns the header of a main chain block.",
		params: []param{
			{name: "hash", kind: kindHash, text: "The hash of the block."},
			{name: "verbose", kind: kindBool, optional: true, def: true, text: "Whether to return an object rather than hex."},
		},
		result:  "the fields of the header as dcrd names them, with confirmations, median time and chain work; or the 180 bytes in hex",
		returns: []any{types.GetBlockHeaderVerboseResult{}, ""},
		example: `["` + exampleHash + `"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			h, err := b.header(a.hash("hash"))
			if err != nil {
				return nil, err
			}
			if !a.bool("verbose") {
				return hex.EncodeToString(h.Raw[:]), nil
			}
			return b.verboseHeader(&h)
		},
	}
}

// header returns a main chain header. Its errors name the hash.
func (b *backend) header(hash chainhash.Hash) (Header, error) {
	h, err := b.Chain.Header(hash)
	if errors.Is(err, ErrNotFound) {
		return Header{}, b.notOnChain(hash)
	}
	return h, err
}

// notOnChain is the answer for a hash that is not known, perhaps not yet.
func (b *backend) notOnChain(hash chainhash.Hash) error {
	hint := ""
	if !b.Sync.Status().Synced {
		hint = " as far as it is synced; run: spvctl status"
	}
	return fail(api.CodeNotFound, "block %s is not on the main chain%s", hash, hint)
}

// verboseHeader spells a header out.
func (b *backend) verboseHeader(h *Header) (*types.GetBlockHeaderVerboseResult, error) {
	var w wire.BlockHeader
	if err := w.FromBytes(h.Raw[:]); err != nil {
		return nil, fmt.Errorf("decode header of block %s: %w", h.Hash, err)
	}
	r := &types.GetBlockHeaderVerboseResult{
		Hash:          h.Hash.String(),
		PowHash:       h.PowHash.String(),
		Confirmations: h.Tip - h.Height + 1,
		Version:       w.Version,
		MerkleRoot:    w.MerkleRoot.String(),
		StakeRoot:     w.StakeRoot.String(),
		VoteBits:      w.VoteBits,
		FinalState:    hex.EncodeToString(w.FinalState[:]),
		Voters:        w.Voters,
		FreshStake:    w.FreshStake,
		Revocations:   w.Revocations,
		PoolSize:      w.PoolSize,
		Bits:          strconv.FormatUint(uint64(w.Bits), 16),
		SBits:         dcrutil.Amount(w.SBits).ToCoin(),
		Height:        w.Height,
		Size:          w.Size,
		Time:          w.Timestamp.Unix(),
		MedianTime:    h.MedianTime.Unix(),
		Nonce:         w.Nonce,
		ExtraData:     hex.EncodeToString(w.ExtraData[:]),
		StakeVersion:  w.StakeVersion,
		Difficulty:    difficulty(w.Bits, b.params),
		ChainWork:     hex.EncodeToString(h.Work[:]),
		PreviousHash:  w.PrevBlock.String(),
	}
	if h.Next != (chainhash.Hash{}) {
		r.NextHash = h.Next.String()
	}
	return r, nil
}

// difficulty returns how many times harder a target is than the easiest one of
// the network, to eight decimals.
func difficulty(bits uint32, params *chaincfg.Params) float64 {
	easiest := standalone.CompactToBig(params.PowLimitBits)
	ratio := new(big.Rat).SetFrac(easiest, standalone.CompactToBig(bits))
	f, err := strconv.ParseFloat(ratio.FloatString(8), 64)
	if err != nil {
		panic("rpc: parse formatted number: " + err.Error())
	}
	return f
}
