package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"
	"go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
)

// Format is the format that this version writes.
const Format = 2

// Rows of the meta bucket. Numbers are big-endian, hashes in their own order.
//
//	format   version (4)
//	network  magic of the wire protocol (4), genesis hash (32)
//	tip      what is in the other buckets, see Tip
//	early    state of the hash over the filters below DCP0005 that are there,
//	         see EarlyFilterHash; only on networks where it was not always active
var (
	KeyFormat  = []byte("format")
	KeyNetwork = []byte("network")
	KeyTip     = []byte("tip")
	KeyEarly   = []byte("early")
)

// Tip says from where to where the store goes. It is written in the transaction
// that writes the rows it speaks of.
type Tip struct {
	Headers consensus.BlockID // the newest header
	Work    uint256.Uint256   // of the chain up to it, genesis block included
	Filters consensus.BlockID // the newest block whose filter, as all from the floor on, is there

	// Cuts counts the transactions that took blocks off the main chain, or filters from
	// the end of those that are there. While it stands still, rows once read stay true.
	Cuts uint64

	// Floor is the height of the first filter, at most one above filters: then there is
	// none. Filters below it may still be in the file, to be deleted.
	Floor consensus.Height

	// Above is a run of filters above the others, which have not reached it yet: those
	// that were there before the floor was lowered.
	Above Span

	// Seams is how many rows of filters, at most, end before they are full because the
	// next row was there already.
	Seams uint32
}

// Span is a run of blocks whose filters are there. The zero value is none.
type Span struct {
	First consensus.Height
	Last  consensus.BlockID
}

// Any reports whether there is a block in it.
func (s Span) Any() bool { return s != Span{} }

// Sizes of the tip row in bytes: of format 1, and what format 2 has behind it.
const (
	tipSizeOne = 2*(4+chainhash.HashSize) + 32 + 8
	tipSize    = tipSizeOne + 4 + 4 + (4 + chainhash.HashSize) + 4
)

// Encode returns the row, with room for the checksum.
func (t *Tip) Encode() []byte {
	b := make([]byte, ChecksumSize, ChecksumSize+tipSize)
	b = appendBlockID(b, t.Headers)
	work := t.Work.Bytes()
	b = append(b, work[:]...)
	b = appendBlockID(b, t.Filters)
	b = binary.BigEndian.AppendUint64(b, t.Cuts)
	b = binary.BigEndian.AppendUint32(b, uint32(t.Floor))
	b = binary.BigEndian.AppendUint32(b, uint32(t.Above.First))
	b = appendBlockID(b, t.Above.Last)
	return binary.BigEndian.AppendUint32(b, t.Seams)
}

func decodeTip(b []byte) (t Tip, err error) {
	if len(b) != tipSize {
		return t, Corrupt("tip row has %d bytes", len(b))
	}
	if t, err = decodeTipOne(b[:tipSizeOne]); err != nil {
		return t, err
	}
	b = b[tipSizeOne:]
	t.Floor = consensus.Height(binary.BigEndian.Uint32(b))
	t.Above.First = consensus.Height(binary.BigEndian.Uint32(b[4:]))
	t.Above.Last, b = takeBlockID(b[8:])
	t.Seams = binary.BigEndian.Uint32(b)
	return t, t.checkSpans()
}

// decodeTipOne decodes the row as it was in format 1, which had all filters from the genesis
// block on.
func decodeTipOne(b []byte) (t Tip, err error) {
	if len(b) != tipSizeOne {
		return t, Corrupt("tip row of format 1 has %d bytes", len(b))
	}
	t.Headers, b = takeBlockID(b)
	t.Work.SetByteSlice(b[:32])
	t.Filters, b = takeBlockID(b[32:])
	t.Cuts = binary.BigEndian.Uint64(b)
	if t.Filters.Height < 0 || t.Filters.Height > t.Headers.Height {
		return t, Corrupt("headers up to %d and filters up to %d", t.Headers.Height, t.Filters.Height)
	}
	return t, nil
}

// Top returns the height of the newest filter that is there, or would be next below it.
func (t *Tip) Top() consensus.Height { return max(t.Filters.Height, t.Above.Last.Height) }

// Has returns nil if the filters from one height to another are there, or else ErrBelowFloor
// or ErrNotFound.
func (t *Tip) Has(from, to consensus.Height) error {
	switch {
	case from >= t.Floor && to <= t.Filters.Height && from >= 0:
		return nil
	case t.Above.Any() && from >= t.Above.First && to <= t.Above.Last.Height:
		return nil
	case from >= 0 && from < t.Floor:
		return ErrBelowFloor
	}
	return ErrNotFound
}

// EarlyHashed returns below which height the filters before DCP0005, which has the given
// height, are hashed: none of them where the floor is above them, all where it is among
// them.
func (t *Tip) EarlyHashed(active consensus.Height) consensus.Height {
	switch {
	case t.Floor >= active:
		return 0
	case t.Floor > 0:
		return active
	}
	return min(t.Filters.Height+1, active)
}

