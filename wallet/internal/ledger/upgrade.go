package ledger

import (
	"cmp"
	"fmt"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// AddTables is the upgrade to the format with tables. Before, their rows were in buckets
// of their names with the same keys and values, but for the unspent bucket, whose keys
// were the outpoints and whose values were empty; and there were no sums, and no lists of
// tickets and of what may be immature.
func AddTables(tx *bolt.Tx) error {
	if tx.Bucket([]byte("credits")) == nil {
		return nil // the file has been made since
	}
	for _, name := range [][]byte{SumsBucket, TicketsBucket, AgingBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	for _, kind := range Tables() {
		if err := rows.NewTable(tx, kind); err != nil {
			return err
		}
	}
	for _, kind := range []rows.Kind{PlacesTable(), CreditsTable(), SpendsTable(), PaymentsTable()} {
		if err := moveRows(tx, kind); err != nil {
			return err
		}
	}
	if err := upgradeUnspent(tx); err != nil {
		return err
	}
	return rows.Each(tx.Bucket(MinedBucket), func(k, v []byte) error {
		m, err := DecodeMined(k, v)
		if err != nil {
			return err
		}
		return upgradeAging(tx, m)
	})
}

// moveRows makes the rows of a bucket those of the table of its name.
func moveRows(tx *bolt.Tx, kind rows.Kind) error {
	name := []byte(kind.Name)
	if tx.Bucket(name) == nil {
		return fmt.Errorf("bucket %s is missing: %w", name, rows.ErrCorrupt)
	}
	t, err := rows.OpenTable(tx, kind)
	if err != nil {
		return err
	}
	if err := rows.Each(tx.Bucket(name), t.Put); err != nil {
		return err
	}
	return tx.DeleteBucket(name)
}

// upgradeUnspent makes the unspent table of the bucket that was in its place.
func upgradeUnspent(tx *bolt.Tx) error {
	name := []byte("unspent")
	if tx.Bucket(name) == nil {
		return fmt.Errorf("bucket %s is missing: %w", name, rows.ErrCorrupt)
	}
	err := rows.Each(tx.Bucket(name), func(k, _ []byte) error {
		r := rows.Row{Rest: k}
		op := r.OutPoint()
		if r.Done() != nil {
			return fmt.Errorf("read unspent output %x: %w", k, rows.ErrCorrupt)
		}
		c, ok, err := GetCredit(tx, op)
		if err != nil || !ok {
			return fmt.Errorf("unspent output %s: %w", op, cmp.Or(err, rows.ErrCorrupt))
		}
		return hold(tx, &op.Hash, c.Holding(op.Index))
	})
	if err != nil {
		return err
	}
	return tx.DeleteBucket(name)
}

// upgradeAging adds the rows of the aging bucket of a transaction.
func upgradeAging(tx *bolt.Tx, m *Mined) error {
	expires := m.Tx.Expiry != wire.NoExpiryValue
	for i := range m.Tx.TxOut {
		c, ok, err := GetCredit(tx, wire.OutPoint{Hash: m.Hash, Index: uint32(i)})
		if err != nil {
			return err
		}
		if !ok || c.Place != m.Place || c.Source == txn.FromTicket || c.Source == txn.FromPayment && !expires {
			continue
		}
		if err := tx.Bucket(AgingBucket).Put(HoldingKey(m.Place, uint32(i)), AgingValue(expires)); err != nil {
			return err
		}
	}
	return nil
}
