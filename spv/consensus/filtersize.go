package consensus

import (
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Facts of committed filters and of transactions (DCP0005, wire), in bytes.
const (
	// leastPerEntry is the least that a block takes for each script in its filter: the
	// scripts are those of outputs, which have a value, a version, a length and at least
	// one byte, and those that inputs spend, which take more.
	leastPerEntry = 8 + 2 + 1 + 1

	// entryBits is the most that an entry of a filter takes on average: 19 bits of
	// remainder, one that ends the quotient, and 784,931/2^19, about one and a half,
	// of quotients, of which all together have no more.
	entryBits = 22

	// filterSlack is for the number of entries, and so much more that the smallest
	// blocks need no thought.
	filterSlack = 1024
)

// maxFilterSize returns the greatest size in bytes of the filter of a block, as far as its
// header justifies it: full nodes check the size of the block in it.
func maxFilterSize(p *Params, h *Header) int {
	size := int(min(int64(h.u32(offSize)), int64(maxBlockSize(p))))
	return min(size/leastPerEntry*entryBits/8+filterSlack, wire.MaxCFilterDataSize)
}

// maxBlockSize returns the greatest size of a block of a network in bytes.
func maxBlockSize(p *Params) int { return slices.Max(p.ChainParams.MaximumBlockSizes) }

// MaxFiltersPayload returns the greatest size of a cfiltersv2 payload that answers a
// request for the filters of the targets, or for up to 100 that begin with these.
func MaxFiltersPayload(p *Params, targets []FilterTarget) int {
	const each = chainhash.HashSize + 9 + 4 + 9 + wire.MaxHeaderProofHashes*chainhash.HashSize
	biggest := min(maxBlockSize(p)/leastPerEntry*entryBits/8+filterSlack, wire.MaxCFilterDataSize)
	size := 9
	for _, t := range targets {
		size += each + t.MaxSize
	}
	return size + max(wire.MaxCFiltersV2PerBatch-len(targets), 0)*(each+biggest)
}
