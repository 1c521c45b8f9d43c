package spv

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/spv/chain"
)

// Sizes of a scan.
const (
	scanBlocks   = 2000 // blocks in one update for the wallet
	blockFetches = 8    // blocks fetched at a time
)

// scanDone reports whether the wallet is at the tip of the filters.
func (p *pursuit) scanDone() bool {
	return !p.scanning && p.scanned == p.store.State().Filters
}

// scan takes the wallet a step towards the tip, unless a step is under way or
// none is needed.
func (p *pursuit) scan() {
	if p.scanning || p.scanDone() {
		return
	}
	if !p.watching {
		p.scanned = p.store.State().Filters
		return
	}
	p.scanning = true
	locator := p.cfg.Wallet.Locator()
	p.workers.do(func(ctx context.Context) fold {
		u, err := p.store.Since(locator, scanBlocks)
		if err == nil {
			err = p.fill(ctx, &u)
		}
		return func() error { return p.scannedStep(ctx, u, err) }
	})
}

// scannedStep gives the wallet an update whose matching blocks are filled in.
func (p *pursuit) scannedStep(ctx context.Context, u chain.Update, err error) error {
	p.scanning = false
	if err != nil || u.Empty() {
		return err
	}
	grown, err := p.cfg.Wallet.Apply(ctx, u)
	if err != nil {
		return fmt.Errorf("wallet: %w", err)
	}
	if locator := p.cfg.Wallet.Locator(); !grown && len(locator) > 0 {
		p.scanned = locator[0]
	}
	return nil
}

// fill fetches the blocks of an update whose filters match a script of the
// wallet.
func (r *run) fill(ctx context.Context, u *chain.Update) error {
	scripts, _ := r.cfg.Wallet.Scripts()
	if len(scripts) == 0 || len(u.Applied) == 0 {
		return nil
	}
	first := u.Applied[0].Height
	var matched []int
	err := r.store.Scan(first, u.Applied[len(u.Applied)-1].Height,
		func(id chain.BlockID, h *chain.Header, filter []byte) error {
			hit, err := matches(h, filter, scripts)
			if err != nil {
				return fmt.Errorf("match filter of block %d: %w", id.Height, err)
			}
			if hit {
				matched = append(matched, int(id.Height-first))
			}
			return nil
		})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(blockFetches)
	for _, i := range matched {
		group.Go(func() error {
			b := &u.Applied[i]
			msg, err := r.fetchBlock(ctx, b.BlockID, &b.Header)
			b.Msg = msg
			return err
		})
	}
	return group.Wait()
}

// matches reports whether a committed filter matches any of the scripts. An
// empty filter matches none.
func matches(h *chain.Header, filter []byte, scripts [][]byte) (bool, error) {
	if len(filter) == 0 {
		return false, nil
	}
	f, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, filter)
	if err != nil {
		return false, err
	}
	return f.MatchAny(h.FilterKey(), scripts), nil
}
