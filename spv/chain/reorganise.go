package chain

import (
	"slices"

	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// reorganise makes a side branch the main chain. The old one stays known, as
// far as there is room, so that it can win again.
func (c *Chain) reorganise(view *sideView) (*Reorganisation, error) {
	fork := c.main.At(view.fork)
	r := &Reorganisation{Fork: consensus.BlockID{Height: view.fork, Hash: c.main.hash(view.fork)}, From: c.tip.Headers}
	work := c.main.work(view.fork)
	old := c.revert(r)
	if err := c.main.failed(); err != nil {
		return nil, err
	}
	c.rewind(r.Fork, recent.Link{Header: *fork, Work: work})
	for _, h := range view.path {
		c.push(&h.Header, h.Hash)
		c.side.Drop(h.Hash)
	}
	c.side.Insert(old, nil, sidetree.NoSource)
	c.long.TakenBack(view.fork)
	r.To = c.tip.Headers
	return r, nil
}

// tidySide drops the side branches that a reorganisation has left hanging in
// the air: those on top of old blocks for which there was no room.
func (c *Chain) tidySide() error {
	c.side.Prune(c.main.has)
	return c.main.failed()
}

// revert lists the blocks above the fork, and returns the oldest of their
// headers, as many as a source may have, and none from a block on that contradicts a
// waypoint.
func (c *Chain) revert(r *Reorganisation) []*sidetree.Header {
	var old []*sidetree.Header
	refused := c.waypoints.FirstContradicted(r.Fork.Height)
	for h := r.Fork.Height + 1; h <= r.From.Height; h++ {
		header := c.main.At(h)
		if header == nil {
			return nil
		}
		hash := c.main.hash(h)
		r.Reverted = append(r.Reverted, consensus.BlockID{Height: h, Hash: hash})
		c.leave(header, hash)
		if len(old) < c.side.PerSource() && h < refused {
			old = append(old, &sidetree.Header{Header: *header, Hash: hash, Work: c.main.work(h), Source: sidetree.NoSource})
		}
	}
	slices.Reverse(r.Reverted)
	return old
}

// rewind takes the main chain back to a block.
func (c *Chain) rewind(to consensus.BlockID, tip recent.Link) {
	c.tip.Headers, c.tip.Work = to, tip.Work
	c.keep = min(c.keep, to.Height)
	c.writing.takeBack(to.Height)
	c.waypoints.TakenBack(to.Height)
	c.window.Cut(to.Height + 1)
	if c.window.At(to.Height) == nil { // the tip is always in the window
		c.window.Cut(to.Height)
		c.window.Push(&tip.Header, &tip.Work, c.keep)
	}
	c.rewindAbove(to)
	if c.tip.Filters.Height > to.Height {
		c.rewindFilters(to)
	}
}

// rewindFilters drops the filters above a block. Below the floor there are none to go back to:
// then the floor is the next block. If early filters would be missing for their proof, all are
// dropped.
func (c *Chain) rewindFilters(to consensus.BlockID) {
	active := c.params.DCP0005
	if c.tip.Floor > 0 && to.Height < active-1 {
		c.restartFilters()
		return
	}
	c.tip.Filters = to
	c.tip.Floor = min(c.tip.Floor, to.Height+1)
	c.early.TakenBack(to.Height, c.tip.Floor)
	c.writing.takeBackFilters(to.Height)
	c.filters = c.filters[:min(max(int(to.Height-c.keepFilters), 0), len(c.filters))]
	c.keepFilters = min(c.keepFilters, to.Height)
	_, taken := c.taken()
	c.filterBytes = size(c.filters[taken-c.keepFilters:])
}
