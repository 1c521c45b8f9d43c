package chain

import "fmt"

// FilterTargets returns what the filters of up to n blocks of the staged main
// chain are proven against, from a height on. There are fewer where the chain
// ends.
func (c *Chain) FilterTargets(from Height, n int) ([]FilterTarget, error) {
	if from < 0 {
		return nil, fmt.Errorf("filter targets from %d: %w", from, ErrNotFound)
	}
	var targets []FilterTarget
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
	for i := range b.Len() {
		filter := b.Filter(i)
		c.filters = append(c.filters, filter)
		c.filterBytes += len(filter)
	}
	c.tip.filters = b.last
	return nil
}
