package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/safetext"
)

// caller is the client that a message comes from.
type caller struct {
	method.Caller

	// share is what the message and its replies take of the memory for those of all
	// clients; nil means that it is not counted.
	share *share
}

// dispatcher answers messages, whatever way they came.
type dispatcher struct {
	methods    *method.Registry
	batch      int           // the most calls in a message
	replyBytes int           // the size of the replies to a batch after which no more calls are run
	callTime   time.Duration // for all calls of a message together
	log        *slog.Logger

	// turns has one value for each call that is being worked on. Calls take
	// turns, also those of one batch, so that a flood of them leaves processors
	// to the sync and time to other clients.
	turns slots

	// memory bounds what the messages and replies of all clients take.
	memory memory
}

// answer runs the calls of a message one after the other. It returns the reply
// to send, nil if none is due.
func (d *dispatcher) answer(ctx context.Context, from *caller, message []byte) []byte {
	calls, batch := d.takeApart(from, message)
	ctx, cancel := context.WithTimeout(ctx, d.callTime)
	defer cancel()
	var replies [][]byte
	size := 0
	for i := range calls {
		if errors.Is(context.Cause(ctx), errHungUp) {
			return nil // for whom?
		}
		if size > d.replyBytes && calls[i].fault == nil {
			calls[i].fault = &api.Error{Code: api.CodeMisc, Message: fmt.Sprintf(
				"the replies to this batch exceed %d bytes: send fewer calls at once", d.replyBytes)}
		}
		if r := d.answerCall(ctx, from, &calls[i]); r != nil {
			replies = append(replies, r)
			size += len(r)
		}
	}
	switch {
	case len(replies) == 0:
		return nil
	case !batch:
		return replies[0]
	}
	return append(append([]byte{'['}, bytes.Join(replies, []byte{','})...), ']')
}

// takeApart decodes a message, which copies it twice: room for that is taken first.
func (d *dispatcher) takeApart(from *caller, message []byte) (calls []call, batch bool) {
	if from.share != nil && len(message) > freeBytes && !from.share.grow(2*len(message)) {
		return []call{faulty(api.CodeMisc, errNoMemory.Error())}, false
	}
	return decodeMessage(message, d.batch)
}

// answerCall runs one call and returns its reply, nil if none is due.
func (d *dispatcher) answerCall(ctx context.Context, from *caller, c *call) json.RawMessage {
	result, err := d.run(ctx, from, c)
	if c.id == nil {
		return nil
	}
	reply := c.reply(result, err)
	if from.share == nil || len(reply) <= freeBytes || from.share.grow(len(reply)) {
		return reply
	}
	return c.reply(nil, &api.Error{Code: api.CodeMisc, Message: "too many replies wait to be read by all clients together: " +
		"try again, or ask for less at once"})
}

// run runs one call and returns its result as JSON.
func (d *dispatcher) run(ctx context.Context, from *caller, c *call) (json.RawMessage, *api.Error) {
	if c.fault != nil {
		return nil, c.fault
	}
	m := d.methods.Find(c.method)
	var result any
	err := d.takeTurn(ctx, m)
	if err == nil {
		defer d.endTurn(m)
		if m == nil {
			err = method.NoMethod(c.method)
		} else {
			result, err = d.methods.Call(ctx, &from.Caller, m, c.params)
		}
	}
	if err == nil {
		raw, encodeErr := view.JSON(result)
		if encodeErr == nil {
			return raw, nil
		}
		err = fmt.Errorf("encode result of %s: %w", c.method, encodeErr)
	}
	answer, fault := d.methods.Explain(err)
	if fault {
		d.log.Error("RPC method failed", "method", c.method, "err", err)
	}
	if text := safetext.HideKeys(answer.Message); text != answer.Message {
		hidden := *answer
		hidden.Message = text
		answer = &hidden
	}
	return nil, answer
}

// takeTurn waits until a call of a method, nil if there is none, may be worked
// on.
func (d *dispatcher) takeTurn(ctx context.Context, m *method.Method) error {
	if m != nil && m.Waits {
		return nil
	}
	select {
	case d.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// endTurn lets the next call be worked on.
func (d *dispatcher) endTurn(m *method.Method) {
	if m == nil || !m.Waits {
		d.turns.free()
	}
}
