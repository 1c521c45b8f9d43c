package chain

import (
	"encoding/binary"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// storeFormat is the format that this version writes.
const storeFormat = 2

// Rows of the meta bucket. Numbers are big-endian, hashes in their own order.
//
//	format   version (4)
//	network  magic of the wire protocol (4), genesis hash (32)
//	tip      what is in the other buckets, see storeTip
//	early    state of the hash over the filters below DCP0005 that are there,
//	         see EarlyFilterHash; only on networks where it was not always active
var (
	keyFormat  = []byte("format")
	keyNetwork = []byte("network")
	keyTip     = []byte("tip")
	keyEarly   = []byte("early")
)

// storeTip says from where to where the store goes. It is written in the transaction
// that writes the rows it speaks of.
type storeTip struct {
	headers consensus.BlockID // the newest header
	work    uint256.Uint256   // of the chain up to it, genesis block included
	filters consensus.BlockID // the newest block whose filter, as all from the floor on, is there

	// cuts counts the transactions that took blocks off the main chain, or filters from
	// the end of those that are there. While it stands still, rows once read stay true.
	cuts uint64

	// floor is the height of the first filter, at most one above filters: then there is
	// none. Filters below it may still be in the file, to be deleted.
	floor consensus.Height

	// above is a run of filters above the others, which have not reached it yet: those
	// that were there before the floor was lowered.
	above Span

	// seams is how many rows of filters, at most, end before they are full because the
	// next row was there already.
	seams uint32
}

// Sizes of the tip row in bytes: of format 1, and what format 2 has behind it.
const (
	tipSizeOne = 2*(4+chainhash.HashSize) + 32 + 8
	tipSize    = tipSizeOne + 4 + 4 + (4 + chainhash.HashSize) + 4
)

func (t *storeTip) encode() []byte {
	b := make([]byte, checksumSize, checksumSize+tipSize)
	b = appendBlockID(b, t.headers)
	work := t.work.Bytes()
	b = append(b, work[:]...)
	b = appendBlockID(b, t.filters)
	b = binary.BigEndian.AppendUint64(b, t.cuts)
	b = binary.BigEndian.AppendUint32(b, uint32(t.floor))
	b = binary.BigEndian.AppendUint32(b, uint32(t.above.First))
	b = appendBlockID(b, t.above.Last)
	return binary.BigEndian.AppendUint32(b, t.seams)
}

func decodeTip(b []byte) (t storeTip, err error) {
	if len(b) != tipSize {
		return t, corrupt("tip row has %d bytes", len(b))
	}
	if t, err = decodeTipOne(b[:tipSizeOne]); err != nil {
		return t, err
	}
	b = b[tipSizeOne:]
	t.floor = consensus.Height(binary.BigEndian.Uint32(b))
	t.above.First = consensus.Height(binary.BigEndian.Uint32(b[4:]))
	t.above.Last, b = takeBlockID(b[8:])
	t.seams = binary.BigEndian.Uint32(b)
	return t, t.checkSpans()
}

// decodeTipOne decodes the row as it was in format 1, which had all filters from the genesis
// block on.
func decodeTipOne(b []byte) (t storeTip, err error) {
	if len(b) != tipSizeOne {
		return t, corrupt("tip row of format 1 has %d bytes", len(b))
	}
	t.headers, b = takeBlockID(b)
	t.work.SetByteSlice(b[:32])
	t.filters, b = takeBlockID(b[32:])
	t.cuts = binary.BigEndian.Uint64(b)
	if t.filters.Height < 0 || t.filters.Height > t.headers.Height {
		return t, corrupt("headers up to %d and filters up to %d", t.headers.Height, t.filters.Height)
	}
	return t, nil
}

// top returns the height of the newest filter that is there, or would be next below it.
func (t *storeTip) top() consensus.Height { return max(t.filters.Height, t.above.Last.Height) }

// has returns nil if the filters from one height to another are there, or else ErrBelowFloor
// or ErrNotFound.
func (t *storeTip) has(from, to consensus.Height) error {
	switch {
	case from >= t.floor && to <= t.filters.Height && from >= 0:
		return nil
	case t.above.Any() && from >= t.above.First && to <= t.above.Last.Height:
		return nil
	case from >= 0 && from < t.floor:
		return ErrBelowFloor
	}
	return ErrNotFound
}

// earlyHashed returns below which height the filters before DCP0005, which has the given
// height, are hashed: none of them where the floor is above them, all where it is among
// them.
func (t *storeTip) earlyHashed(active consensus.Height) consensus.Height {
	switch {
	case t.floor >= active:
		return 0
	case t.floor > 0:
		return active
	}
	return min(t.filters.Height+1, active)
}

// checkSpans verifies that the runs of filters are in order: the floor, the newest filter,
// and those above after a gap.
func (t *storeTip) checkSpans() error {
	if t.floor < 0 || t.floor > t.filters.Height+1 {
		return corrupt("filters from %d up to %d", t.floor, t.filters.Height)
	}
	if !t.above.Any() {
		return nil
	}
	if t.above.First <= t.filters.Height+1 || t.above.First > t.above.Last.Height || t.above.Last.Height > t.headers.Height {
		return corrupt("headers up to %d, filters up to %d, and from %d to %d", t.headers.Height, t.filters.Height, t.above.First, t.above.Last.Height)
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

// readMeta returns what follows the checksum of a row of the meta bucket.
func readMeta(tx *txn, key []byte) ([]byte, error) {
	b, err := bucketOf(tx, bucketMeta)
	if err != nil {
		return nil, err
	}
	return unseal(bucketMeta, key, b.Get(key))
}

// writeMeta writes a row of the meta bucket, which has room for the checksum.
func writeMeta(tx *txn, key, row []byte) error {
	b, err := bucketOf(tx, bucketMeta)
	if err != nil {
		return err
	}
	seal(key, row)
	return b.Put(key, row)
}

func readTip(tx *txn) (storeTip, error) {
	row, err := readMeta(tx, keyTip)
	if err != nil {
		return storeTip{}, err
	}
	return decodeTip(row)
}

func writeTip(tx *txn, t *storeTip) error { return writeMeta(tx, keyTip, t.encode()) }

func readFormat(tx *txn) (uint32, error) {
	row, err := readMeta(tx, keyFormat)
	if err != nil {
		return 0, err
	}
	if len(row) != 4 {
		return 0, corrupt("format row has %d bytes", len(row))
	}
	return binary.BigEndian.Uint32(row), nil
}

func writeFormat(tx *txn, format uint32) error {
	return writeMeta(tx, keyFormat, binary.BigEndian.AppendUint32(make([]byte, checksumSize), format))
}

// readEarly returns the hash over the filters below DCP0005.
func readEarly(tx *txn) (consensus.EarlyFilterHash, error) {
	row, err := readMeta(tx, keyEarly)
	if err != nil {
		return consensus.EarlyFilterHash{}, err
	}
	early, err := consensus.RestoreEarlyFilterHash(row)
	if err != nil {
		return early, corrupt("%v", err)
	}
	return early, nil
}

func writeEarly(tx *txn, early *consensus.EarlyFilterHash) error {
	return writeMeta(tx, keyEarly, early.State(make([]byte, checksumSize)))
}

// networkRow is the row that tells networks apart.
func networkRow(p *consensus.Params) []byte {
	b := make([]byte, checksumSize, checksumSize+4+chainhash.HashSize)
	b = binary.BigEndian.AppendUint32(b, uint32(p.ChainParams.Net))
	return append(b, p.ChainParams.GenesisHash[:]...)
}

// checkNetwork verifies that the store is of the network.
func checkNetwork(tx *txn, p *consensus.Params) error {
	row, err := readMeta(tx, keyNetwork)
	if err != nil {
		return err
	}
	if want := networkRow(p)[checksumSize:]; string(row) != string(want) {
		return fmt.Errorf("%w, not of %s: use another data directory", ErrOtherNetwork, p.ChainParams.Name)
	}
	return nil
}
