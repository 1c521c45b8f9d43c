package wallet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// backupDir is the directory for copies that are named without a directory. It lies beside that
// of the wallets.
const backupDir = "backups"

// Backup writes a copy of an open wallet, of one moment, while it is in use, and returns its path. A path that
// is not absolute lies in a directory for copies, which is made. No file of that path may
// exist. The errors are ErrNoWallet, ErrBackup, ErrBackupExists, ErrDiskFull, and those of the system.
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
	return path, w.store.Backup(ctx, path)
}
