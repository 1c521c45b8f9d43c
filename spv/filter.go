package spv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// ErrUnprovable says that a filter is not kept, and that no peer can be asked for it: it is one of
// those below DCP0005, which are proven all together only.
var ErrUnprovable = errors.New("the filter is not kept, and cannot be proven by itself")

// Pauses before a filter is requested again.
const (
	filterPause    = 50 * time.Millisecond
	maxFilterPause = 3 * time.Second
)

// Filter returns the committed filter of a block of the main chain: that of the store, or if the
// store does not keep it, one that is fetched from the peers and proven by the header. It tries one
// peer after the other until one has sent the filter or ctx ends; without peers it waits for some.
// The error is chain.ErrNotFound for the hash of any other block, and for one whose filter is yet
// to be fetched by the sync, ErrUnprovable, or the cause of the end of ctx.
func (s *Syncer) Filter(ctx context.Context, hash chainhash.Hash) ([]byte, error) {
	store, err := s.Chain()
	if err != nil {
		return nil, err
	}
	id, header, err := headerOf(store, hash)
	if err != nil {
		return nil, err
	}
	filter, err := storedFilter(store, id)
	if !errors.Is(err, chain.ErrBelowFloor) {
		return filter, err
	}
	switch {
	case id.Height == 0: // peers are not asked for what is known
		return consensus.GenesisFilter(s.cfg.Params)
	case id.Height < s.cfg.Params.DCP0005:
		return nil, fmt.Errorf("filter %d: %w", id.Height, ErrUnprovable)
	}
	return s.fetchFilter(ctx, consensus.TargetOf(s.cfg.Params, id, &header))
}

// storedFilter reads the filter of a block from a store. ErrBelowFloor says that it is to be
// fetched.
func storedFilter(store *chain.Reader, id consensus.BlockID) ([]byte, error) {
	filter, err := store.Filter(id.Height)
	if st := store.State(); errors.Is(err, chain.ErrNotFound) && st.Above.Any() && id.Height < st.Above.First {
		err = chain.ErrBelowFloor // it is above the floor only since an import
	}
	if err != nil {
		return nil, err
	}
	if hash, err := store.Hash(id.Height); err != nil || hash != id.Hash { // it has left the chain
		return nil, errors.Join(err, chain.ErrNotFound)
	}
	return filter, nil
}

// fetchFilter fetches a filter and proves it. A peer that sends another one is accused.
func (s *Syncer) fetchFilter(ctx context.Context, target consensus.FilterTarget) ([]byte, error) {
	targets := []consensus.FilterTarget{target}
	most := consensus.MaxFiltersPayload(s.cfg.Params, targets)
	var avoid []p2p.PeerID
	for tries := 0; ; tries++ {
		if tries > 0 {
			if wait.For(ctx, min(filterPause<<min(tries, 10), maxFilterPause)) != nil {
				return nil, context.Cause(ctx)
			}
			if err := s.known(target.BlockID); err != nil {
				return nil, err
			}
		}
		payload, from, err := s.cfg.Peers.CFilters(ctx, avoid, target.Hash, target.Hash, most)
		var batch *consensus.FilterBatch
		if err == nil {
			batch, err = defect.Contain(from, func() (*consensus.FilterBatch, error) {
				return consensus.ProveFilters(s.cfg.Params, targets, payload)
			})
		}
		var broken *consensus.RuleError
		switch {
		case err == nil:
			return slices.Clone(batch.Filter(0)), nil
		case s.defects.Report(err):
		case errors.As(err, &broken) && broken.Rule.Proven():
			s.cfg.Peers.Accuse(from, broken)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s.cfg.Log.Debug("No filter", "height", target.Height, "peer", from, "err", err)
		if from != 0 && !slices.Contains(avoid, from) {
			avoid = append(avoid, from)
		}
	}
}
