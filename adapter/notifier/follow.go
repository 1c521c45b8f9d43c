package notifier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// stepBlocks is how many blocks are read at a time.
	stepBlocks = 100

	// memory is how many blocks a watch remembers, and so the depth of a reorganisation that
	// it can follow at least. It begins with those below its first block.
	memory = 200
)

// ErrTooDeep is returned when a reorganisation has taken back more blocks than a watch remembers,
// or the block that it is begun at is not known: the caller has to read the chain again.
var ErrTooDeep = errors.New("the blocks that are known have left the main chain: read the chain again")

// Step is one block that was connected to the main chain or disconnected from it.
type Step struct {
	// Connected is true for a block that was connected, which is the newest then, and false
	// for one that was disconnected, which was the newest.
	Connected bool

	Block  consensus.BlockID
	Header consensus.Header
	Filter Filter // none of a block that was disconnected
}

// Follow calls a function for each step of the main chain after a block, nil for the tip. If that
// block has left the main chain, the blocks above the fork are disconnected first: they must have
// left it lately, or the error is ErrTooDeep. The filters of the blocks after it must be kept, or
// the error is chain.ErrBelowFloor. It ends with ctx, whose error it returns, or with
// the first error of the function.
func (s *Source) Follow(ctx context.Context, after *consensus.BlockID, fn func(Step) error) error {
	if err := s.syncer.Wait(ctx, spv.Initialised); err != nil {
		return err
	}
	from, err := s.start(after)
	if err != nil {
		return err
	}
	w := &walk{source: s, fn: fn, at: from}
	for range s.syncer.Changes(ctx, 0) {
		if err := w.advance(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// start returns the blocks that a walk knows, oldest first: the newest is the block to begin after.
func (s *Source) start(after *consensus.BlockID) ([]place, error) {
	if after == nil {
		tip, err := s.Tip()
		if err != nil {
			return nil, err
		}
		after = &tip
	}
	c, err := s.syncer.Chain()
	if err != nil {
		return nil, err
	}
	var known []place
	for id := *after; id.Height >= 0 && len(known) < memory; {
		header, err := headerOf(c, id)
		switch {
		case errors.Is(err, chain.ErrNotFound) && len(known) == 0:
			return nil, fmt.Errorf("follow the chain after block %d %v: %w", id.Height, id.Hash, ErrTooDeep)
		case err != nil:
			return nil, fmt.Errorf("follow the chain after block %d %v: %w", after.Height, after.Hash, err)
		}
		known = append(known, place{id, header})
		id = consensus.BlockID{Height: id.Height - 1, Hash: header.PrevBlock()}
	}
	slices.Reverse(known)
	return known, nil
}

// headerOf returns the header of a block that is on the main chain or has left it lately, and
// otherwise chain.ErrNotFound.
func headerOf(c *chain.Reader, id consensus.BlockID) (consensus.Header, error) {
	if h, err := c.Header(id.Height); err == nil && h.Hash() == id.Hash {
		return h, nil
	}
	left, err := c.Stale(id.Hash)
	if err == nil && left.Height != id.Height {
		err = chain.ErrNotFound
	}
	return left.Header, err
}

// place is a block that a walk knows.
type place struct {
	consensus.BlockID
	header consensus.Header
}

// walk is where a caller of Follow is.
type walk struct {
	source *Source
	fn     func(Step) error
	at     []place // oldest first, at least one
}

// advance takes the steps to the tip.
func (w *walk) advance(ctx context.Context) error {
	for ctx.Err() == nil {
		c, err := w.source.syncer.Chain()
		if err != nil {
			return err
		}
		locator := make([]consensus.BlockID, len(w.at))
		for i := range w.at {
			locator[len(w.at)-1-i] = w.at[i].BlockID
		}
		u, err := c.Since(locator, stepBlocks)
		if errors.Is(err, chain.ErrNotFound) {
			return fmt.Errorf("follow the chain: %w", ErrTooDeep)
		}
		if err != nil {
			return fmt.Errorf("follow the chain: %w", err)
		}
		if u.Empty() {
			return nil
		}
		if err := w.take(c, &u); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// take calls the function for the blocks of an update. It stops where the chain has changed since
// the update was read: the next one goes on from there.
func (w *walk) take(c *chain.Reader, u *chain.Update) error {
	for range u.Reverted {
		gone := w.at[len(w.at)-1]
		w.at = w.at[:len(w.at)-1]
		if err := w.fn(Step{Block: gone.BlockID, Header: gone.header}); err != nil {
			return err
		}
	}
	for i := range u.Applied {
		b := &u.Applied[i]
		data, err := c.Filter(b.Height)
		if errors.Is(err, chain.ErrBelowFloor) {
			return fmt.Errorf("follow the chain through block %d: %w", b.Height, err)
		}
		if hash, changed := c.Hash(b.Height); changed == nil && hash != b.Hash || errors.Is(err, chain.ErrNotFound) {
			return nil // the filter is that of another block
		}
		if err != nil {
			return fmt.Errorf("read the filter of block %d: %w", b.Height, err)
		}
		if len(w.at) == 2*memory {
			w.at = append(w.at[:0], w.at[memory:]...)
		}
		w.at = append(w.at, place{b.BlockID, b.Header})
		step := Step{Connected: true, Block: b.BlockID, Header: b.Header, Filter: Filter{b.Header.FilterKey(), data}}
		if err := w.fn(step); err != nil {
			return err
		}
	}
	return nil
}
