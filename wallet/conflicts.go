package wallet

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"
)

// The conflicts bucket, which is made with its first row. Keys: the hash of a
// transaction, and that of one that spends the same, of which one gave way to the
// other. There is a row for either direction. Values are empty. Rows stay when
// the chain changes its mind: that the two cannot both be mined stays true.
var conflictsBucket = []byte("conflicts")

// putConflict remembers that of two transactions one gave way to the other.
func putConflict(tx *bolt.Tx, a, b chainhash.Hash) error {
	bucket, err := tx.CreateBucketIfNotExists(conflictsBucket)
	if err != nil {
		return err
	}
	return errors.Join(bucket.Put(append(a[:], b[:]...), nil), bucket.Put(append(b[:], a[:]...), nil))
}

// conflictsOf returns the transactions that spend the same as one, and gave way
// to it or took its place.
func conflictsOf(tx *bolt.Tx, hash chainhash.Hash) ([]chainhash.Hash, error) {
	bucket := tx.Bucket(conflictsBucket)
	if bucket == nil {
		return nil, nil
	}
	var list []chainhash.Hash
	c := bucket.Cursor()
	for k, _ := c.Seek(hash[:]); bytes.HasPrefix(k, hash[:]); k, _ = c.Next() {
		r := row{rest: k[len(hash):]}
		other := r.hash()
		if r.done() != nil {
			return nil, fmt.Errorf("read conflicts of %s: %w", hash, ErrCorrupt)
		}
		list = append(list, other)
	}
	return list, nil
}

// noTransaction says that a transaction is not one of the wallet, and what took
// its place if something did.
func (q *query) noTransaction(hash chainhash.Hash) error {
	list, err := conflictsOf(q.tx, hash)
	if err != nil {
		return err
	}
	for _, other := range list {
		places, err := placesOf(q.tx, &other)
		if err != nil {
			return err
		}
		if len(places) > 0 || q.pool.byHash[other] != nil {
			return fmt.Errorf("%w: %s spends the same and took its place", ErrNoTransaction, other)
		}
	}
	return ErrNoTransaction
}
