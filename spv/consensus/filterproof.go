package consensus

import (
	"fmt"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// FilterTarget is what a filter is proven against: its block, and the stake
// root of the header of that block, which from DCP0005 on is the root of the
// header commitments.
type FilterTarget struct {
	BlockID
	Root chainhash.Hash

	// MaxSize is the greatest size of the filter in bytes that the header justifies, see
	// maxFilterSize; zero means the most that the wire protocol allows.
	MaxSize int
}

// FilterBatch holds the proven filters of consecutive blocks. The filters are
// parts of the payload they came in, which the batch keeps alive.
type FilterBatch struct {
	first   BlockID
	last    BlockID
	filters [][]byte
}

// First returns the block of the first filter. It is zero in an empty batch.
func (b *FilterBatch) First() BlockID { return b.first }

// Last returns the block of the last filter. It is zero in an empty batch.
func (b *FilterBatch) Last() BlockID { return b.last }

// Len returns the number of filters.
func (b *FilterBatch) Len() int { return len(b.filters) }

// Filter returns the filter of the block that is i after the first one. It
// must not be changed.
func (b *FilterBatch) Filter(i int) []byte { return b.filters[i] }

// ProveFilters decodes the payload of a cfiltersv2 message, which must hold
// exactly the filters of the targets in their order, and checks each against
// its header (DCP0005). The targets are consecutive blocks of one chain. Below
// DCP0005 headers commit to no filter: those are taken as they are, and only
// [EarlyFilterHash] proves them, all together.
//
// It is pure and may run on any goroutine. Every error is a [*RuleError].
func ProveFilters(p *Params, targets []FilterTarget, b []byte) (*FilterBatch, error) {
	r := payload{rest: b}
	if n := r.varint(); r.err == nil && n != uint64(len(targets)) {
		return nil, &RuleError{Rule: RuleFilterSet, Detail: fmt.Sprintf("want %d filters, got %d", len(targets), n)}
	}
	batch := &FilterBatch{filters: make([][]byte, len(targets))}
	for i := range targets {
		filter, err := proveFilter(p, &targets[i], &r)
		if err != nil {
			return nil, err
		}
		batch.filters[i] = filter
	}
	switch {
	case r.err != nil:
		return nil, malformed("cfiltersv2", r.err)
	case len(r.rest) != 0:
		return nil, malformed("cfiltersv2", fmt.Errorf("%d bytes follow the last filter", len(r.rest)))
	}
	if len(targets) > 0 {
		batch.first, batch.last = targets[0].BlockID, targets[len(targets)-1].BlockID
	}
	return batch, nil
}

// RestoreFilters returns a batch of filters that were proven before and kept without their
// proofs, in the order of their targets, which are consecutive blocks of one chain. From
// DCP0005 on each is compared with its header again. The batch ends before the first filter
// that is not the one its header commits to; it keeps the filters, not copies.
func RestoreFilters(p *Params, targets []FilterTarget, filters [][]byte) *FilterBatch {
	n := 0
	for n < min(len(targets), len(filters)) {
		if targets[n].Height >= p.DCP0005 && FilterHash(filters[n]) != targets[n].Root {
			break
		}
		n++
	}
	if n == 0 {
		return &FilterBatch{}
	}
	return &FilterBatch{first: targets[0].BlockID, last: targets[n-1].BlockID, filters: filters[:n]}
}

// ProveStored checks filters that are kept without proofs, as in the files of package
// snapshot, by the rules of [ProveFilters]: from DCP0005 on each has to be the one filter
// that the header of its target commits to, and below it no larger than its block
// justifies. There are as many filters as targets, which are consecutive blocks of one
// chain. The batch keeps the filters, not copies. Every error is a [*RuleError].
func ProveStored(p *Params, targets []FilterTarget, filters [][]byte) (*FilterBatch, error) {
	if len(filters) != len(targets) {
		return nil, &RuleError{Rule: RuleFilterSet, Detail: fmt.Sprintf("want %d filters, got %d", len(targets), len(filters))}
	}
	if len(targets) == 0 {
		return &FilterBatch{}, nil
	}
	for i := range targets {
		if err := targets[i].check(p, filters[i], 0, nil); err != nil {
			return nil, err
		}
	}
	return &FilterBatch{first: targets[0].BlockID, last: targets[len(targets)-1].BlockID, filters: filters}, nil
}

// proveFilter reads one filter with its proof and checks it.
func proveFilter(p *Params, t *FilterTarget, r *payload) ([]byte, error) {
	hash := r.take(chainhash.HashSize)
	size := r.varint()
	if size > wire.MaxCFilterDataSize {
		return nil, malformed("cfiltersv2", fmt.Errorf("want filters of at most %d bytes, got %d", wire.MaxCFilterDataSize, size))
	}
	filter := r.take(int(size))
	index := r.u32()
	count := r.varint()
	if count > wire.MaxHeaderProofHashes {
		return nil, malformed("cfiltersv2", fmt.Errorf("want proofs of at most %d hashes, got %d", wire.MaxHeaderProofHashes, count))
	}
	hashes := r.take(int(count) * chainhash.HashSize)
	if r.err != nil {
		return nil, malformed("cfiltersv2", r.err)
	}
	if got := chainhash.Hash(hash); got != t.Hash {
		return nil, &RuleError{Rule: RuleFilterSet, Block: t.BlockID, Detail: fmt.Sprintf("got the filter of block %v", got)}
	}
	if err := t.check(p, filter, index, hashes); err != nil {
		return nil, err
	}
	return filter, nil
}

// check checks a filter of the target with its proof.
func (t *FilterTarget) check(p *Params, filter []byte, index uint32, hashes []byte) error {
	if t.Height < p.DCP0005 && t.MaxSize > 0 && len(filter) > t.MaxSize {
		return &RuleError{
			Rule: RuleFilterSize, Block: t.BlockID,
			Detail: fmt.Sprintf("%d bytes, of a block that justifies at most %d", len(filter), t.MaxSize),
		}
	}
	if t.Height >= p.DCP0005 && !provesFilter(&t.Root, filter, index, hashes) {
		return &RuleError{
			Rule: RuleFilterProof, Block: t.BlockID,
			Detail: fmt.Sprintf("filter hash %v is not under root %v", FilterHash(filter), t.Root),
		}
	}
	return nil
}

// TargetOf returns what the filter of a block is proven against.
func TargetOf(p *Params, id BlockID, h *Header) FilterTarget {
	return FilterTarget{BlockID: id, Root: h.StakeRoot(), MaxSize: maxFilterSize(p, h)}
}

// provesFilter checks an inclusion proof of the general form: that the filter
// is the leaf with the given index of a merkle tree with the given root. The
// proof is the hashes along the way, concatenated, at most 32 of them.
func provesFilter(root *chainhash.Hash, filter []byte, index uint32, proof []byte) bool {
	leaf := FilterHash(filter)
	if len(proof) == 0 {
		return index == 0 && leaf == *root
	}
	var hashes [wire.MaxHeaderProofHashes]chainhash.Hash
	n := len(proof) / chainhash.HashSize
	for i := range n {
		hashes[i] = chainhash.Hash(proof[i*chainhash.HashSize:][:chainhash.HashSize])
	}
	return standalone.VerifyInclusionProof(root, &leaf, index, hashes[:n])
}

// FilterHash returns the hash by which header commitments name a filter: of an empty
// filter it is zero (DCP0005). As long as a header commits to nothing but its filter, this
// hash is the root of its commitments too.
func FilterHash(filter []byte) (h chainhash.Hash) {
	if len(filter) == 0 {
		return h
	}
	return chainhash.HashH(filter)
}
