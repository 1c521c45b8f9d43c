package method

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// header is a header of the main chain, or of a block that has left it, and what the chain
// knows about it. All fields belong to the same state of the chain.
type header struct {
	raw     consensus.Header
	hash    chainhash.Hash
	powHash chainhash.Hash // by the proof-of-work algorithm of its height
	height  consensus.Height

	medianTime time.Time // of this block and the ten before it
	work       [32]byte  // of the chain up to this block, big-endian
	next       chainhash.Hash
	tip        consensus.Height
	stale      bool // it has left the main chain
}

// tip returns the tip of the main chain.
func (c *Call) tip() (consensus.BlockID, error) {
	store, err := c.Syncer.Chain()
	if err != nil {
		return consensus.BlockID{}, err
	}
	return store.State().Tip, nil
}

// hashAt returns the hash of the main chain block at a height, chain.ErrNotFound if there is
// none.
func (c *Call) hashAt(height int64) (chainhash.Hash, error) {
	store, err := c.Syncer.Chain()
	if err != nil {
		return chainhash.Hash{}, err
	}
	if height < 0 || height > int64(store.State().Tip.Height) {
		return chainhash.Hash{}, chain.ErrNotFound
	}
	h, err := store.Header(consensus.Height(height))
	return h.Hash(), err
}

// header returns the header of a main chain block, or of one that has left the main chain
// lately, see chain.Stale. The error for another block names its hash.
func (c *Call) header(hash chainhash.Hash) (header, error) {
	store, err := c.Syncer.Chain()
	if err != nil {
		return header{}, err
	}
	h, err := atOneTip(store, func(at chain.State) (header, error) { return c.headerBelow(store, at.Tip, hash) })
	if errors.Is(err, chain.ErrNotFound) {
		return header{}, c.notOnChain(hash)
	}
	return h, err
}

// atOneTip returns what read reads of one state of the chain, which it reads again if the tip
// changes meanwhile: with every flush, which is seldom.
func atOneTip[T any](store *chain.Reader, read func(chain.State) (T, error)) (T, error) {
	for {
		at := store.State()
		v, err := read(at)
		if store.State().Tip == at.Tip {
			return v, err
		}
	}
}

// headerBelow reads a header on the chain of a tip.
func (c *Call) headerBelow(store *chain.Reader, tip consensus.BlockID, hash chainhash.Hash) (header, error) {
	height, err := store.HeightOf(hash)
	if errors.Is(err, chain.ErrNotFound) {
		return c.staleHeader(store, tip, hash)
	}
	if err != nil {
		return header{}, err
	}
	h := header{hash: hash, height: height, tip: tip.Height}
	if h.raw, err = store.Header(height); err != nil {
		return header{}, err
	}
	if h.medianTime, err = store.MedianTime(height); err != nil {
		return header{}, err
	}
	work, err := store.WorkAt(height)
	if err != nil {
		return header{}, err
	}
	h.work = work.Bytes()
	h.powHash = c.powHash(&h)
	if height < tip.Height {
		next, err := store.Header(height + 1)
		if err != nil {
			return header{}, err
		}
		h.next = next.Hash()
	}
	return h, nil
}

// staleHeader reads the header of a block that has left the chain of a tip.
func (c *Call) staleHeader(store *chain.Reader, tip consensus.BlockID, hash chainhash.Hash) (header, error) {
	b, err := store.Stale(hash)
	if err != nil {
		return header{}, err
	}
	h := header{
		raw: b.Header, hash: hash, height: b.Height, medianTime: b.MedianTime, work: b.Work.Bytes(), tip: tip.Height, stale: true,
	}
	h.powHash = c.powHash(&h)
	return h, nil
}

// powHash returns the hash of a header by the proof-of-work algorithm of its height.
func (c *Call) powHash(h *header) chainhash.Hash {
	if h.height > 0 && h.height >= c.Params.DCP0011 { // genesis has no proof of work
		return h.raw.PowHashV2()
	}
	return h.hash
}

// confirmations returns how many blocks of the main chain confirm a header, -1 if it has
// left the main chain.
func (h *header) confirmations() int64 {
	if h.stale {
		return -1
	}
	return int64(h.tip - h.height + 1)
}

// notOnChain is the error for a hash that is not known, perhaps not yet.
func (c *Call) notOnChain(hash chainhash.Hash) error {
	hint := ""
	if !c.Syncer.Status().Synced {
		hint = " as far as it is synced; run: spvctl status"
	}
	return fail(api.CodeNotFound, "block %s is not on the main chain%s", hash, hint)
}

// verboseHeader spells a header out.
func (c *Call) verboseHeader(h *header) (*types.GetBlockHeaderVerboseResult, error) {
	var w wire.BlockHeader
	if err := w.FromBytes(h.raw[:]); err != nil {
		return nil, fmt.Errorf("decode header of block %s: %w", h.hash, err)
	}
	r := &types.GetBlockHeaderVerboseResult{
		Hash:          h.hash.String(),
		PowHash:       h.powHash.String(),
		Confirmations: h.confirmations(),
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
		MedianTime:    h.medianTime.Unix(),
		Nonce:         w.Nonce,
		ExtraData:     hex.EncodeToString(w.ExtraData[:]),
		StakeVersion:  w.StakeVersion,
		Difficulty:    difficulty(w.Bits, c.Params.ChainParams),
		ChainWork:     hex.EncodeToString(h.work[:]),
		PreviousHash:  w.PrevBlock.String(),
	}
	if h.next != (chainhash.Hash{}) {
		r.NextHash = h.next.String()
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
