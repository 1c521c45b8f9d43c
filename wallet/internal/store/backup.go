package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/state"
)

// Backup writes a copy of the file, of one moment, while the wallet is in use. The file
// must not exist, and its directory has to; killed anywhere, no part of a copy has its name. A
// wallet that is opened from a copy goes on from the block that it was at. The errors are
// ErrBackupExists, ErrDiskFull, and those of the system.
func (s *Store) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: %s", ErrBackupExists, path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%w: %w", ErrBackup, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*") // mode 0600
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if err = s.Persist(ctx); err == nil {
		err = s.View(ctx, func(tx *bolt.Tx, _ *state.Snapshot) error {
			_, err := tx.WriteTo(stopping{ctx, f})
			return orDiskFull(err)
		})
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		if err = os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) { // since
			err = fmt.Errorf("%w: %s", ErrBackupExists, path)
		} else if err != nil { // a file system without links
			err = os.Rename(f.Name(), path)
		}
	}
	if gone := orGone(os.Remove(f.Name())); err != nil || gone != nil {
		return fmt.Errorf("%w: %w", ErrBackup, errors.Join(err, gone))
	}
	return syncDir(filepath.Dir(path))
}

// stopping is a file that is written until ctx ends.
type stopping struct {
	ctx context.Context
	to  *os.File
}

// Write implements io.Writer.
func (w stopping) Write(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.to.Write(p)
}
