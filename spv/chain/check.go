package chain

import (
	"context"
	"errors"
	"slices"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// Check proves the whole store again: each byte of the file that is in use, the records
// of the write-ahead log that are not in the file yet, and all rules for each header
// and each filter, from the genesis block on. The error wraps ErrCorrupt if anything is
// not as it should be, and is that of ctx if it ended before.
//
// It takes about as long as the verification of a first sync. A flush waits
// until it is done.
func (r *Reader) Check(ctx context.Context) error {
	return r.store.Check(func(tx *store.Txn) error { return checkRows(ctx, r.params, tx) })
}

// checkRows checks the rows of all buckets.
func checkRows(ctx context.Context, p *consensus.Params, tx *store.Txn) error {
	if err := checkKeys(tx, p); err != nil {
		return err
	}
	if err := store.CheckNetwork(tx, p); err != nil {
		return err
	}
	if format, err := store.ReadFormat(tx); err != nil || format != store.Format {
		return errors.Join(err, store.Corrupt("format %d", format))
	}
	tip, err := store.ReadTip(tx)
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
func checkKeys(tx *store.Txn, p *consensus.Params) error {
	buckets := slices.DeleteFunc(store.BucketNames(tx), func(key string) bool { return key == string(bucketStale) })
	if want := []string{"filters", "hashes", "headers", "meta"}; !slices.Equal(buckets, want) {
		return store.Corrupt("want buckets %q, got %q", want, buckets)
	}
	want := []string{"format", "network", "tip"}
	if p.DCP0005 > 0 {
		want = append([]string{"early"}, want...)
	}
	keys, err := store.MetaKeys(tx)
	if err != nil {
		return err
	}
	rows := slices.DeleteFunc(keys, func(key string) bool { return key == string(keyInvalid) })
	if !slices.Equal(rows, want) {
		return store.Corrupt("want meta rows %q, got %q", want, rows)
	}
	return nil
}
