package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

	// share is the memory of the message and its replies, within the memory for all clients;
	// nil means that it is not counted.
	share *share
}

// dispatcher answers messages, of POST requests and websockets alike.
type dispatcher struct {
	methods    *method.Registry
	batch      int           // the most calls in a message
	replyBytes int           // the size of the replies to a batch after which no more calls are run
	callTime   time.Duration // for all calls of a message together
	log        *slog.Logger

	// turns has one value for each call that is running. Calls take turns, also those of one
	// batch, so that a flood of them leaves processors to the sync and time to other clients.
	turns slots

	// quick has one value for each running call of a method that reads only memory. These
	// calls take turns among themselves, and never wait for a list.
	quick slots

	// memory bounds the memory of the messages and replies of all clients.
	memory memory

	counts callCounts
}

// answer runs the calls of a message one after the other. It returns the reply to send, nil
// if none is due. If the only call returns a long list, that is written to out instead: then
// answer reports that it was sent, and an error if that was cut off.
func (d *dispatcher) answer(ctx context.Context, from *caller, message []byte, out io.Writer) (reply []byte, sent bool, err error) {
	calls, batch := d.takeApart(from, message)
	if !batch && out != nil {
		return d.answerOne(ctx, from, &calls[0], out)
	}
	ctx, cancel := context.WithTimeout(ctx, d.callTime)
	defer cancel()
	var replies [][]byte
	size := 0
	for i := range calls {
		if errors.Is(context.Cause(ctx), errHungUp) {
			return nil, false, nil // the client has disconnected
		}
		if size > d.replyBytes && calls[i].fault == nil {
			calls[i].fault = &api.Error{Code: api.CodeMisc, Message: fmt.Sprintf(
				"the replies to this batch exceed %d bytes: send fewer calls at once", d.replyBytes)}
		}
		if r, _, _ := d.answerCall(ctx, from, &calls[i], nil); r != nil {
			replies = append(replies, r)
			size += len(r)
		}
	}
	switch {
	case len(replies) == 0:
		return nil, false, nil
	case !batch:
		return replies[0], false, nil
	}
	return append(append([]byte{'['}, bytes.Join(replies, []byte{','})...), ']'), false, nil
}

// takeApart decodes a message. It reserves memory first, because decoding copies the message
// twice and needs more for each value, however few bytes that has in the message.
func (d *dispatcher) takeApart(from *caller, message []byte) (calls []call, batch bool) {
	if len(message) <= freeBytes {
		return decodeMessage(message, d.batch)
	}
	values := countValues(message, mostValues)
	if values > mostValues {
		return []call{faulty(api.CodeInvalidRequest,
			fmt.Sprintf("the message holds more than %d values: send several", mostValues))}, false
	}
	if from.share != nil && !from.share.grow(2*len(message)+valueBytes*values) {
		return []call{faulty(api.CodeMisc, errNoMemory.Error())}, false
	}
	return decodeMessage(message, d.batch)
}

// listTimes is how many times longer a call that sends a long list may take than other calls.
const listTimes = 10

// answerOne answers the only call of a message. The call has the time of any call until its
// reply begins to be sent.
func (d *dispatcher) answerOne(ctx context.Context, from *caller, c *call, out io.Writer) (reply []byte, sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTimes*d.callTime)
	defer cancel()
	ctx, expire := context.WithCancelCause(ctx)
	defer expire(nil)
	timer := time.AfterFunc(d.callTime, func() { expire(context.DeadlineExceeded) })
	defer timer.Stop()
	return d.answerCall(ctx, from, c, sending{out, timer})
}

// sending is a writer for a reply, which stops a timer at the first write.
type sending struct {
	io.Writer
	timer *time.Timer
}

// Write implements io.Writer.
func (s sending) Write(p []byte) (int, error) {
	s.timer.Stop()
	return s.Writer.Write(p)
}

// answerCall runs one call and returns its reply, nil if none is due, or writes it to out and
// reports that.
func (d *dispatcher) answerCall(ctx context.Context, from *caller, c *call, out io.Writer) (reply json.RawMessage, sent bool, err error) {
	if c.id == nil {
		out = nil
	}
	began, name := time.Now(), api.InvalidMethod
	if c.fault == nil && d.methods.Find(c.method) != nil {
		name = c.method
	}
	result, sent, fault, err := d.run(ctx, from, c, out)
	d.counts.count(name, fault != nil || err != nil, time.Since(began))
	if c.id == nil || sent {
		return nil, sent, err
	}
	reply = c.reply(result, fault)
	if from.share == nil || len(reply) <= freeBytes || from.share.grow(len(reply)) {
		return reply, false, nil
	}
	return c.reply(nil, errManyReplies()), false, nil
}

// errManyReplies returns the error of a call for whose reply there is no memory.
func errManyReplies() *api.Error {
	return &api.Error{Code: api.CodeMisc, Message: "too many replies wait to be read by all clients together: " +
		"try again, or ask for less at once"}
}

// run runs one call and returns its result as JSON, or writes the reply to out and reports
// that.
func (d *dispatcher) run(ctx context.Context, from *caller, c *call, out io.Writer) (result json.RawMessage, sent bool, fault *api.Error, err error) {
	if c.fault != nil {
		return nil, false, c.fault, nil
	}
	m := d.methods.Find(c.method)
	var value any
	err = d.takeTurn(ctx, m)
	if err == nil {
		defer d.endTurn(m)
		if m == nil {
			err = method.NoMethod(c.method)
		} else {
			value, err = d.methods.Call(ctx, &from.Caller, m, c.params)
		}
	}
	if err == nil {
		if list, ok := value.(*method.Stream); ok {
			result, sent, err = d.stream(ctx, from, c, list, out)
		} else if result, err = view.JSON(value); err != nil {
			err = fmt.Errorf("encode result of %s: %w", c.method, err)
		}
	}
	if err == nil || errors.Is(err, errSent) {
		return result, sent, nil, err
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	answer, isFault := d.methods.Explain(err)
	if isFault {
		d.log.Error("RPC method failed", "method", c.method, "err", err)
	}
	if text := safetext.HideKeys(answer.Message); text != answer.Message {
		hidden := *answer
		hidden.Message = text
		answer = &hidden
	}
	return nil, sent, answer, err
}

// takeTurn waits until a call of a method, nil if there is none, may run.
func (d *dispatcher) takeTurn(ctx context.Context, m *method.Method) error {
	turns := d.turnsOf(m)
	if turns == nil {
		return nil
	}
	select {
	case turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// endTurn lets the next call run.
func (d *dispatcher) endTurn(m *method.Method) {
	if turns := d.turnsOf(m); turns != nil {
		turns.free()
	}
}

// turnsOf returns the turns that the calls of a method take, nil if they need none.
func (d *dispatcher) turnsOf(m *method.Method) slots {
	switch {
	case m != nil && m.Waits:
		return nil
	case m != nil && m.Quick:
		return d.quick
	}
	return d.turns
}
