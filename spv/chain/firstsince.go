package chain

import (
	"fmt"
	"sort"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// FirstSince returns the lowest height of the staged main chain whose block has a median time,
// that of the eleven blocks up to it, at or after a time: consensus.Never if none has. Median
// times never fall. A block by itself may be up to two hours, the limit of the rules, and half
// of eleven blocks ahead of that.
func (c *Chain) FirstSince(t time.Time) (consensus.Height, error) {
	tip := c.tip.Headers.Height
	reached := func(h consensus.Height) bool { return consensus.MedianTime(&c.main, h) >= t.Unix() }
	if !reached(tip) {
		return consensus.Never, c.sinceFailed(t)
	}
	h := consensus.Height(sort.Search(int(tip), func(h int) bool { return reached(consensus.Height(h)) }))
	return h, c.sinceFailed(t)
}

// sinceFailed returns the error of a read that FirstSince has made.
func (c *Chain) sinceFailed(t time.Time) error {
	if err := c.main.failed(); err != nil {
		return fmt.Errorf("find the first block since %v: %w", t.UTC(), err)
	}
	return nil
}
