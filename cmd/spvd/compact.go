package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/spv/chain"
)

// compactStore gives back the room that the chain store of the network does not use, instead of
// running a daemon, and writes one line with the sizes before and after. Its error is one line for
// the user; the store is as it was then.
func compactStore(ctx context.Context, cfg *settings.Config, stdout io.Writer) (err error) {
	name := filepath.Join(cfg.NetDir(), spvd.ChainFile)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no chain store at %s to compact: choose another directory with --appdata", name)
	}
	params, err := networkParams(cfg)
	if err != nil {
		return err
	}
	held, err := takeLock(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Release()) }()
	before, after, err := chain.Compact(ctx, chain.Config{Path: name, Params: params})
	switch {
	case errors.Is(err, chain.ErrCorrupt):
		return fmt.Errorf("%w: nothing was changed; run spvd --checkdb", err)
	case err != nil:
		return fmt.Errorf("%w: nothing was changed; the copy needs about as much room as the file has in use", err)
	}
	fmt.Fprintf(stdout, "spvd: %s is compacted: %d bytes before, %d bytes after\n", name, before, after)
	return nil
}
