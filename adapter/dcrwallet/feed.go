package dcrwallet

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	walleterrors "decred.org/dcrwallet/v5/errors"
	"decred.org/dcrwallet/v5/wallet"
	"github.com/decred/dcrd/blockchain/standalone/v2"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// batchBlocks is how many blocks the wallet is switched to in one transaction of its
	// database while it is far behind.
	batchBlocks consensus.Height = 2000

	// nearBlocks is how far behind the wallet may be for new blocks to be scanned one by
	// one. Further behind it is switched in batches, and then discovers and rescans.
	nearBlocks consensus.Height = 16
)

// feed switches the wallet to the main chain of the engine. One goroutine uses it.
type feed struct {
	*session

	// loaded means that the wallet is scanned up to its tip, and that what it watches was
	// loaded: new blocks are scanned as they come.
	loaded bool

	fetching bool // the front end was notified that headers are being fetched
}

func newFeed(r *session) *feed { return &feed{session: r} }

// place is where the wallet's chain meets the main chain of the engine.
type place struct {
	fork     consensus.BlockID // the newest block that both have
	reverted int               // the blocks of the wallet above it
	work     *big.Int          // of these blocks
}

// run follows the engine until ctx ends. The error is one of a file or of the wallet's
// database.
func (f *feed) run(ctx context.Context) error {
	if err := f.showScanned(ctx); err != nil {
		return err
	}
	if err := f.fetchMissingFilters(ctx); err != nil {
		return err
	}
	for st := range f.engine.Changes(ctx, 0) {
		for more := st.Initialised; more && ctx.Err() == nil; {
			var err error
			more, err = f.step(ctx, caughtUp(st))
			switch {
			case errors.Is(err, chain.ErrStale) || errors.Is(err, chain.ErrNotFound):
				more = true // the chain was reorganised meanwhile
			case errors.Is(err, chain.ErrClosed):
				more = false // the engine repairs the store, or stops
			case err != nil && ctx.Err() == nil:
				return fmt.Errorf("feed the wallet: %w", err)
			}
		}
	}
	return nil
}

// showScanned shows the engine how far the wallet was scanned before.
func (f *feed) showScanned(ctx context.Context) error {
	_, height := f.wallet.MainChainTip(ctx)
	point, err := f.wallet.RescanPoint(ctx)
	if err != nil {
		return err
	}
	if point != nil {
		header, err := f.wallet.BlockHeader(ctx, point)
		if err != nil {
			return err
		}
		height = int32(header.Height) - 1
	}
	f.books.reached(consensus.BlockID{Height: consensus.Height(height)})
	return nil
}

// step takes the wallet a step towards the tip of the engine's filters, and reports whether
// there may be another. While the engine is not caught up the wallet is switched by whole
// batches, and never back.
func (f *feed) step(ctx context.Context, caughtUp bool) (more bool, err error) {
	store := f.store()
	if store == nil {
		return false, nil
	}
	tip := store.State().Filters
	at, ok, err := f.find(ctx, store, caughtUp)
	if err != nil || !ok {
		return false, err
	}
	missing := tip.Height - at.fork.Height
	switch {
	case missing <= 0 && caughtUp && !f.loaded && at.reverted == 0:
		return true, f.stale(ctx, store, f.recover(ctx))
	case missing <= 0:
		return false, nil
	case f.loaded && missing <= nearBlocks:
		return f.attach(ctx, store, at, tip.Height)
	case !caughtUp && missing < batchBlocks:
		return false, nil
	}
	return f.fetch(ctx, store, at, tip.Height)
}

// find returns where the wallet's chain meets the engine's. It returns false if the wallet
// has to wait, because the engine may not have the wallet's blocks yet.
func (f *feed) find(ctx context.Context, store *chain.Reader, caughtUp bool) (at place, ok bool, err error) {
	at.work = new(big.Int)
	hash, _ := f.wallet.MainChainTip(ctx)
	for {
		height, err := store.HeightOf(hash)
		if err == nil {
			at.fork = consensus.BlockID{Height: height, Hash: hash}
			return at, true, nil
		}
		if !errors.Is(err, chain.ErrNotFound) || !caughtUp {
			return at, false, ignore(err, chain.ErrNotFound)
		}
		header, err := f.wallet.BlockHeader(ctx, &hash)
		if err != nil {
			return at, false, err
		}
		at.reverted++
		at.work.Add(at.work, standalone.CalcWork(header.Bits))
		hash = header.PrevBlock
	}
}

// stale returns chain.ErrStale instead of an error that the wallet's chain has caused, because
// the engine has left the wallet's tip meanwhile.
func (f *feed) stale(ctx context.Context, store *chain.Reader, err error) error {
	if !walleterrors.Is(err, walleterrors.NotExist) {
		return err
	}
	hash, _ := f.wallet.MainChainTip(ctx)
	if _, gone := store.HeightOf(hash); errors.Is(gone, chain.ErrNotFound) {
		return chain.ErrStale
	}
	return err
}

// ignore returns an error unless it is of the given kind.
func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// fetch switches the wallet to the next blocks without scanning them.
func (f *feed) fetch(ctx context.Context, store *chain.Reader, at place, tip consensus.Height) (more bool, err error) {
	if !f.fetching {
		f.fetching, f.loaded = true, false
		f.books.reached(consensus.BlockID{Height: at.fork.Height})
		f.notify.plain(f.notify.to.FetchHeadersStarted)
	}
	nodes, err := f.next(store, at, min(tip, at.fork.Height+batchBlocks), tip)
	if err != nil || nodes == nil {
		return false, err
	}
	if _, err := f.switchTo(ctx, nodes); err != nil {
		return false, err
	}
	f.notify.headers(nodes[len(nodes)-1].Header)
	return true, nil
}

// next returns the blocks after a place up to a height, or up to the tip if the wallet
// would refuse fewer. It returns none if the wallet would refuse even these, because they
// have no more work than those that they replace.
func (f *feed) next(store *chain.Reader, at place, to, tip consensus.Height) ([]*wallet.BlockNode, error) {
	nodes, err := readNodes(store, at.fork.Height+1, to)
	if err == nil && to < tip && workOf(nodes).Cmp(at.work) <= 0 {
		nodes, err = readNodes(store, at.fork.Height+1, tip)
	}
	switch {
	case err != nil:
		return nil, err
	case nodes[0].Header.PrevBlock != at.fork.Hash:
		return nil, chain.ErrStale
	case workOf(nodes).Cmp(at.work) <= 0:
		f.cfg.Log.Warn("The wallet keeps its branch until another one has more work",
			"fork", at.fork.Height, "reverted", at.reverted, "blocks", len(nodes))
		return nil, nil
	}
	return nodes, nil
}

// switchTo makes blocks the newest of the wallet's main chain, and returns those that they
// replace.
func (f *feed) switchTo(ctx context.Context, nodes []*wallet.BlockNode) ([]*wallet.BlockNode, error) {
	var forest wallet.SidechainForest
	for _, n := range nodes {
		forest.AddBlockNode(n)
	}
	last := nodes[len(nodes)-1]
	reverted, err := f.wallet.ChainSwitch(ctx, &forest, nodes)
	if err != nil {
		return nil, fmt.Errorf("switch to block %v at height %d: %w", last.Hash, last.Header.Height, err)
	}
	if len(reverted) > 0 {
		f.cfg.Log.Info("Wallet reorganised", "reverted", len(reverted), "tip", last.Header.Height)
	}
	return reverted, nil
}
