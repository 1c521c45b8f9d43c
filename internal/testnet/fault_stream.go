package testnet

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"time"

	"github.com/decred/dcrd/wire"
	"github.com/spvd/spvd/internal/wait"
)

// errHungUp ends a session from the side of the node.
var errHungUp = errors.New("node hangs up")

// FallsSilent sends nothing after some messages, but goes on reading.
type FallsSilent struct {
	Honest
	After int
}

// Send drops all later messages.
func (f FallsSilent) Send(ctx context.Context, s *Session, m Message) error {
	if s.Sent() >= f.After {
		s.Misdeed()
		return nil
	}
	return f.Honest.Send(ctx, s, m)
}

// How much Trickles sends at a time, and how often.
const (
	trickledBytes = 100
	trickledEvery = time.Second
)

// Trickles sends everything after the handshake a few bytes at a time: never
// silent, never done.
type Trickles struct{ Honest }

// Send sends the message slowly.
func (f Trickles) Send(ctx context.Context, s *Session, m Message) error {
	if s.Sent() < 2 {
		return f.Honest.Send(ctx, s, m)
	}
	s.Misdeed()
	for b := append(m.Head(s.node.params.ChainParams.Net), m.Bytes()...); len(b) > 0; {
		n := min(trickledBytes, len(b))
		if err := s.Write(net.Buffers{b[:n]}); err != nil {
			return err
		}
		b = b[n:]
		if err := wait.For(ctx, trickledEvery); err != nil {
			return err
		}
	}
	return nil
}

// The unknown messages that Chatters sends, their size and interval; and the size of those
// that Floods sends.
const (
	chatterBytes = 800
	chatterEvery = 100 * time.Millisecond
	floodBytes   = 64 << 10
)

// unknownMessage returns a message of a command that no client knows.
func unknownMessage(size int) Message {
	return Message{Command: "news", Payload: net.Buffers{make([]byte, size)}}
}

// Chatters answers no request for chain data: instead it sends unrequested messages, a few
// kilobytes a second.
type Chatters struct{ Honest }

// Send sends other messages in place of a reply, and goes on.
func (f Chatters) Send(ctx context.Context, s *Session, m Message) error {
	if !isReply(m.Command) {
		return f.Honest.Send(ctx, s, m)
	}
	s.Misdeed()
	for {
		if err := f.Honest.Send(ctx, s, unknownMessage(chatterBytes)); err != nil {
			return err
		}
		if err := wait.For(ctx, chatterEvery); err != nil {
			return err
		}
	}
}

// Floods sends unrequested messages as fast as they are read, in place of its first reply.
type Floods struct{ Honest }

// Send floods.
func (f Floods) Send(ctx context.Context, s *Session, m Message) error {
	if !isReply(m.Command) {
		return f.Honest.Send(ctx, s, m)
	}
	s.Misdeed()
	for ctx.Err() == nil {
		if err := f.Honest.Send(ctx, s, unknownMessage(floodBytes)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// HangsUp ends each connection one message later than the one before: before
// any message the first time.
type HangsUp struct{ Honest }

// Send hangs up when its time has come.
func (f HangsUp) Send(ctx context.Context, s *Session, m Message) error {
	if s.Sent() >= s.Number()-1 {
		s.Misdeed()
		return errHungUp
	}
	return f.Honest.Send(ctx, s, m)
}

// BreaksOff ends the connection in the middle of a message.
type BreaksOff struct {
	Honest
	After int
}

// Send breaks off.
func (f BreaksOff) Send(ctx context.Context, s *Session, m Message) error {
	if s.Sent() < f.After {
		return f.Honest.Send(ctx, s, m)
	}
	s.Misdeed()
	b := append(m.Head(s.node.params.ChainParams.Net), m.Bytes()...)
	return errors.Join(s.Write(net.Buffers{b[:len(b)/2]}), errHungUp)
}

// SpeaksGarbage sends bytes that are no messages at all.
type SpeaksGarbage struct {
	Honest
	After int
	Seed  uint64
}

// Send sends garbage after some messages.
func (f SpeaksGarbage) Send(ctx context.Context, s *Session, m Message) error {
	if s.Sent() < f.After {
		return f.Honest.Send(ctx, s, m)
	}
	s.Misdeed()
	b := make([]byte, 4<<10)
	newStream(f.Seed, uint64(s.Sent())).fill(b)
	return s.Write(net.Buffers{b})
}

// SendsOversize announces a message larger than any may be.
type SendsOversize struct {
	Honest
	After int
}

// Send lies about the size of a message.
func (f SendsOversize) Send(ctx context.Context, s *Session, m Message) error {
	if s.Sent() < f.After {
		return f.Honest.Send(ctx, s, m)
	}
	s.Misdeed()
	head := m.Head(s.node.params.ChainParams.Net)
	binary.LittleEndian.PutUint32(head[16:], wire.MaxMessagePayload+1)
	return s.Write(append(net.Buffers{head}, m.Payload...))
}

// isReply reports whether a message answers a request for chain data.
func isReply(command string) bool {
	switch command {
	case wire.CmdHeaders, wire.CmdCFiltersV2, wire.CmdCFilterV2, wire.CmdBlock:
		return true
	}
	return false
}

// RepeatsItself sends every reply twice.
type RepeatsItself struct{ Honest }

// Send sends replies again.
func (f RepeatsItself) Send(ctx context.Context, s *Session, m Message) error {
	err := f.Honest.Send(ctx, s, m)
	if err == nil && isReply(m.Command) {
		s.Misdeed()
		err = f.Honest.Send(ctx, s, m)
	}
	return err
}

// AnswersUnasked sends filters and a block without a request, with each pong and each reply.
type AnswersUnasked struct{ Honest }

// Send adds these messages.
func (f AnswersUnasked) Send(ctx context.Context, s *Session, m Message) error {
	err := f.Honest.Send(ctx, s, m)
	if err != nil || !isReply(m.Command) && m.Command != wire.CmdPong {
		return err
	}
	s.Misdeed()
	c := s.Chain()
	if err := f.Honest.Send(ctx, s, c.CFilters(c.Height(), c.Height())); err != nil {
		return err
	}
	return f.Honest.Send(ctx, s, Encode(c.Block(c.Height()), s.pver))
}
