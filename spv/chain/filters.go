package chain

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// FilterTargets returns what the filters of up to n blocks of the staged main
// chain are proven against, from a height on. There are fewer where the chain
// ends.
func (c *Chain) FilterTargets(from Height, n int) ([]FilterTarget, error) {
	if from < 0 {
		return nil, fmt.Errorf("filter targets from %d: %w", from, ErrNotFound)
	}
	targets := make([]FilterTarget, 0, max(0, min(n, int(c.tip.headers.Height-from)+1)))
	for h := from; h <= c.tip.headers.Height && len(targets) < n; h++ {
		header := c.main.At(h)
		if header == nil {
			break
		}
		root := header.StakeRoot()
		targets = append(targets, FilterTarget{BlockID{h, c.main.hash(h)}, root})
	}
	if err := c.main.failed(); err != nil {
		return nil, fmt.Errorf("filter targets from %d: %w", from, err)
	}
	return targets, nil
}

// AddFilters stages filters. The first must be that of the block after
// Staged().Filters. ErrStale says that it is not, or that their blocks are no
// longer all on the main chain: nothing was staged. The batch is kept until
// the next flush.
//
// With the last filter below DCP0005 all of these are proven together. A
// [*RuleError] says that they are not what the network has: some of them is
// wrong, and so all are dropped but that of the genesis block.
func (c *Chain) AddFilters(b *FilterBatch) error {
	if b.Len() == 0 {
		return nil
	}
	// If the last block is on the main chain, so are those before it.
	if b.First().Height != c.tip.filters.Height+1 || !c.onMain(b.last) {
		if err := c.main.failed(); err != nil {
			return fmt.Errorf("add filters: %w", err)
		}
		return fmt.Errorf("add filters %d to %d after %d: %w", b.First().Height, b.last.Height, c.tip.filters.Height, ErrStale)
	}
	if err := c.catchUpEarly(); err != nil {
		return fmt.Errorf("add filters: %w", err)
	}
	for i := range b.Len() {
		filter := b.Filter(i)
		c.filters = append(c.filters, filter)
		c.filterBytes += len(filter)
	}
	c.tip.filters = b.last
	if err := c.proveEarly(b); err != nil {
		return fmt.Errorf("add filters: %w", err)
	}
	return nil
}

// proveEarly hashes the filters of a batch that are below DCP0005, and proves
// all of these when they are complete.
func (c *Chain) proveEarly(b *FilterBatch) error {
	if b.First().Height >= c.params.DCP0005 {
		return nil
	}
	for i := 0; i < b.Len() && c.early.Next() < c.params.DCP0005; i++ {
		c.early.Add(b.Filter(i))
	}
	if c.early.Next() < c.params.DCP0005 {
		return nil
	}
	if err := c.early.Check(c.params); err != nil {
		c.rewindFilters(BlockID{Hash: c.params.GenesisHash})
		return err
	}
	return nil
}

// catchUpEarly makes the hash over the early filters go exactly as far as these
// do. After filters were dropped it has to start again.
func (c *Chain) catchUpEarly() error {
	end := min(c.tip.filters.Height+1, c.params.DCP0005)
	if c.early.Next() <= end {
		return nil
	}
	early := NewEarlyFilterHash()
	err := c.store.view("hash early filters", func(tx *bbolt.Tx) error {
		b, err := bucketOf(tx, bucketFilters)
		if err != nil {
			return err
		}
		var row filterRow
		for last := min(c.keepFilters, end-1); early.Next() <= last; {
			if err := row.read(b, early.Next()); err != nil {
				return missing(err, "filter %d", early.Next())
			}
			for _, f := range row.filters[:min(row.end(), last+1)-row.first] {
				early.Add(f)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for early.Next() < end {
		early.Add(c.filters[early.Next()-c.keepFilters-1])
	}
	c.early = early
	return nil
}
