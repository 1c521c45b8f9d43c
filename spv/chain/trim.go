package chain

import "slices"

// Trim gives up the memory that is kept for writes as large as those of a first sync. It
// is for the goroutine that writes, when from now on only single blocks are expected.
func (c *Chain) Trim() {
	c.rows = nil
	c.filters = slices.Clip(slices.Clone(c.filters))
	c.main.rows = nil
	c.window.Trim()
}
