package ledger

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/rows"
)

// The conflicts bucket, which is made with its first row. Keys: the hash of a
// transaction, and that of one that spends the same, of which one gave way to the
// other. There is a row for either direction. Values are empty. Rows stay when
// the chain changes its mind: that the two cannot both be mined stays true.
var ConflictsBucket = []byte("conflicts")

// PutConflict remembers that of two transactions one gave way to the other.
func PutConflict(tx *bolt.Tx, a, b chainhash.Hash) error {
	bucket, err := tx.CreateBucketIfNotExists(ConflictsBucket)
	if err != nil {
		return err
	}
	return errors.Join(bucket.Put(append(a[:], b[:]...), nil), bucket.Put(append(b[:], a[:]...), nil))
}

// ConflictsOf returns the transactions that spend the same as one, and gave way
// to it or took its place.
func ConflictsOf(tx *bolt.Tx, hash chainhash.Hash) ([]chainhash.Hash, error) {
	bucket := tx.Bucket(ConflictsBucket)
	if bucket == nil {
		return nil, nil
	}
	var list []chainhash.Hash
	c := bucket.Cursor()
	for k, _ := c.Seek(hash[:]); bytes.HasPrefix(k, hash[:]); k, _ = c.Next() {
		r := rows.Row{Rest: k[len(hash):]}
		other := r.Hash()
		if r.Done() != nil {
			return nil, fmt.Errorf("read conflicts of %s: %w", hash, rows.ErrCorrupt)
		}
		list = append(list, other)
	}
	return list, nil
}
