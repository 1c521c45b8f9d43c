package dcrwallet

import (
	"context"
	stderrors "errors"
	"slices"

	"decred.org/dcrwallet/v5/errors"
	"decred.org/dcrwallet/v5/wallet"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

var _ wallet.NetworkBackend = (*Syncer)(nil)

// String names the backend in the errors of the wallet.
func (s *Syncer) String() string { return "dcrwallet.Syncer" }

// request begins a request of the wallet: it returns the session, and a context that ends
// with ctx or the session. done must be called.
func (s *Syncer) request(ctx context.Context) (r *session, inner context.Context, done context.CancelFunc, err error) {
	r, err = s.running()
	if err != nil {
		return nil, nil, nil, err
	}
	inner, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(r.ended, cancel)
	return r, inner, func() { unlink(); cancel() }, nil
}

// locate returns the height of a block of the main chain whose filter is there. It waits
// until the engine has the block, or has caught up without it: then the error is of the kind
// errors.NotExist.
func (r *session) locate(ctx context.Context, hash chainhash.Hash) (consensus.Height, error) {
	for st := range r.engine.Changes(ctx, 0) {
		store := r.store()
		if store == nil {
			continue
		}
		height, err := store.HeightOf(hash)
		switch {
		case err == nil && height <= store.State().Filters.Height:
			return height, nil
		case err != nil && !stderrors.Is(err, chain.ErrNotFound) && !stderrors.Is(err, chain.ErrClosed):
			return 0, err
		case err != nil && caughtUp(st):
			return 0, errors.E(errors.NotExist, "block is not on the main chain: "+hash.String())
		}
	}
	return 0, context.Cause(ctx)
}

// block fetches a block of the main chain, or one that has left it lately. It waits until
// the engine has the header.
func (r *session) block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	for st := range r.engine.Changes(ctx, 0) {
		b, err := r.engine.Block(ctx, hash)
		switch {
		case err == nil:
			return b, nil
		case stderrors.Is(err, spv.ErrNotInitialised) || stderrors.Is(err, chain.ErrClosed):
			continue
		case !stderrors.Is(err, chain.ErrNotFound):
			return nil, err
		case caughtUp(st):
			return nil, errors.E(errors.NotExist, "block is on no branch that is known: "+hash.String())
		}
	}
	return nil, context.Cause(ctx)
}

// Blocks fetches blocks of the main chain, or that have left it lately, from the peers, and
// checks that they belong to their headers. It waits until the engine has the headers. The
// error is of the kind errors.NotExist for any other block.
func (s *Syncer) Blocks(ctx context.Context, hashes []*chainhash.Hash) ([]*wire.MsgBlock, error) {
	const op errors.Op = "dcrwallet.Blocks"
	r, ctx, done, err := s.request(ctx)
	if err != nil {
		return nil, errors.E(op, err)
	}
	defer done()
	wanted := make([]chainhash.Hash, len(hashes))
	for i, hash := range hashes {
		wanted[i] = *hash
	}
	blocks := make([]*wire.MsgBlock, 0, len(hashes))
	err = r.eachBlock(ctx, wanted, func(_ int, b *wire.MsgBlock) error {
		blocks = append(blocks, b)
		return nil
	})
	if err != nil {
		return nil, errors.E(op, err)
	}
	return blocks, nil
}

// CFiltersV2 returns the committed filters of blocks of the main chain, with proofs. It waits
// until the engine has them. The error is of the kind errors.NotExist for any other block.
func (s *Syncer) CFiltersV2(ctx context.Context, hashes []*chainhash.Hash) ([]wallet.FilterProof, error) {
	const op errors.Op = "dcrwallet.CFiltersV2"
	r, ctx, done, err := s.request(ctx)
	if err != nil {
		return nil, errors.E(op, err)
	}
	defer done()
	proofs := make([]wallet.FilterProof, 0, len(hashes))
	for _, hash := range hashes {
		height, err := r.locate(ctx, *hash)
		if err != nil {
			return nil, errors.E(op, err)
		}
		proof, err := r.filter(height, *hash)
		if err != nil {
			return nil, errors.E(op, err)
		}
		proofs = append(proofs, proof)
	}
	return proofs, nil
}

// filter returns a filter with its proof. A header commits to nothing but its filter
// (DCP0005), so the proof is that of the only leaf.
func (r *session) filter(height consensus.Height, hash chainhash.Hash) (p wallet.FilterProof, err error) {
	store, err := r.engine.Chain()
	if err != nil {
		return p, err
	}
	filter, err := store.Filter(height)
	if err != nil {
		return p, err
	}
	if now, err := store.Hash(height); err != nil || now != hash {
		return p, errors.E(errors.NotExist, "block has left the main chain: "+hash.String())
	}
	p.Filter, err = decodeFilter(slices.Clone(filter))
	return p, err
}

// LoadTxFilter adds addresses and outputs to what is scanned for, after it has forgotten
// everything if reload is set. It returns no error.
func (s *Syncer) LoadTxFilter(_ context.Context, reload bool, addrs []stdaddr.Address, outpoints []wire.OutPoint) error {
	s.watch.load(reload, addrs, outpoints)
	return nil
}

// StakeDifficulty fails: the wire does not offer it. The wallet derives the price of tickets
// from headers.
func (s *Syncer) StakeDifficulty(context.Context) (dcrutil.Amount, error) {
	return 0, errors.E(errors.Op("dcrwallet.StakeDifficulty"), errors.Invalid, "stake difficulty is not queryable over the wire protocol")
}

// Synced reports whether the wallet has all blocks that a connected peer has shown. It also
// returns the height of the wallet if so, and otherwise the height that it syncs to.
func (s *Syncer) Synced(ctx context.Context) (synced bool, height int32) {
	if s.synced.Load() {
		_, height = s.wallet.MainChainTip(ctx)
		return true, height
	}
	r, err := s.running()
	if err != nil {
		return false, 0
	}
	st := r.engine.Status()
	return false, int32(max(st.Best, st.Tip.Height))
}

// WrapContext returns a context that ends with ctx or when Run returns. The function must be
// called.
func (s *Syncer) WrapContext(ctx context.Context) (context.Context, context.CancelFunc) {
	_, inner, done, err := s.request(ctx)
	if err != nil {
		inner, done = context.WithCancel(ctx)
		done()
	}
	return inner, done
}
