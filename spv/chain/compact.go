package chain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spvd/spvd/spv/chain/internal/store"
)

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
	if err := store.CopyRows(ctx, cfg.Path, fresh.Path); err != nil {
		return before, 0, fmt.Errorf("compact %s: %w", cfg.Path, err)
	}
	if after, err = checkCopy(ctx, fresh); err != nil {
		return before, 0, fmt.Errorf("compact %s: check the copy: %w", cfg.Path, err)
	}
	if err := os.Rename(fresh.Path, cfg.Path); err != nil {
		return before, 0, fmt.Errorf("compact: %w", err)
	}
	return before, after, store.SyncDir(filepath.Dir(cfg.Path))
}

// copyPath returns the path of the copy of a store that Compact makes.
func copyPath(path string) string { return path + ".compact" }

// removeCopy removes the copy that a Compact has left which was killed, unless the store was opened
// as it is. The store is locked: no other Compact is at work.
func removeCopy(cfg Config) error {
	if cfg.AsIs {
		return nil
	}
	return ignoreMissing(os.Remove(copyPath(cfg.Path)))
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
