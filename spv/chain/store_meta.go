package chain

import (
	"encoding/binary"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// storeFormat is the format that this version writes.
const storeFormat = 1

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

// storeTip says up to where the store goes. It is written in the transaction
// that writes the rows it speaks of.
type storeTip struct {
	headers consensus.BlockID // the newest header
	work    uint256.Uint256   // of the chain up to it, genesis block included
	filters consensus.BlockID // the newest block whose filter, as all before, is there

	// cuts counts the transactions that took blocks off the main chain. While
	// it stands still, rows once read stay true.
	cuts uint64
}

// tipSize is the size of the row: both blocks, the work, the count.
const tipSize = 2*(4+chainhash.HashSize) + 32 + 8

func (t *storeTip) encode() []byte {
	b := make([]byte, checksumSize, checksumSize+tipSize)
	b = appendBlockID(b, t.headers)
	work := t.work.Bytes()
	b = append(b, work[:]...)
	b = appendBlockID(b, t.filters)
	return binary.BigEndian.AppendUint64(b, t.cuts)
}

func decodeTip(b []byte) (t storeTip, err error) {
	if len(b) != tipSize {
		return t, corrupt("tip row has %d bytes", len(b))
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
