package feed

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv/chain"
)

// Limits on notifications of blocks.
const (
	stepBlocks = 100  // blocks in one notification
	mostReplay = 2000 // blocks a client may be behind without a gap
)

// Names of dcrd's notifications of blocks.
const (
	DcrdConnected    = "blockconnected"
	DcrdDisconnected = "blockdisconnected"
)

// Blocks follows the main chain for one client. Make one with NewBlocks or
// NewDcrdBlocks.
type Blocks struct {
	source Syncer
	form   func(f *Blocks, s *step, to *Sender) error // how a step is sent
	at     locator                                    // empty while the chain cannot be read

	// headers are those of the newest blocks of the locator, newest first, in
	// hex. They are needed when the chain no longer has them: gone are those of
	// the blocks that the newest step disconnected.
	headers, gone []string

	begins func(cursor string) // see OnBegin; may be nil
}

// OnBegin sets a function that is called with the cursor that the feed begins after, if that was
// not known when it was made. The sender calls it, before the first step. It must be set before the feed
// is started.
func (f *Blocks) OnBegin(begins func(cursor string)) { f.begins = begins }

// NewBlocks returns a feed of api.BlocksEvents after a cursor, or after the tip for an
// empty one, and the cursor it begins after; that is empty while the chain cannot be
// read. The feed is nil if the text is no cursor.
func NewBlocks(h *Hub, after string) (f *Blocks, cursor string) {
	f = &Blocks{source: h.syncer, form: sendStep}
	if after != "" {
		if f.at = parseCursor(after); f.at == nil {
			return nil, ""
		}
		return f, after
	}
	if err := f.begin(); err != nil {
		return f, "" // begins when the chain can be read
	}
	return f, f.at.cursor()
}

// NewDcrdBlocks returns a feed in the form of dcrd's notifyblocks, after the tip.
func NewDcrdBlocks(h *Hub) *Blocks {
	f := &Blocks{source: h.syncer, form: sendAsDcrd}
	_ = f.begin() // or when the chain can be read
	return f
}

// begin sets the place to the tip and the blocks below it that a cursor holds.
func (f *Blocks) begin() error {
	store, err := f.source.Chain()
	if err != nil {
		return err
	}
	if f.at, f.headers, err = newest(store); err == nil && f.begins != nil {
		f.begins(f.at.cursor())
	}
	return err
}

// newest returns the newest blocks of a chain and their headers, newest first.
func newest(store *chain.Reader) (at locator, headers []string, err error) {
	tip := store.State().Tip
	for id := tip; id.Height >= 0 && len(at) < cursorBlocks; id.Height-- {
		height, err := store.HeightOf(id.Hash)
		if err != nil {
			return nil, nil, err
		}
		h, err := store.Header(height)
		if err != nil {
			return nil, nil, err
		}
		at = append(at, id)
		headers = append(headers, hex.EncodeToString(h[:]))
		id.Hash = h.PrevBlock()
	}
	return at, headers, nil
}

// next returns the next step towards the tip of an update, nil if there is none.
func (f *Blocks) next(u *update) (*step, error) {
	if len(f.at) == 0 {
		return nil, f.begin()
	}
	if u.filtered-int64(f.at[0].Height) > mostReplay {
		return f.gap(u)
	}
	if s := u.steps.after(f.at); s != nil {
		f.advance(s)
		return s, nil
	}
	store, err := f.source.Chain()
	if err != nil {
		return nil, err
	}
	taken, err := store.Since(f.at, stepBlocks)
	if errors.Is(err, chain.ErrNotFound) {
		if err := f.extend(store); err != nil {
			return nil, err
		}
		taken, err = store.Since(f.at, stepBlocks)
	}
	if errors.Is(err, chain.ErrNotFound) {
		return f.gap(u)
	}
	if err != nil || len(taken.Reverted)+len(taken.Applied) == 0 {
		return nil, err
	}
	s, from := newStep(&taken), f.at
	f.advance(s)
	s.event.Cursor, s.event.Tip = f.at.cursor(), view.BlockID(f.at[0])
	u.steps.keep(from, s)
	return s, nil
}

// extend adds the blocks below the place down to the main chain, with their headers, if all
// blocks of the place have left it recently.
func (f *Blocks) extend(store *chain.Reader) error {
	known := len(f.at)
	f.at = f.at.extended(store)
	if len(f.headers) != known {
		return nil // a client that came with a cursor gets no headers of what it knew
	}
	for _, id := range f.at[known:] {
		b, err := store.Stale(id.Hash)
		if errors.Is(err, chain.ErrNotFound) { // the last one is on the main chain
			return nil
		}
		if err != nil {
			return err
		}
		f.headers = append(f.headers, hex.EncodeToString(b.Header[:]))
	}
	return nil
}

// gap returns the step over the blocks that the client has missed.
func (f *Blocks) gap(u *update) (*step, error) {
	g := u.steps.gap()
	if g == nil {
		store, err := f.source.Chain()
		if err != nil {
			return nil, err
		}
		at, headers, err := newest(store)
		if err != nil {
			return nil, err
		}
		g = newGap(at, headers)
		u.steps.keepGap(g)
	}
	f.at, f.headers, f.gone = g.at, g.headers, nil
	return g.step, nil
}

// advance moves the place by a step.
func (f *Blocks) advance(s *step) {
	back := len(s.event.Disconnected)
	f.gone = slices.Clone(f.headers[:min(len(f.headers), back)])
	at, headers := f.at[back:], f.headers[len(f.gone):]
	f.at, f.headers = make(locator, 0, locatorLength), make([]string, 0, locatorLength)
	for i := range slices.Backward(s.connected) {
		f.at = append(f.at, s.connected[i])
		f.headers = append(f.headers, s.event.Connected[i].Header)
	}
	f.at = append(f.at, at[:min(len(at), locatorLength-len(f.at))]...)
	f.headers = append(f.headers, headers[:min(len(headers), locatorLength-len(f.headers))]...)
}

// tell implements Feed.
func (f *Blocks) tell(ctx context.Context, u *update, to *Sender) error {
	for u.tells() && ctx.Err() == nil {
		s, err := f.next(u)
		if err != nil || s == nil {
			return nil // the next change tries again: the chain may be readable then
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

// sendStep sends a step in the form of the topic.
func sendStep(_ *Blocks, s *step, to *Sender) error {
	message, err := s.frame()
	if err != nil {
		return err
	}
	return to.pass(message)
}

// sendAsDcrd sends a step in dcrd's form.
func sendAsDcrd(f *Blocks, s *step, to *Sender) error {
	for _, header := range f.gone {
		message, err := encodeNotification(DcrdDisconnected, header)
		if err != nil {
			return err
		}
		if err := to.pass(message); err != nil {
			return err
		}
	}
	messages, err := s.dcrdFrames()
	if err != nil {
		return err
	}
	for _, message := range messages {
		if err := to.pass(message); err != nil {
			return err
		}
	}
	return nil
}

// connectedBlock translates a block that a step connects.
func connectedBlock(b *chain.Block) api.ConnectedBlock {
	return api.ConnectedBlock{BlockID: view.BlockID(b.BlockID), Time: b.Header.Timestamp(), Header: hex.EncodeToString(b.Header[:])}
}
