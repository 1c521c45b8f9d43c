package store

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"
)

// compactStep is how many bytes of rows one transaction of a copy writes.
const compactStep = 4 << 20

// compactGrowth is how much a copy is enlarged by at a time, in bytes: bbolt's 16 MiB would be
// unused room at its end.
const compactGrowth = 64 << 10

// CopyRows copies the rows of a file that is not open to another one, which it creates, without unused
// pages, and makes the copy durable. What fails leaves a part of the copy behind.
func CopyRows(ctx context.Context, from, to string) error {
	return guard(from, "compact", func() error { return copyBuckets(ctx, from, to) })
}

func copyBuckets(ctx context.Context, from, to string) (err error) {
	source, err := bbolt.Open(from, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockPatience, PageSize: PageSize})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	dest, err := bbolt.Open(to, 0o600, &bbolt.Options{NoSync: true, Timeout: lockPatience, PageSize: PageSize, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dest.Close()) }()
	dest.AllocSize = compactGrowth
	err = source.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return copyBucket(ctx, dest, name, b) })
	})
	if err != nil {
		return err
	}
	return dest.Sync()
}

// copyBucket copies the rows of a bucket, in order, so that they fill their pages.
func copyBucket(ctx context.Context, dest *bbolt.DB, name []byte, b *bbolt.Bucket) error {
	c := b.Cursor()
	key, value := c.First()
	for first := true; first || key != nil; first = false {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := dest.Update(func(tx *bbolt.Tx) error {
			to, err := tx.CreateBucketIfNotExists(name)
			if err != nil {
				return err
			}
			to.FillPercent = 1
			for n := 0; key != nil && n < compactStep; key, value = c.Next() {
				if err := to.Put(key, value); err != nil {
					return err
				}
				n += len(key) + len(value)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
