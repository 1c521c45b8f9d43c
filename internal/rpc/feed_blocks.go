package rpc

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Bounds of what a client is told about blocks.
const (
	stepBlocks = 100  // blocks in one notification
	mostReplay = 2000 // blocks a client may be behind without a gap

	// trailLength is how many of the newest blocks that a client was told of
	// are remembered: the deepest reorganisation it can be told of.
	trailLength = 100
)

// blockFeed follows the main chain for one client. Its place is the trail of
// the newest blocks the client was told of, so that it can pick up the chain
// from any place, whatever has happened there meanwhile.
type blockFeed struct {
	chain Chain
	form  func(f *blockFeed, s *step, to *feeds) error // how a step is told
	trail []api.BlockID                                // newest first; empty while the chain cannot be read

	// headers are those of the newest blocks of the trail, newest first, in
	// hex. They are needed when the chain has them no more: gone are those of
	// the blocks that the newest step took back.
	headers, gone []string
}

// begin sets the place to the tip and the blocks below it that a cursor names.
func (f *blockFeed) begin() (err error) {
	f.trail, f.headers, err = readTrail(f.chain)
	return err
}

// readTrail returns the newest blocks and their headers, newest first.
func readTrail(chain Chain) (trail []api.BlockID, headers []string, err error) {
	hash, height, err := chain.Best()
	if err != nil {
		return nil, nil, err
	}
	for ; height >= 0 && len(trail) < cursorBlocks; height-- {
		h, err := chain.Header(hash)
		if err != nil {
			return nil, nil, err
		}
		trail = append(trail, api.BlockID{Height: height, Hash: hash.String()})
		headers = append(headers, hex.EncodeToString(h.Raw[:]))
		copy(hash[:], h.Raw[offPrevBlock:])
	}
	return trail, headers, nil
}

// next takes the next step towards what the news tell of, nil if there is none.
func (f *blockFeed) next(n *news) (*step, error) {
	if len(f.trail) == 0 {
		return nil, f.begin()
	}
	if n.filtered-f.trail[0].Height > mostReplay {
		return f.gap(n)
	}
	if s := n.steps.after(f.trail); s != nil {
		f.advance(s)
		return s, nil
	}
	taken, err := f.chain.Since(f.trail, stepBlocks)
	if errors.Is(err, ErrNotFound) {
		return f.gap(n)
	}
	if err != nil || len(taken.Reverted)+len(taken.Applied) == 0 {
		return nil, err
	}
	s, from := newStep(&taken), f.trail
	f.advance(s)
	s.event.Cursor, s.event.Tip = cursor(f.trail), f.trail[0]
	n.steps.keep(from, s)
	return s, nil
}

// gap gives up on what the client has missed.
func (f *blockFeed) gap(n *news) (*step, error) {
	g := n.steps.gap()
	if g == nil {
		trail, headers, err := readTrail(f.chain)
		if err != nil {
			return nil, err
		}
		g = newGap(trail, headers)
		n.steps.keepGap(g)
	}
	f.trail, f.headers, f.gone = g.trail, g.headers, nil
	return g.step, nil
}

// advance moves the place by a step.
func (f *blockFeed) advance(s *step) {
	back := len(s.event.Disconnected)
	f.gone = slices.Clone(f.headers[:min(len(f.headers), back)])
	trail, headers := f.trail[back:], f.headers[len(f.gone):]
	f.trail, f.headers = make([]api.BlockID, 0, trailLength), make([]string, 0, trailLength)
	for i := range slices.Backward(s.event.Connected) {
		f.trail = append(f.trail, s.event.Connected[i].BlockID)
		f.headers = append(f.headers, s.event.Connected[i].Header)
	}
	f.trail = append(f.trail, trail[:min(len(trail), trailLength-len(f.trail))]...)
	f.headers = append(f.headers, headers[:min(len(headers), trailLength-len(f.headers))]...)
}

// tell implements feed.
func (f *blockFeed) tell(ctx context.Context, n *news, to *feeds) error {
	for n.tells() && ctx.Err() == nil {
		s, err := f.next(n)
		if err != nil || s == nil {
			return nil // until the next change: a chain that cannot be read now may be later
		}
		if err := f.form(f, s, to); err != nil {
			return err
		}
		if !s.more {
			return nil
		}
	}
	return nil
}

// tellStep tells of a step in the form of the topic.
func tellStep(_ *blockFeed, s *step, to *feeds) error {
	message, err := s.frame()
	if err != nil {
		return err
	}
	return to.pass(message)
}
