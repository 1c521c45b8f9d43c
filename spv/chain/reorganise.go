package chain

import "slices"

// reorganise makes a side branch the main chain. The old one stays known, as
// far as there is room, so that it can win again.
func (c *Chain) reorganise(view *sideView) (*Reorganisation, error) {
	r := &Reorganisation{
		Fork: BlockID{view.fork, c.main.hash(view.fork)},
		From: c.tip.headers,
		To:   BlockID{view.tip(), view.path[len(view.path)-1].hash},
	}
	old := c.revert(r)
	if err := c.main.failed(); err != nil {
		return nil, err
	}
	work := c.main.work(view.fork)
	if err := c.main.failed(); err != nil {
		return nil, err
	}
	c.rewind(r.Fork)
	c.tip.work = work
	for _, h := range view.path {
		c.push(&h.Header, h.hash)
		c.side.drop(h.hash)
	}
	c.side.insert(old, nil, nobody)
	return r, nil
}

// tidySide drops the side branches that a reorganisation has left hanging in
// the air: those on top of old blocks for which there was no room.
func (c *Chain) tidySide() error {
	c.side.prune(c.onMain)
	return c.main.failed()
}

// revert lists the blocks above the fork, and returns the oldest of their
// headers, as many as a source may have.
func (c *Chain) revert(r *Reorganisation) []*sideHeader {
	var old []*sideHeader
	for h := r.Fork.Height + 1; h <= r.From.Height; h++ {
		header := c.main.At(h)
		if header == nil {
			return nil
		}
		hash := c.main.hash(h)
		r.Reverted = append(r.Reverted, BlockID{h, hash})
		if len(old) < c.side.maxPerSource {
			old = append(old, &sideHeader{Header: *header, hash: hash, work: c.main.work(h), source: nobody})
		}
	}
	slices.Reverse(r.Reverted)
	return old
}

// rewind takes the main chain back to a block, whose work the caller sets.
func (c *Chain) rewind(to BlockID) {
	c.tip.headers = to
	c.window.cut(to.Height + 1)
	c.keep = min(c.keep, to.Height)
	if c.tip.filters.Height > to.Height {
		c.rewindFilters(to)
	}
}

// rewindFilters drops the filters above a block.
func (c *Chain) rewindFilters(to BlockID) {
	c.tip.filters = to
	staged := max(int(to.Height-c.keepFilters), 0)
	for _, f := range c.filters[min(staged, len(c.filters)):] {
		c.filterBytes -= len(f)
	}
	c.filters = c.filters[:min(staged, len(c.filters))]
	c.keepFilters = min(c.keepFilters, to.Height)
}
