package consensus

import (
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"
)

// Never is the activation height of an agenda that is not active on a network.
const Never Height = 1<<31 - 1

// Params are the consensus facts of one network that a header chain is
// checked against: the published chain parameters and the heights at which
// the agendas became active, which those parameters do not name.
//
// The activation heights are pinned. Deciding them from votes would need whole
// blocks, and accepting either proof-of-work hash at any height would let
// cheap work with the retired algorithm outweigh the real chain; DCP0011
// allows pinning explicitly.
type Params struct {
	// ChainParams are the published parameters of the network. They are shared: change a copy.
	ChainParams *chaincfg.Params

	// DCP0001 is the first height with the second stake difficulty algorithm.
	DCP0001 Height

	// DCP0005 is the first height whose StakeRoot commits to the version 2
	// filter and whose MerkleRoot commits to both transaction trees.
	DCP0005 Height

	// DCP0009 is the first height at which a block revokes every ticket that
	// it makes miss its vote or expire. On the third test network it is active
	// too, but since which height is published nowhere.
	DCP0009 Height

	// DCP0011 is the first height with BLAKE3 proof-of-work and ASERT
	// difficulty. ASERTAnchor is the height of its anchor block: the parent of
	// the first such block, or block one where it was always active.
	DCP0011     Height
	ASERTAnchor Height

	// MinDiffAfter is how long after its parent a block may take the minimum
	// difficulty, a rule of the test network below the height MinDiffUntil.
	// From that height on the difficulty has a cap instead. On networks that
	// have neither, they are zero and Never.
	MinDiffAfter time.Duration
	MinDiffUntil Height

	// MaxEasing is how many times easier than a block before it one of the newest blocks
	// may be until the chain may be a cheap imitation, see chain.Easing. It is zero
	// where the rules of the network allow just that: on the test network, which
	// caps its difficulty and has few miners, and on the simulation network.
	MaxEasing uint64

	// EarlyFilters is the BLAKE-256 hash over the concatenated bytes of the
	// filters of all blocks below DCP0005 in height order. It is zero where
	// DCP0005 was always active.
	EarlyFilters chainhash.Hash

	// Waypoints are known blocks in height order. They let ranges of headers be
	// fetched in parallel and forbid reorganisations below the newest one.
	Waypoints []BlockID
}

// MainNet returns the parameters of the main network.
func MainNet() *Params {
	return knowing(&Params{
		ChainParams:  chaincfg.MainNetParams(),
		DCP0001:      149_248,
		DCP0005:      431_488,
		DCP0009:      657_280,
		DCP0011:      794_368,
		ASERTAnchor:  794_367,
		MinDiffUntil: Never,
		MaxEasing:    64,
		EarlyFilters: mustHash("f95e09f9ded38f8d6c32e5158a1f286633881393659218c63f5ab0fc86b36c83"),
	}, "waypoints-mainnet.txt", mainNetWaypoints)
}

// TestNet3 returns the parameters of the third test network.
func TestNet3() *Params {
	return knowing(&Params{
		ChainParams:  chaincfg.TestNet3Params(),
		DCP0001:      0,
		DCP0005:      323_328,
		DCP0009:      Never,
		DCP0011:      1_170_048,
		ASERTAnchor:  1_170_047,
		MinDiffAfter: 10 * time.Minute,
		MinDiffUntil: 962_928,
		EarlyFilters: mustHash("619c08f5adda6f834212bbdaee3002fdc4efed731477af6c0fed490bbe2488d0"),
	}, "waypoints-testnet3.txt", testNet3Waypoints)
}

// SimNet returns the parameters of the simulation network.
func SimNet() *Params {
	return &Params{
		ChainParams:  chaincfg.SimNetParams(),
		ASERTAnchor:  1,
		MinDiffUntil: Never,
	}
}

// Genesis returns the header of block zero.
func (p *Params) Genesis() Header {
	return headerOf(&p.ChainParams.GenesisBlock.Header)
}

// headerOf serializes a decoded header. It is for constants and tests; the
// sync path never leaves the raw form.
func headerOf(w *wire.BlockHeader) Header {
	b, err := w.Bytes()
	if err != nil || len(b) != HeaderSize {
		panic(fmt.Sprintf("consensus: serialize header: %d bytes, %v", len(b), err))
	}
	return Header(b)
}

// mustHash decodes a constant in the usual reversed hex form.
func mustHash(s string) chainhash.Hash {
	h, err := chainhash.NewHashFromStr(s)
	if err != nil {
		panic("consensus: bad hash constant " + s)
	}
	return *h
}
