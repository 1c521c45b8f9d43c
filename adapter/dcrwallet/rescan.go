package dcrwallet

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"decred.org/dcrwallet/v5/errors"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/match"
)

// blocksAhead is how many blocks are requested at a time.
const blocksAhead = 32

// filterRow is a filter to be matched.
type filterRow struct {
	key    [16]byte
	filter []byte
}

// Rescan matches the filters of blocks of the wallet's main chain, in the order of the
// chain, and calls save with the transactions of each block that concern the wallet. The
// error is one of save or of ctx, or of the kind errors.NotExist for a block that the engine
// does not have.
func (s *Syncer) Rescan(ctx context.Context, blocks []chainhash.Hash, save func(*chainhash.Hash, []*wire.MsgTx) error) error {
	const op errors.Op = "dcrwallet.Rescan"
	r, ctx, done, err := s.request(ctx)
	if err != nil {
		return errors.E(op, err)
	}
	defer done()
	if len(blocks) == 0 {
		return nil
	}
	rows, err := r.filtersOf(ctx, blocks)
	if err != nil {
		return errors.E(op, err)
	}
	hits, err := matchAll(ctx, rows, s.watch.matched())
	if err != nil {
		return errors.E(op, err)
	}
	var found []chainhash.Hash
	for i, hit := range hits {
		if hit {
			found = append(found, blocks[i])
		}
	}
	err = r.eachBlock(ctx, found, func(i int, b *wire.MsgBlock) error {
		txs := s.watch.inBlock(b)
		if len(txs) == 0 {
			return nil
		}
		return save(&found[i], txs)
	})
	if err != nil {
		return errors.E(op, err)
	}
	return nil
}

// filtersOf returns the filters of blocks. A run of the main chain is read in one scan.
func (r *session) filtersOf(ctx context.Context, blocks []chainhash.Hash) ([]filterRow, error) {
	first, err := r.locate(ctx, blocks[0])
	if err != nil {
		return nil, err
	}
	store := r.store()
	if store == nil {
		return nil, errors.E(errors.NotExist, "the chain store is closed")
	}
	rows := make([]filterRow, 0, len(blocks))
	last := first + consensus.Height(len(blocks)) - 1
	err = store.Scan(first, last, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		if id.Hash != blocks[len(rows)] {
			return chain.ErrStale
		}
		rows = append(rows, filterRow{h.FilterKey(), slices.Clone(filter)})
		return nil
	})
	if err != nil {
		return nil, errors.E(errors.NotExist, fmt.Errorf("filters of blocks %d to %d: %w", first, last, err))
	}
	return rows, nil
}

// matchAll matches filters on all processors, and returns which of them match.
func matchAll(ctx context.Context, rows []filterRow, set *match.Set) ([]bool, error) {
	hits := make([]bool, len(rows))
	var g errgroup.Group
	part := (len(rows) + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0)
	for from := 0; from < len(rows); from += part {
		g.Go(func() error {
			var m match.Matcher
			for i := from; i < min(from+part, len(rows)); i++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				hit, err := m.Any(rows[i].key, rows[i].filter, set)
				if err != nil {
					return err
				}
				hits[i] = hit
			}
			return nil
		})
	}
	return hits, g.Wait()
}

// eachBlock fetches blocks, several at a time, and calls do with each in their order.
func (r *session) eachBlock(ctx context.Context, hashes []chainhash.Hash, do func(i int, b *wire.MsgBlock) error) error {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	type reply struct {
		block *wire.MsgBlock
		err   error
	}
	var open []chan reply
	for i := range hashes {
		for next := i + len(open); next < len(hashes) && len(open) < blocksAhead; next++ {
			c := make(chan reply, 1)
			open = append(open, c)
			wg.Go(func() {
				b, err := r.block(ctx, hashes[next])
				c <- reply{b, err}
			})
		}
		got := <-open[0]
		open = open[1:]
		if got.err == nil {
			got.err = do(i, got.block)
		}
		if got.err != nil {
			return got.err
		}
	}
	return nil
}
