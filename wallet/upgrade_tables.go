package wallet

import (
	"fmt"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// addTables is the upgrade to the format with tables. Before, their rows were in buckets
// of their names with the same keys and values, but for the unspent bucket, whose keys
// were the outpoints and whose values were empty; and there were no sums, and no lists of
// tickets and of what may be immature.
func addTables(tx *bolt.Tx) error {
	if tx.Bucket([]byte("credits")) == nil {
		return nil // the file has been made since
	}
	for _, name := range [][]byte{sumsBucket, ticketsBucket, agingBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	for _, kind := range tables() {
		if err := newTable(tx, kind); err != nil {
			return err
		}
	}
	for _, kind := range []tableKind{placesTable(), creditsTable(), spendsTable(), paymentsTable()} {
		if err := moveRows(tx, kind); err != nil {
			return err
		}
	}
	if err := upgradeUnspent(tx); err != nil {
		return err
	}
	return all(tx.Bucket(minedBucket), func(k, v []byte) error {
		m, err := decodeMined(k, v)
		if err != nil {
			return err
		}
		return upgradeAging(tx, m)
	})
}

// moveRows makes the rows of a bucket those of the table of its name.
func moveRows(tx *bolt.Tx, kind tableKind) error {
	name := []byte(kind.name)
	if tx.Bucket(name) == nil {
		return fmt.Errorf("bucket %s is missing: %w", name, ErrCorrupt)
	}
	t, err := openTable(tx, kind)
	if err != nil {
		return err
	}
	if err := all(tx.Bucket(name), t.put); err != nil {
		return err
	}
	return tx.DeleteBucket(name)
}

// upgradeUnspent makes the unspent table of the bucket that was in its place.
func upgradeUnspent(tx *bolt.Tx) error {
	name := []byte("unspent")
	if tx.Bucket(name) == nil {
		return fmt.Errorf("bucket %s is missing: %w", name, ErrCorrupt)
	}
	err := all(tx.Bucket(name), func(k, _ []byte) error {
		r := row{rest: k}
		op := r.outpoint()
		if r.done() != nil {
			return fmt.Errorf("read unspent output %x: %w", k, ErrCorrupt)
		}
		c, ok, err := getCredit(tx, op)
		if err != nil || !ok {
			return fmt.Errorf("unspent output %s: %w", op, orCorrupt(err))
		}
		return hold(tx, &op.Hash, c.holding(op.Index))
	})
	if err != nil {
		return err
	}
	return tx.DeleteBucket(name)
}

// upgradeAging adds the rows of the aging bucket of a transaction.
func upgradeAging(tx *bolt.Tx, m *mined) error {
	expires := m.tx.Expiry != wire.NoExpiryValue
	for i := range m.tx.TxOut {
		c, ok, err := getCredit(tx, wire.OutPoint{Hash: m.hash, Index: uint32(i)})
		if err != nil {
			return err
		}
		if !ok || c.place != m.place || c.source == FromTicket || c.source == FromPayment && !expires {
			continue
		}
		if err := tx.Bucket(agingBucket).Put(holdingKey(m.place, uint32(i)), agingValue(expires)); err != nil {
			return err
		}
	}
	return nil
}
