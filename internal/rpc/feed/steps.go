package feed

import (
	"sync"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// step is a step along the chain as clients see it. Clients at the same place share it;
// it does not change once it is shared.
type step struct {
	event     *api.BlocksEvent
	connected []consensus.BlockID // of the event, oldest first
	more      bool                // further blocks follow

	// frame returns the notification of the topic, dcrdFrames those of dcrd for the connected
	// blocks.
	frame      func() ([]byte, error)
	dcrdFrames func() ([][]byte, error)
}

// newStep returns the step for a chain update. The caller sets cursor and tip of its event.
func newStep(taken *chain.Update) *step {
	s := &step{
		event: &api.BlocksEvent{
			Disconnected: view.BlockIDs(taken.Reverted),
			Connected:    make([]api.ConnectedBlock, len(taken.Applied)),
		},
		connected: make([]consensus.BlockID, len(taken.Applied)),
		more:      taken.More,
	}
	headers := make([]string, len(taken.Applied))
	for i := range taken.Applied {
		s.connected[i] = taken.Applied[i].BlockID
		s.event.Connected[i] = connectedBlock(&taken.Applied[i])
		headers[i] = s.event.Connected[i].Header
	}
	return s.encodedAs(headers...)
}

// gap is a step to the tip over blocks that are not sent, and the place after it.
type gap struct {
	step    *step
	at      locator
	headers []string
}

// newGap returns the gap before a place.
func newGap(at locator, headers []string) *gap {
	s := &step{event: &api.BlocksEvent{
		Gap: true, Cursor: at.cursor(), Tip: view.BlockID(at[0]),
		Disconnected: []api.BlockID{}, Connected: []api.ConnectedBlock{},
	}}
	return &gap{step: s.encodedAs(headers[0]), at: at, headers: headers}
}

// encodedAs sets the notifications of the step, which are encoded on first use: one of the
// topic, and one with each header for clients of dcrd's form.
func (s *step) encodedAs(headers ...string) *step {
	s.frame = sync.OnceValues(func() ([]byte, error) { return encodeNotification(api.TopicBlocks, s.event) })
	s.dcrdFrames = sync.OnceValues(func() ([][]byte, error) {
		messages := make([][]byte, len(headers))
		for i, header := range headers {
			var err error
			if messages[i], err = encodeNotification(DcrdConnected, header, []string{}); err != nil {
				return nil, err
			}
		}
		return messages, nil
	})
	return s
}

// keptSteps is how many steps are kept for other clients. Clients that keep up take the same
// step at the same time.
const keptSteps = 4

// steps holds the newest steps towards one tip.
type steps struct {
	mu   sync.Mutex // guards all below
	kept []keptStep
	over *gap // nil until a client needed one
}

// keptStep is a step from a place. The hash of a block determines the blocks below it; a step
// that disconnects blocks is not kept.
type keptStep struct {
	from  consensus.BlockID // the newest block of the locator
	depth int               // number of blocks of the locator in a cursor
	step  *step
}

// after returns the step from a place, nil if none is kept.
func (s *steps) after(at locator) *step {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		if k.from.Hash == at[0].Hash && k.depth == min(len(at), cursorBlocks) {
			return k.step
		}
	}
	return nil
}

// keep keeps a step from a place.
func (s *steps) keep(at locator, next *step) {
	if len(next.event.Disconnected) > 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == keptSteps {
		s.kept = s.kept[1:]
	}
	s.kept = append(s.kept, keptStep{from: at[0], depth: min(len(at), cursorBlocks), step: next})
}

// gap returns the gap before the tip, nil if none is kept.
func (s *steps) gap() *gap {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// keepGap keeps a gap before the tip.
func (s *steps) keepGap(g *gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = g
}
