package wallet

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

// backup writes a copy of the wallet's file, of one moment, while the wallet is in use. The file
// must not exist, and its directory has to; killed anywhere, no part of a copy has its name. A
// wallet that is opened from a copy goes on from the block that it was at. The errors are
// ErrBackupExists, ErrDiskFull, and those of the system.
func (w *Wallet) backup(ctx context.Context, path string) error {
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
	err = w.view(ctx, func(tx *bolt.Tx, _ *state.Snapshot) error {
		_, err := tx.WriteTo(stopping{ctx, f})
		return orDiskFull(err)
	})
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
func (s stopping) Write(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.to.Write(p)
}

// backupDir is the directory for copies that are named without a directory. It lies beside that
// of the wallets.
const backupDir = "backups"

// Backup writes a copy of an open wallet, see Wallet.Backup, and returns its path. A path that
// is not absolute lies in a directory for copies, which is made. The errors are ErrNoWallet, and
// those of Wallet.Backup.
func (s *Set) Backup(ctx context.Context, name, path string) (string, error) {
	w, err := s.Wallet(name)
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(path) {
		if !filepath.IsLocal(path) {
			return "", fmt.Errorf("%w: %q is neither an absolute path nor a name", ErrBackup, path)
		}
		path = filepath.Join(filepath.Dir(s.cfg.Dir), backupDir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", fmt.Errorf("%w: %w", ErrBackup, err)
		}
	}
	return path, w.backup(ctx, path)
}
