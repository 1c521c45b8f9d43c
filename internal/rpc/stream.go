package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/view"
)

const (
	// heldReply is how many bytes of a list are held before its reply begins to be sent: a
	// shorter one is sent like any other reply. heldPart is how many are held from then on.
	heldReply = 512 << 10
	heldPart  = 64 << 10

	// turnTime is how long a list is encoded before other calls have a turn.
	turnTime = 5 * time.Millisecond
)

// errSent means that a reply could not be sent.
var errSent = errors.New("the client does not take the reply")

// streamer encodes a list, in bounded memory.
type streamer struct {
	d     *dispatcher
	from  *caller
	ctx   context.Context
	out   io.Writer // for a long reply; nil if it may not be long
	most  int       // how many bytes the reply may have without out
	buf   bytes.Buffer
	sent  bool
	since time.Time // when the turn began
	room  int       // bytes that may be held without taking more room
}

// stream encodes a list. With out, the reply to a call is written to it if it is long: stream
// reports whether it was. Otherwise it returns the result. The caller has a turn, which
// stream passes to others in between.
func (d *dispatcher) stream(ctx context.Context, from *caller, c *call, s *method.Stream, out io.Writer) (result json.RawMessage, sent bool, err error) {
	w := &streamer{d: d, from: from, ctx: ctx, out: out, most: d.replyBytes, since: time.Now(), room: freeBytes}
	head := c.head()
	w.buf.WriteString(head)
	end := "]"
	if s.Name != "" {
		fmt.Fprintf(&w.buf, "{%q:", s.Name)
		end = "]}"
	}
	w.buf.WriteByte('[')
	err = w.elements(s)
	if err == nil && s.Name != "" {
		if end, err = rest(s); err != nil {
			end = "]}"
		}
	}
	if !w.sent {
		if err != nil {
			return nil, false, err
		}
		w.buf.WriteString(end)
		return w.buf.Bytes()[len(head):], false, nil
	}
	if errors.Is(err, errSent) {
		return nil, true, err
	}
	var fault *api.Error
	if err != nil {
		fault, _ = d.methods.Explain(err)
	}
	w.buf.WriteString(end + c.tail(fault))
	if flushErr := w.flush(); flushErr != nil {
		return nil, true, flushErr
	}
	return nil, true, err
}

// rest returns the JSON after the elements of a list that is a member of an object.
func rest(s *method.Stream) (string, error) {
	members, err := s.Rest()
	if err != nil {
		return "", err
	}
	end := "]"
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value, err := view.JSON(members[name])
		if err != nil {
			return "", err
		}
		end += fmt.Sprintf(",%q:%s", name, value)
	}
	return end + "}", nil
}

// elements encodes all elements.
func (w *streamer) elements(s *method.Stream) error {
	var failed error
	first := true
	err := s.Each(func(element any) bool {
		raw, err := view.JSON(element)
		if err != nil {
			failed = err
			return false
		}
		if !first {
			w.buf.WriteByte(',')
		}
		first = false
		w.buf.Write(raw)
		failed = w.pause()
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// pause sends the held bytes, if there are many, and gives others a turn.
func (w *streamer) pause() error {
	for w.buf.Len() > w.room {
		if w.from.share != nil && !w.from.share.grow(heldPart) {
			return errManyReplies()
		}
		w.room += heldPart
	}
	held := heldReply
	if w.sent {
		held = heldPart
	}
	switch {
	case w.out == nil && w.buf.Len() > w.most:
		return &api.Error{Code: api.CodeMisc, Message: fmt.Sprintf(
			"the replies to this batch exceed %d bytes: send the call alone, or ask for less at a time", w.most)}
	case w.out != nil && w.buf.Len() > held:
		w.d.turns.free()
		err := w.flush()
		w.d.turns <- struct{}{}
		w.since = time.Now()
		return err
	case time.Since(w.since) > turnTime:
		w.d.turns.free()
		select { // the caller ends the turn in any case
		case w.d.turns <- struct{}{}:
		case <-w.ctx.Done():
			w.d.turns <- struct{}{}
			return context.Cause(w.ctx)
		}
		w.since = time.Now()
	}
	return nil
}

// flush sends the held bytes.
func (w *streamer) flush() error {
	w.sent = true
	_, err := w.out.Write(w.buf.Bytes())
	w.buf.Reset()
	if err != nil {
		return fmt.Errorf("%w: %w", errSent, err)
	}
	return nil
}

// head returns the beginning of a reply, up to its result.
func (c *call) head() string { return fmt.Sprintf(`{"jsonrpc":%q,"result":`, c.version) }

// tail returns the end of a reply, after its result. A list that fails in the middle is
// closed, and followed by an error.
func (c *call) tail(fault *api.Error) string {
	raw, err := view.JSON(fault)
	if err != nil {
		raw = []byte("null")
	}
	if c.version == version2 && fault == nil {
		return fmt.Sprintf(`,"id":%s}`, c.id)
	}
	return fmt.Sprintf(`,"error":%s,"id":%s}`, raw, c.id)
}
