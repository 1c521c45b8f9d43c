package spv

import (
	"context"
	"errors"
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
	locator := p.cfg.Wallet.Locator()
	if len(locator) == 0 {
		p.lookAtWallet()
		return
	}
	p.scanning = true
	p.workers.do(func(ctx context.Context) fold {
		u, err := p.store.Since(locator, scanBlocks)
		if err != nil {
			return func() error { return err }
		}
		return p.filled(ctx, u)
	})
}

// filled fills in the matching blocks of an update, and returns the fold that
// gives it to the wallet.
func (p *pursuit) filled(ctx context.Context, u chain.Update) fold {
	err := p.fill(ctx, &u)
	return func() error { return p.scannedStep(ctx, u, err) }
}

// scannedStep gives the wallet an update whose matching blocks are filled in.
// When the wallet has come to watch more, the same update is matched again.
func (p *pursuit) scannedStep(ctx context.Context, u chain.Update, err error) error {
	switch {
	case errors.Is(err, chain.ErrStale), errors.Is(err, chain.ErrNotFound): // the next step starts at the fork
	case err != nil:
		return err
	case !u.Empty():
		grown, err := p.cfg.Wallet.Apply(ctx, u)
		if err != nil {
			return fmt.Errorf("wallet: %w", err)
		}
		if grown {
			p.workers.do(func(ctx context.Context) fold { return p.filled(ctx, u) })
			return nil
		}
	}
	p.scanning = false
	p.lookAtWallet()
	return nil
}

// lookAtWallet takes over how far the wallet has got: it may have come to watch
// something, or gone back to search old blocks again. While a step is under way
// it is left alone; the end of the step looks.
func (p *pursuit) lookAtWallet() {
	p.relay.stale = true
	if !p.scanning {
		p.takeScanned()
	}
}

// takeScanned takes over how far the wallet is, or that there is nothing to scan
// for.
func (r *run) takeScanned() {
	r.scanned, r.watching = r.cfg.Wallet.Scanned()
	if !r.watching {
		r.scanned = r.store.State().Filters
	}
}

// lagging reports whether the wallet has more to scan than following brings.
func (p *pursuit) lagging() bool {
	return p.watching && p.store.State().Filters.Height-p.scanned.Height > p.cfg.Behind
}

// fill fetches the blocks of an update whose filters match a script of the
// wallet, but for those that it holds already. It returns chain.ErrStale
// or chain.ErrNotFound when blocks of the update have left the chain.
func (r *run) fill(ctx context.Context, u *chain.Update) error {
	scripts, _ := r.cfg.Wallet.Scripts()
	if len(scripts) == 0 || len(u.Applied) == 0 {
		return nil
	}
	first := u.Applied[0].Height
	var matched []int
	err := r.store.Scan(first, u.Applied[len(u.Applied)-1].Height,
		func(id chain.BlockID, h *chain.Header, filter []byte) error {
			i := int(id.Height - first)
			if id != u.Applied[i].BlockID {
				return chain.ErrStale
			}
			if u.Applied[i].Msg != nil {
				return nil
			}
			hit, err := matches(h, filter, scripts)
			if err != nil {
				return fmt.Errorf("match filter of block %d: %w", id.Height, err)
			}
			if hit {
				matched = append(matched, i)
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
