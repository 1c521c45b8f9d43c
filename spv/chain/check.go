package chain

import (
	"context"
	"errors"
	"slices"

	"github.com/spvd/spvd/internal/bboltcheck"
	"github.com/spvd/spvd/spv/consensus"
	"go.etcd.io/bbolt"
)

// Check proves the whole store again: each byte of the file that is in use, the records
// of the write-ahead log that are not in the file yet, and all rules for each header
// and each filter, from the genesis block on. The error wraps ErrCorrupt if anything is
// not as it should be, and is that of ctx if it ended before.
//
// It takes about as long as the verification of a first sync. A flush waits
// until it is done.
func (c *Chain) Check(ctx context.Context) error {
	return guard(c.store.path, "check", func() error {
		tx, err := c.store.db.Begin(true) // so that nothing moves meanwhile
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if err := bboltcheck.VerifyAll(c.store.file, pageSize, false); err != nil {
			return asCorrupt(err)
		}
		if err := checkTrees(tx); err != nil {
			return err
		}
		newest := c.store.newest(tx)
		if newest.newer != nil {
			if err := c.store.wal.check(); err != nil {
				return err
			}
		}
		return checkRows(ctx, c.params, newest)
	})
}

// checkTrees runs bbolt's own check. It follows what it finds on a goroutine
// where a fault is fatal: the pages must have been verified.
func checkTrees(tx *bbolt.Tx) error {
	var damage error
	for err := range tx.Check() {
		damage = errors.Join(damage, corrupt("%v", err))
	}
	return damage
}

// checkRows checks the rows of all buckets.
func checkRows(ctx context.Context, p *consensus.Params, tx *txn) error {
	if err := checkKeys(tx, p); err != nil {
		return err
	}
	if err := checkNetwork(tx, p); err != nil {
		return err
	}
	if format, err := readFormat(tx); err != nil || format != storeFormat {
		return errors.Join(err, corrupt("format %d", format))
	}
	tip, err := readTip(tx)
	if err != nil {
		return err
	}
	last, err := checkHeaders(ctx, p, tx)
	if err != nil {
		return err
	}
	if err := checkFilters(ctx, p, tx, &tip); err != nil {
		return err
	}
	if err := checkStale(p, tx); err != nil {
		return err
	}
	return verifyTip(tx, &tip, last)
}

// checkKeys checks that there are all the buckets and meta rows that belong in
// a store, and no others.
func checkKeys(tx *txn, p *consensus.Params) error {
	meta, err := bucketOf(tx, bucketMeta)
	if err != nil {
		return err
	}
	buckets := slices.DeleteFunc(keysOf(tx.Cursor()), func(key string) bool { return key == string(bucketStale) })
	if want := []string{"filters", "hashes", "headers", "meta"}; !slices.Equal(buckets, want) {
		return corrupt("want buckets %q, got %q", want, buckets)
	}
	want := []string{"format", "network", "tip"}
	if p.DCP0005 > 0 {
		want = append([]string{"early"}, want...)
	}
	rows := slices.DeleteFunc(keysOf(meta.Bucket.Cursor()), func(key string) bool { return key == string(keyInvalid) })
	if !slices.Equal(rows, want) {
		return corrupt("want meta rows %q, got %q", want, rows)
	}
	return nil
}

// keysOf returns the first keys of a bucket, one more than are expected in any
// that this is asked for.
func keysOf(c *bbolt.Cursor) (keys []string) {
	for key, _ := c.First(); key != nil && len(keys) < 6; key, _ = c.Next() {
		keys = append(keys, string(key))
	}
	return keys
}
