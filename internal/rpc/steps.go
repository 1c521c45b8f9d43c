package rpc

import (
	"encoding/hex"
	"sync"

	"github.com/spvd/spvd/internal/rpc/api"
)

// step is a step along the chain as clients are told of it. Those who are at the
// same place share it; it does not change once it is shared.
type step struct {
	event *api.BlocksEvent
	more  bool // further blocks follow

	// frame returns the notification of the topic, connected those that dcrd
	// has for the blocks that are put on.
	frame     func() ([]byte, error)
	connected func() ([][]byte, error)
}

// newStep describes a step. Where it leads to has still to be set.
func newStep(taken *Step) *step {
	ev := &api.BlocksEvent{
		Disconnected: append([]api.BlockID{}, taken.Reverted...),
		Connected:    make([]api.ConnectedBlock, len(taken.Applied)),
	}
	for i := range taken.Applied {
		b := &taken.Applied[i]
		ev.Connected[i] = api.ConnectedBlock{BlockID: b.ID, Time: blockTime(&b.Raw), Header: hex.EncodeToString(b.Raw[:])}
	}
	return (&step{event: ev, more: taken.More}).encoded()
}

// gap is a step to the end of the chain over what cannot be told, and the place
// it leads to.
type gap struct {
	step    *step
	trail   []api.BlockID
	headers []string
}

// newGap returns the gap before a place.
func newGap(trail []api.BlockID, headers []string) *gap {
	s := &step{event: &api.BlocksEvent{
		Gap: true, Cursor: cursor(trail), Tip: trail[0],
		Disconnected: []api.BlockID{}, Connected: []api.ConnectedBlock{},
	}}
	return &gap{step: s.encodedAs(headers[0]), trail: trail, headers: headers}
}

// encoded gives the step its notifications, which are encoded when they are
// wanted first.
func (s *step) encoded() *step {
	headers := make([]string, len(s.event.Connected))
	for i := range s.event.Connected {
		headers[i] = s.event.Connected[i].Header
	}
	return s.encodedAs(headers...)
}

// encodedAs is encoded with headers of other blocks for clients of dcrd's form.
func (s *step) encodedAs(headers ...string) *step {
	s.frame = sync.OnceValues(func() ([]byte, error) { return encodeNotification(api.TopicBlocks, s.event) })
	s.connected = sync.OnceValues(func() ([][]byte, error) {
		messages := make([][]byte, len(headers))
		for i, header := range headers {
			var err error
			if messages[i], err = encodeNotification(notifyConnected, header, []string{}); err != nil {
				return nil, err
			}
		}
		return messages, nil
	})
	return s
}

// keptSteps is how many steps are kept for others. Clients that keep up take the
// same one at the same time.
const keptSteps = 4

// steps are the newest steps that were taken towards one end of the chain.
type steps struct {
	mu   sync.Mutex // guards all below
	kept []keptStep
	over *gap // nil if nobody needed one
}

// keptStep is a step from a place. The hash of a block says what is below it; a
// step back is none of others.
type keptStep struct {
	from  string // the newest block of the trail
	depth int    // blocks of the trail, as far as a cursor shows them
	step  *step
}

// after returns the step from the place of a trail, nil if none is kept.
func (s *steps) after(trail []api.BlockID) *step {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		if k.from == trail[0].Hash && k.depth == min(len(trail), cursorBlocks) {
			return k.step
		}
	}
	return nil
}

// keep keeps a step from the place of a trail.
func (s *steps) keep(trail []api.BlockID, next *step) {
	if len(next.event.Disconnected) > 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == keptSteps {
		s.kept = s.kept[1:]
	}
	s.kept = append(s.kept, keptStep{from: trail[0].Hash, depth: min(len(trail), cursorBlocks), step: next})
}

// gap returns the gap before the end of the chain, nil if none is kept.
func (s *steps) gap() *gap {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// keepGap keeps a gap before the end of the chain.
func (s *steps) keepGap(g *gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = g
}
