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
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// checkStore proves the chain store of the network again, instead of running a daemon, and
// writes one line if it is sound. It creates and repairs nothing. Its error is one line for
// the user: what is wrong, where, and what to do.
func checkStore(ctx context.Context, cfg *settings.Config, stdout io.Writer) (err error) {
	name := filepath.Join(cfg.NetDir(), spvd.ChainFile)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no chain store at %s to check: start spvd, which makes one, or choose another directory with --appdata", name)
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

	store, err := chain.Open(chain.Config{Path: name, Params: params, AsIs: true})
	if errors.Is(err, chain.ErrCorrupt) {
		return fmt.Errorf("%w: start spvd, which keeps what can be proven, or moves the file aside, and fetches the rest", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	err = store.Check(ctx)
	switch {
	case errors.Is(err, chain.ErrCorrupt):
		return fmt.Errorf("%w: move the file away and start spvd, which fetches the chain again", err)
	case err != nil:
		return err
	}
	state := store.State()
	unproven := ""
	if state.Filters.Height >= params.DCP0005 && !state.EarlyProven {
		unproven = fmt.Sprintf("; those below %d are whole but unproven: they do not hash to the known value", params.DCP0005)
	}
	fmt.Fprintf(stdout, "spvd: %s is sound: checked all headers up to %d and all filters up to %d%s\n",
		name, state.Tip.Height, state.Filters.Height, unproven)
	return checkWallets(ctx, cfg, params, stdout)
}

// checkWallets compares the rows of each wallet with its transactions, and writes a line for
// each sound one. The error names all others, and what to do for each.
func checkWallets(ctx context.Context, cfg *settings.Config, params *consensus.Params, stdout io.Writer) error {
	all := wallet.NewSet(wallet.SetConfig{Dir: filepath.Join(cfg.NetDir(), spvd.WalletDir), Params: params})
	list, err := all.List()
	if err != nil {
		return err
	}
	var found []error
	for _, l := range list {
		w, err := all.Open(l.Name)
		if err != nil {
			found = append(found, fmt.Errorf("wallet %s: %w: no rescan heals this", l.Name, err))
			continue
		}
		switch err := w.Check(ctx); {
		case ctx.Err() != nil:
		case err != nil:
			found = append(found, remedy(l.Name, err))
		default:
			status, searching := w.Status(), ""
			if status.Scanned.Height < status.Tip.Height {
				searching = "; blocks are still to be searched again, check once more after that"
			}
			fmt.Fprintf(stdout, "spvd: wallet %s is sound up to block %d%s\n", l.Name, status.Tip.Height, searching)
		}
		if err := errors.Join(context.Cause(ctx), all.CloseWallet(l.Name)); err != nil {
			return err
		}
	}
	return errors.Join(found...)
}

// remedy returns what is damaged in a wallet, and what to do about it.
func remedy(name string, err error) error {
	var damage *wallet.Repairable
	if errors.As(err, &damage) {
		return fmt.Errorf("wallet %s: %w: a rescan heals this: start spvd and run spvctl -w %s rescan --from %d", name, damage, name, damage.From)
	}
	return fmt.Errorf("wallet %s: %w: no rescan heals this", name, err)
}
