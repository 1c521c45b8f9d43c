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
	trail []api.BlockID // newest first; empty while the chain cannot be read

	// headers are those of the newest blocks of the trail, newest first, in
	// hex. They are needed when the chain has them no more: gone are those of
	// the blocks that the newest step took back.
	headers, gone []string
}

// begin sets the place to the tip and the blocks below it that a cursor names.
func (f *blockFeed) begin() error {
	hash, height, err := f.chain.Best()
	if err != nil {
		return err
	}
	var trail []api.BlockID
	var headers []string
	for ; height >= 0 && len(trail) < cursorBlocks; height-- {
		h, err := f.chain.Header(hash)
		if err != nil {
			return err
		}
		trail = append(trail, api.BlockID{Height: height, Hash: hash.String()})
		headers = append(headers, hex.EncodeToString(h.Raw[:]))
		copy(hash[:], h.Raw[offPrevBlock:])
	}
	f.trail, f.headers = trail, headers
	return nil
}

// next returns the next step of a chain whose filters reach to a height, nil
// if there is none, and whether there are more.
func (f *blockFeed) next(filtered int64) (*api.BlocksEvent, bool, error) {
	if len(f.trail) == 0 {
		return nil, false, f.begin()
	}
	if filtered-f.trail[0].Height > mostReplay {
		return f.gap()
	}
	step, err := f.chain.Since(f.trail, stepBlocks)
	if errors.Is(err, ErrNotFound) {
		return f.gap()
	}
	if err != nil || len(step.Reverted)+len(step.Applied) == 0 {
		return nil, false, err
	}
	return f.advance(&step), step.More, nil
}

// gap gives up on what the client has missed.
func (f *blockFeed) gap() (*api.BlocksEvent, bool, error) {
	if err := f.begin(); err != nil {
		return nil, false, err
	}
	return &api.BlocksEvent{
		Gap: true, Cursor: cursor(f.trail), Tip: f.trail[0],
		Disconnected: []api.BlockID{}, Connected: []api.ConnectedBlock{},
	}, false, nil
}

// advance moves the place by a step and describes the step.
func (f *blockFeed) advance(step *Step) *api.BlocksEvent {
	ev := &api.BlocksEvent{
		Disconnected: append([]api.BlockID{}, step.Reverted...),
		Connected:    make([]api.ConnectedBlock, len(step.Applied)),
	}
	f.trail = f.trail[len(step.Reverted):]
	known := min(len(f.headers), len(step.Reverted))
	f.gone = slices.Clone(f.headers[:known])
	f.headers = f.headers[known:]
	for i := range step.Applied {
		b := &step.Applied[i]
		ev.Connected[i] = api.ConnectedBlock{BlockID: b.ID, Time: blockTime(&b.Raw), Header: hex.EncodeToString(b.Raw[:])}
		f.trail = slices.Insert(f.trail, 0, b.ID)
		f.headers = slices.Insert(f.headers, 0, ev.Connected[i].Header)
	}
	f.trail = f.trail[:min(len(f.trail), trailLength)]
	f.headers = f.headers[:min(len(f.headers), trailLength)]
	ev.Cursor, ev.Tip = cursor(f.trail), f.trail[0]
	return ev
}

// follow calls each for every step of the chain until ctx ends. During the
// first sync there are none: nobody needs to be told of each of its blocks. A
// chain that cannot be read now may be later.
func (f *blockFeed) follow(ctx context.Context, sync Sync, each func(*api.BlocksEvent) error) error {
	var tip string
	var filtered int64
	for st := range sync.Changes(ctx, 0) {
		if st.InitialBlockDownload || st.Tip.Hash == tip && filteredTo(&st) == filtered && len(f.trail) > 0 {
			continue
		}
		tip, filtered = st.Tip.Hash, filteredTo(&st)
		for more := true; more && ctx.Err() == nil; {
			var ev *api.BlocksEvent
			var err error
			if ev, more, err = f.next(filtered); err != nil {
				break // until the next change
			}
			if ev == nil {
				continue
			}
			if err := each(ev); err != nil {
				return err
			}
		}
	}
	return nil
}

// filteredTo returns the height up to which the filters of a status reach.
func filteredTo(st *api.SyncStatus) int64 {
	for i := range st.Stages {
		if st.Stages[i].Name == api.StageFilters {
			return st.Stages[i].Current
		}
	}
	return 0
}