// checkSpans verifies that the runs of filters are in order: the floor, the newest filter,
// and those above after a gap.
func (t *Tip) checkSpans() error {
	if t.Floor < 0 || t.Floor > t.Filters.Height+1 {
		return Corrupt("filters from %d up to %d", t.Floor, t.Filters.Height)
	}
	if !t.Above.Any() {
		return nil
	}
	if t.Above.First <= t.Filters.Height+1 || t.Above.First > t.Above.Last.Height || t.Above.Last.Height > t.Headers.Height {
		return Corrupt("headers up to %d, filters up to %d, and from %d to %d", t.Headers.Height, t.Filters.Height, t.Above.First, t.Above.Last.Height)
	}
	return nil
}

func appendBlockID(b []byte, id consensus.BlockID) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(id.Height))
	return append(b, id.Hash[:]...)
}

func takeBlockID(b []byte) (consensus.BlockID, []byte) {
	id := consensus.BlockID{Height: consensus.Height(binary.BigEndian.Uint32(b)), Hash: chainhash.Hash(b[4:36])}
	return id, b[36:]
}

// ReadMeta returns what follows the checksum of a row of the meta bucket.
func ReadMeta(tx *Txn, key []byte) ([]byte, error) {
	b, err := RowsOf(tx, BucketMeta)
	if err != nil {
		return nil, err
	}
	return Unseal(BucketMeta, key, b.Get(key))
}

// WriteMeta writes a row of the meta bucket, which has room for the checksum.
func WriteMeta(tx *Txn, key, row []byte) error {
	b, err := RowsOf(tx, BucketMeta)
	if err != nil {
		return err
	}
	Seal(key, row)
	return b.Put(key, row)
}

// ReadTip returns from where to where a file of the current format goes.
func ReadTip(tx *Txn) (Tip, error) {
	row, err := ReadMeta(tx, KeyTip)
	if err != nil {
		return Tip{}, err
	}
	return decodeTip(row)
}

// ReadOldTip reads the tip of a store that may be of an older format.
func ReadOldTip(tx *Txn) (Tip, error) {
	if format, err := ReadFormat(tx); err != nil || format != 1 {
		tip, failure := ReadTip(tx)
		return tip, errors.Join(err, failure)
	}
	row, err := ReadMeta(tx, KeyTip)
	if err != nil {
		return Tip{}, err
	}
	return decodeTipOne(row)
}

// WriteTip writes it.
func WriteTip(tx *Txn, t *Tip) error { return WriteMeta(tx, KeyTip, t.Encode()) }

// ReadFormat returns the format of the file.
func ReadFormat(tx *Txn) (uint32, error) {
	row, err := ReadMeta(tx, KeyFormat)
	if err != nil {
		return 0, err
	}
	if len(row) != 4 {
		return 0, Corrupt("format row has %d bytes", len(row))
	}
	return binary.BigEndian.Uint32(row), nil
}

func writeFormat(tx *Txn, format uint32) error {
	return WriteMeta(tx, KeyFormat, binary.BigEndian.AppendUint32(make([]byte, ChecksumSize), format))
}

// ReadEarly returns the hash over the filters below DCP0005.
func ReadEarly(tx *Txn) (consensus.EarlyFilterHash, error) {
	row, err := ReadMeta(tx, KeyEarly)
	if err != nil {
		return consensus.EarlyFilterHash{}, err
	}
	early, err := consensus.RestoreEarlyFilterHash(row)
	if err != nil {
		return early, Corrupt("%v", err)
	}
	return early, nil
}

// WriteEarly writes the hash over the filters below DCP0005.
func WriteEarly(tx *Txn, early *consensus.EarlyFilterHash) error {
	return WriteMeta(tx, KeyEarly, early.State(make([]byte, ChecksumSize)))
}

// networkRow is the row that tells networks apart.
func networkRow(p *consensus.Params) []byte {
	b := make([]byte, ChecksumSize, ChecksumSize+4+chainhash.HashSize)
	b = binary.BigEndian.AppendUint32(b, uint32(p.ChainParams.Net))
	return append(b, p.ChainParams.GenesisHash[:]...)
}

// CheckNetwork verifies that the store is of the network.
func CheckNetwork(tx *Txn, p *consensus.Params) error {
	row, err := ReadMeta(tx, KeyNetwork)
	if err != nil {
		return err
	}
	if want := networkRow(p)[ChecksumSize:]; string(row) != string(want) {
		return fmt.Errorf("%w, not of %s: use another data directory", ErrOtherNetwork, p.ChainParams.Name)
	}
	return nil
}

// BucketNames returns the names of the buckets of a file, in order: the first of them, one more than
// there may be.
func BucketNames(tx *Txn) []string { return keysOf(tx.Cursor()) }

// MetaKeys returns the keys of the meta bucket, in order: the first of them, one more than there may
// be.
func MetaKeys(tx *Txn) ([]string, error) {
	b, err := RowsOf(tx, BucketMeta)
	if err != nil {
		return nil, err
	}
	return keysOf(b.Bucket.Cursor()), nil
}

// keysOf returns the first keys of a bucket, one more than are expected in any
// that this is asked for.
func keysOf(c *bbolt.Cursor) (keys []string) {
	for key, _ := c.First(); key != nil && len(keys) < 6; key, _ = c.Next() {
		keys = append(keys, string(key))
	}
	return keys
}
