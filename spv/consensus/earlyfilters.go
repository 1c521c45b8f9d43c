package consensus

import (
	"encoding/binary"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
)

// earlyStateSize is the size of the state of an EarlyFilterHash in bytes.
const earlyStateSize = 4 + blake256.SavedStateSize

// EarlyFilterHash proves the filters below DCP0005, to which no header
// commits: the hash over the bytes of all of them, from the genesis block on
// in height order, has a known value. It proves them all together or not at
// all. Its state can be kept, so that the filters are hashed once.
//
// The zero value is not usable; see [NewEarlyFilterHash].
type EarlyFilterHash struct {
	next   Height
	hasher blake256.Hasher256
}

// NewEarlyFilterHash returns the hash over no filters.
func NewEarlyFilterHash() EarlyFilterHash {
	return EarlyFilterHash{hasher: *blake256.NewHasher256()}
}

// RestoreEarlyFilterHash returns the hash whose state was kept.
func RestoreEarlyFilterHash(state []byte) (EarlyFilterHash, error) {
	var e EarlyFilterHash
	if len(state) != earlyStateSize {
		return e, fmt.Errorf("restore early filter hash: want %d bytes, got %d", earlyStateSize, len(state))
	}
	e.next = Height(binary.BigEndian.Uint32(state))
	if err := e.hasher.UnmarshalBinary(state[4:]); err != nil {
		return e, fmt.Errorf("restore early filter hash: %w", err)
	}
	// The number of bytes that wait for a block to be full is used as an
	// index and is the last number of the state.
	waiting := binary.BigEndian.Uint32(state[earlyStateSize-4:])
	if e.next < 0 || waiting >= blake256.BlockSize {
		return e, fmt.Errorf("restore early filter hash: next height %d, %d bytes waiting", e.next, waiting)
	}
	return e, nil
}

// Next returns the height of the filter that is to be added next.
func (e *EarlyFilterHash) Next() Height { return e.next }

// Add adds the filter of the next height.
func (e *EarlyFilterHash) Add(filter []byte) {
	e.hasher.WriteBytes(filter)
	e.next++
}

// State appends the state to b.
func (e *EarlyFilterHash) State(b []byte) []byte {
	return e.hasher.SaveState(binary.BigEndian.AppendUint32(b, uint32(e.next)))
}

// Sum returns the hash over the filters added so far.
func (e *EarlyFilterHash) Sum() chainhash.Hash { return e.hasher.Sum256() }

// Check checks, once all filters below DCP0005 are added, that they are the known ones.
// The hash that is known of the main network was published with notes that name DCP0005
// itself as the last height, one more than the rule does: so it may be that of the filters
// below DCP0005, or of these and the next one. That filter, nil if it is not there yet, is
// proven by its header, so that an attacker gains nothing. The error is a [*RuleError] and
// does not say which filter is wrong.
func (e *EarlyFilterHash) Check(p *Params, next []byte) error {
	if e.next != p.DCP0005 {
		return fmt.Errorf("check early filters: %d of %d are added", e.next, p.DCP0005)
	}
	got := e.Sum()
	if got == p.EarlyFilters {
		return nil
	}
	if next != nil {
		with := *e
		with.Add(next)
		if with.Sum() == p.EarlyFilters {
			return nil
		}
	}
	return &RuleError{
		Rule:   RuleEarlyFilters,
		Detail: fmt.Sprintf("filters 0 to %d: want hash %v, got %v", p.DCP0005-1, p.EarlyFilters, got),
	}
}
