package testnet

import (
	"context"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// decodeHeaders returns the headers of a headers message.
func decodeHeaders(m Message) []*wire.BlockHeader {
	var msg wire.MsgHeaders
	m.Decode(&msg, wire.ProtocolVersion)
	return msg.Headers
}

// encodeHeaders returns the message with the headers.
func encodeHeaders(headers []*wire.BlockHeader) Message {
	return Encode(&wire.MsgHeaders{Headers: headers}, wire.ProtocolVersion)
}

// ForgesHeaders replaces the last header of each headers message by one that
// breaks a rule, and only that one.
type ForgesHeaders struct {
	Honest
	Forge func(c *Chain, h *consensus.Header) consensus.Header
}

// Headers forges the last one.
func (f ForgesHeaders) Headers(s *Session, locator []*chainhash.Hash, stop *chainhash.Hash) []Message {
	answer := f.Honest.Headers(s, locator, stop)
	for i, m := range answer {
		headers := decodeHeaders(m)
		if len(headers) == 0 {
			continue
		}
		s.Misdeed()
		last := &headers[len(headers)-1]
		honest := seal(*last)
		forged := f.Forge(s.Chain(), &honest)
		*last = open(&forged)
		answer[i] = encodeHeaders(headers)
	}
	return answer
}

// Announce announces nothing, and so no forged header.
func (ForgesHeaders) Announce(*Session, News) []Message { return nil }

// open decodes a header.
func open(h *consensus.Header) *wire.BlockHeader {
	var w wire.BlockHeader
	if err := w.FromBytes(h[:]); err != nil {
		panic("testnet: decode own header: " + err.Error())
	}
	return &w
}

// forges returns the forger of a rule.
func forges(what string) ForgesHeaders {
	return ForgesHeaders{Forge: map[string]func(*Chain, *consensus.Header) consensus.Header{
		"bad work":   unsolve,
		"bad bits":   resolve(func(_ *Chain, w *wire.BlockHeader) { w.Bits-- }),
		"bad height": resolve(func(_ *Chain, w *wire.BlockHeader) { w.Height++ }),
		"future": resolve(func(_ *Chain, w *wire.BlockHeader) {
			w.Timestamp = time.Now().Add(3 * time.Hour)
		}),
		"bad time": resolve(func(c *Chain, w *wire.BlockHeader) {
			w.Timestamp = time.Unix(consensus.MedianTime(c, consensus.Height(w.Height)-1), 0)
		}),
	}[what]}
}

// resolve returns a forger that changes fields and finds a new proof-of-work.
func resolve(edit func(*Chain, *wire.BlockHeader)) func(*Chain, *consensus.Header) consensus.Header {
	return func(c *Chain, h *consensus.Header) consensus.Header {
		w := open(h)
		edit(c, w)
		forged := seal(w)
		solve(c.params, &forged)
		return forged
	}
}

// unsolve finds a nonce without enough work.
func unsolve(c *Chain, h *consensus.Header) consensus.Header {
	w := open(h)
	forged := *h
	for solved(c.params, &forged) {
		w.Nonce++
		forged = seal(w)
	}
	return forged
}

// How much FloodsBranches and SpamsHeaders send with each answer.
const (
	floodBranches = 3 // new branches
	floodBlocks   = 10
	spamHeaders   = 10 // messages
)

// FloodsBranches sends new branches from all over the chain, with every reply. None has as
// much work as the chain.
type FloodsBranches struct{ Honest }

// Send adds branches that no request asks for.
func (f FloodsBranches) Send(ctx context.Context, s *Session, m Message) error {
	err := f.Honest.Send(ctx, s, m)
	if !isReply(m.Command) {
		return err
	}
	c := s.Chain()
	most := int(c.Height()) - 2*floodBlocks
	for i := 0; err == nil && most > 0 && i < floodBranches; i++ {
		s.Misdeed()
		chance := newStream(uint64(s.Sent()), uint64(i))
		at := consensus.Height(chance.below(most))
		branch := c.Fork(at, floodBlocks, chance.pcg.Uint64())
		err = f.Honest.Send(ctx, s, branch.Headers(at+1, branch.Height()))
	}
	return err
}

// SpamsHeaders sends the newest headers repeatedly, with every reply.
type SpamsHeaders struct{ Honest }

// Send adds headers that no request asks for.
func (f SpamsHeaders) Send(ctx context.Context, s *Session, m Message) error {
	err := f.Honest.Send(ctx, s, m)
	if !isReply(m.Command) {
		return err
	}
	c := s.Chain()
	for i := 0; err == nil && i < spamHeaders; i++ {
		s.Misdeed()
		err = f.Honest.Send(ctx, s, c.Headers(max(1, c.Height()-99), c.Height()))
	}
	return err
}

// NeverEnds answers every getheaders with a full message from the start of the chain, so that
// there always seem to be more.
type NeverEnds struct{ Honest }

// Headers starts with the first block again.
func (NeverEnds) Headers(s *Session, _ []*chainhash.Hash, _ *chainhash.Hash) []Message {
	s.Misdeed()
	c := s.Chain()
	return []Message{c.Headers(1, min(c.Height(), wire.MaxBlockHeadersPerMsg))}
}

// ShowsKnownHeaders answers every getheaders with a full message of headers from far below
// the locator: the client knows all of them, the last one too.
type ShowsKnownHeaders struct{ Honest }

// Headers starts at the newest block of the locator after which there is a full message of
// known headers.
func (f ShowsKnownHeaders) Headers(s *Session, locator []*chainhash.Hash, stop *chainhash.Hash) []Message {
	c := s.Chain()
	newest := consensus.Height(-1)
	for _, hash := range locator {
		h, ok := c.Find(hash)
		if !ok {
			continue
		}
		newest = max(newest, h)
		if h+wire.MaxBlockHeadersPerMsg < newest {
			s.Misdeed()
			return []Message{c.Headers(h+1, h+wire.MaxBlockHeadersPerMsg)}
		}
	}
	return f.Honest.Headers(s, locator, stop)
}
