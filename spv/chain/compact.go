package chain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// compactStep is how many bytes of rows one transaction of a copy writes.
const compactStep = 4 << 20

// compactGrowth is how much a copy is enlarged by at a time, in bytes: bbolt's 16 MiB would be
// unused room at its end.
const compactGrowth = 64 << 10

// Compact replaces the file of a store that is not open by a copy without unused pages, and returns
// the sizes in bytes before and after. The copy is proven as Check does before it takes the place of
// the file, at once, so that whatever fails, a full disk too, leaves the file as it is. Filters below
// the floor are deleted first. It needs room for the copy.
func Compact(ctx context.Context, cfg Config) (before, after int64, err error) {
	cfg.AsIs = false
	if before, err = compactSource(cfg); err != nil {
		return before, 0, err
	}
	fresh := cfg
	fresh.Path, fresh.AsIs = copyPath(cfg.Path), true
	if err := os.Remove(fresh.Path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was killed
		return before, 0, fmt.Errorf("compact: %w", err)
	}
	defer func() { err = errors.Join(err, ignoreMissing(os.Remove(fresh.Path))) }()
	if err := guard(cfg.Path, "compact", func() error { return copyStore(ctx, cfg.Path, fresh.Path) }); err != nil {
		return before, 0, fmt.Errorf("compact %s: %w", cfg.Path, err)
	}
	if after, err = checkCopy(ctx, fresh); err != nil {
		return before, 0, fmt.Errorf("compact %s: check the copy: %w", cfg.Path, err)
	}
	if err := os.Rename(fresh.Path, cfg.Path); err != nil {
		return before, 0, fmt.Errorf("compact: %w", err)
	}
	return before, after, syncDir(filepath.Dir(cfg.Path))
}

// copyPath returns the path of the copy of a store that Compact makes.
func copyPath(path string) string { return path + ".compact" }

// removeCopy removes the copy that a Compact has left which was killed, unless the store was opened
// as it is. The store is locked: no other Compact is at work.
func (c *Chain) removeCopy() error {
	if c.store.asIs {
		return nil
	}
	return ignoreMissing(os.Remove(copyPath(c.store.path)))
}

// compactSource brings a store in order, and returns the size of its file.
func compactSource(cfg Config) (size int64, err error) {
	c, err := Open(cfg)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(c.discard(), c.Close()); err != nil {
		return 0, err
	}
	info, err := os.Stat(cfg.Path)
	if err != nil {
		return 0, fmt.Errorf("compact: %w", err)
	}
	return info.Size(), nil
}

// copyStore copies the rows of a file, and makes the copy durable.
func copyStore(ctx context.Context, from, to string) (err error) {
	source, err := bbolt.Open(from, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockPatience, PageSize: pageSize})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	dest, err := bbolt.Open(to, 0o600, &bbolt.Options{NoSync: true, Timeout: lockPatience, PageSize: pageSize, FreelistType: bbolt.FreelistMapType})
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

// checkCopy proves a copy as Check does, and returns its size.
func checkCopy(ctx context.Context, cfg Config) (size int64, err error) {
	c, err := Open(cfg)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(c.Check(ctx), c.Close()); err != nil {
		return 0, err
	}
	info, err := os.Stat(cfg.Path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// ignoreMissing returns an error unless it says that there is no such file.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
