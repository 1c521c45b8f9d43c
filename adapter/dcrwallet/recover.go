package dcrwallet

import (
	"context"
	"fmt"

	"decred.org/dcrwallet/v5/errors"
	"decred.org/dcrwallet/v5/wallet"
	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// fetchMissingFilters has a wallet that an old version has written fetch the filters that it
// lacks.
func (f *feed) fetchMissingFilters(ctx context.Context) error {
	f.notify.plain(f.notify.to.FetchMissingCFiltersStarted)
	progress := make(chan wallet.MissingCFilterProgress, 1)
	fetching := start(func() {}, func(ctx context.Context) error {
		f.wallet.FetchMissingCFiltersWithProgress(ctx, f.syncer, progress)
		return nil
	})
	defer context.AfterFunc(ctx, fetching.stop)()
	var failed error
	for p := range progress {
		if p.Err != nil {
			failed = p.Err
			continue
		}
		f.notify.missingFilters(p.BlockHeightStart, p.BlockHeightEnd)
	}
	_ = fetching.finish() // it has closed the channel
	if failed != nil {
		return fmt.Errorf("fetch missing filters: %w", failed)
	}
	f.notify.plain(f.notify.to.FetchMissingCFiltersFinished)
	return nil
}

// recover completes a wallet at the tip of the chain: it has the wallet discover accounts
// and addresses in the blocks that were not scanned and rescan them, and loads what the
// wallet watches.
func (f *feed) recover(ctx context.Context) error {
	if f.fetching {
		f.fetching = false
		f.notify.plain(f.notify.to.FetchHeadersFinished)
	}
	point, err := f.wallet.RescanPoint(ctx)
	if err != nil {
		return err
	}
	if point != nil {
		f.notify.plain(f.notify.to.DiscoverAddressesStarted)
		if err := f.discover(ctx, point); err != nil {
			return fmt.Errorf("discover addresses: %w", err)
		}
		f.notify.plain(f.notify.to.DiscoverAddressesFinished)
	}
	if err := f.wallet.LoadActiveDataFilters(ctx, f.syncer, true); err != nil {
		return fmt.Errorf("load what the wallet watches: %w", err)
	}
	if point != nil {
		header, err := f.wallet.BlockHeader(ctx, point)
		if err != nil {
			return err
		}
		if err := f.rescan(ctx, int32(header.Height)); err != nil {
			return fmt.Errorf("rescan from height %d: %w", header.Height, err)
		}
	}
	hash, height := f.wallet.MainChainTip(ctx)
	f.loaded = true
	f.books.listen()
	f.books.reached(consensus.BlockID{Height: consensus.Height(height), Hash: hash})
	return nil
}

// discover has the wallet discover its addresses from a block on, and its accounts if it is
// unlocked.
func (f *feed) discover(ctx context.Context, from *chainhash.Hash) error {
	accounts := f.syncer.discoverAccounts() && !f.wallet.Locked()
	err := f.wallet.DiscoverActiveAddresses(ctx, f.syncer, from, accounts, f.wallet.GapLimit())
	if accounts && errors.Is(err, errors.Locked) { // since it was asked
		err = f.wallet.DiscoverActiveAddresses(ctx, f.syncer, from, false, f.wallet.GapLimit())
	}
	return err
}

// rescan rescans the wallet's blocks from a height on.
func (f *feed) rescan(ctx context.Context, from int32) error {
	f.notify.plain(f.notify.to.RescanStarted)
	progress := make(chan wallet.RescanProgress, 1)
	scanning := start(func() {}, func(ctx context.Context) error {
		f.wallet.RescanProgressFromHeight(ctx, f.syncer, from, progress)
		return nil
	})
	defer context.AfterFunc(ctx, scanning.stop)()
	var failed error
	for p := range progress {
		if p.Err != nil {
			failed = p.Err
			continue
		}
		f.books.reached(consensus.BlockID{Height: consensus.Height(p.ScannedThrough)})
		f.notify.rescanned(p.ScannedThrough)
	}
	_ = scanning.finish() // it has closed the channel
	if failed == nil {
		f.notify.plain(f.notify.to.RescanFinished)
	}
	return failed
}
