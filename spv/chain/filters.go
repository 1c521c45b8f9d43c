package chain

import (
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// FilterTargets returns what the filters of up to n blocks of the staged main
// chain are proven against, from a height on. There are fewer where the chain
// ends, or a gap in the filters.
func (c *Chain) FilterTargets(from consensus.Height, n int) ([]consensus.FilterTarget, error) {
	if from < 0 {
		return nil, fmt.Errorf("filter targets from %d: %w", from, ErrNotFound)
	}
	targets := make([]consensus.FilterTarget, 0, max(0, min(n, int(c.tip.Headers.Height-from)+1)))
	end := c.tip.Headers.Height
	if above := &c.tip.Above; above.Any() && (from < above.First || from == c.tip.Filters.Height+1) {
		end = above.First - 1 // the filters after that are there
	}
	for h := from; h <= end && len(targets) < n; h++ {
		header := c.main.At(h)
		if header == nil {
			break
		}
		copied := *header // reading the hash may replace what header points to
		targets = append(targets, consensus.TargetOf(c.params, consensus.BlockID{Height: h, Hash: c.main.hash(h)}, &copied))
	}
	if err := c.main.failed(); err != nil {
		return nil, fmt.Errorf("filter targets from %d: %w", from, err)
	}
	return targets, nil
}

// FilterTargetsOf is FilterTargets of the blocks from one to another, both included, at
// most 100. ErrNotFound says that they are not on the staged main chain in this order, or
// are more.
func (c *Chain) FilterTargetsOf(first, last chainhash.Hash) ([]consensus.FilterTarget, error) {
	from, err := c.mainHeight(&first)
	if err != nil {
		return nil, fmt.Errorf("filter targets from %v: %w", first, err)
	}
	targets, err := c.FilterTargets(from, wire.MaxCFiltersV2PerBatch)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(targets, func(t consensus.FilterTarget) bool { return t.Hash == last })
	if i < 0 {
		return nil, fmt.Errorf("filter targets from %d to %v: %w", from, last, ErrNotFound)
	}
	return targets[:i+1], nil
}

// AddFilters stages filters. The first must be that of the block after
// Staged().Filters. ErrStale says that it is not, or that their blocks are no
// longer all on the main chain: nothing was staged. The batch is kept until
// the next flush.
//
// The filters below DCP0005 are proven all together once they are there, and the one
// after them too: then the state says whether they are what the network is known to have,
// and if not, the caller decides whether to keep them. See [Chain.DropFilters].
func (c *Chain) AddFilters(b *consensus.FilterBatch) error {
	if b.Len() == 0 {
		return nil
	}
	// If the last block is on the main chain, so are those before it.
	over := c.tip.Above.Any() && b.Last().Height >= c.tip.Above.First
	if over || b.First().Height != c.tip.Filters.Height+1 || !c.main.has(b.Last()) {
		if err := c.main.failed(); err != nil {
			return fmt.Errorf("add filters: %w", err)
		}
		return fmt.Errorf("add filters %d to %d after %d: %w", b.First().Height, b.Last().Height, c.tip.Filters.Height, ErrStale)
	}
	if err := c.catchUpEarly(); err != nil {
		return fmt.Errorf("add filters: %w", err)
	}
	for i := range b.Len() {
		filter := b.Filter(i)
		c.filters = append(c.filters, filter)
		c.filterBytes += len(filter)
	}
	c.tip.Filters = b.Last()
	c.early.Add(b, c.tip.Floor)
	return nil
}

// DropFilters takes back the staged filters above a height of the main chain, but not those
// above a gap.
func (c *Chain) DropFilters(above consensus.Height) error {
	if above < 0 || above >= c.tip.Filters.Height {
		return nil
	}
	to := consensus.BlockID{Height: above, Hash: c.main.hash(above)}
	if err := c.main.failed(); err != nil {
		return fmt.Errorf("drop filters above %d: %w", above, err)
	}
	c.rewindFilters(to)
	return nil
}

// EarlyFilters calls fn with the staged filters below DCP0005 from a height on, in order,
// as far as they are there. What it gets is valid only until it returns.
func (c *Chain) EarlyFilters(from consensus.Height, fn func(h consensus.Height, filter []byte)) error {
	end := min(c.tip.Filters.Height+1, c.params.DCP0005)
	onDisk := min(c.keepFilters, end-1)
	err := c.store.View("read early filters", func(tx *store.Txn) error {
		b, err := store.RowsOf(tx, store.BucketFilters)
		if err != nil {
			return err
		}
		var row store.FilterRow
		for h := from; h <= onDisk; h = row.End() {
			if err := row.Read(b, h); err != nil {
				return store.Missing(err, "filter %d", h)
			}
			for i := h; i <= min(row.End()-1, onDisk); i++ {
				fn(i, row.Filters[i-row.First])
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for h := max(from, c.keepFilters+1); h < end; h++ {
		fn(h, c.filters[h-c.keepFilters-1])
	}
	return nil
}

// filterAtDCP0005 returns the filter on disk of the block at DCP0005.
func (c *Chain) filterAtDCP0005(tx *store.Txn) ([]byte, error) {
	active := c.params.DCP0005
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return nil, err
	}
	var row store.FilterRow
	if err := row.Read(b, active); err != nil {
		return nil, store.Missing(err, "filter %d", active)
	}
	return row.Filters[active-row.First], nil
}

// catchUpEarly makes the hash over the early filters go exactly as far as these do.
func (c *Chain) catchUpEarly() error {
	return c.early.CatchUp(c.tip.Filters.Height, func(fn func(filter []byte)) error {
		return c.EarlyFilters(0, func(_ consensus.Height, filter []byte) { fn(filter) })
	})
}
