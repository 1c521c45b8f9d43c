package testnet

import (
	"context"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
)

// editFilters changes the filters of an honest answer.
func editFilters(s *Session, answer []Message, edit func(c *Chain, fs []wire.MsgCFilterV2) []wire.MsgCFilterV2) []Message {
	for i, m := range answer {
		var msg wire.MsgCFiltersV2
		m.Decode(&msg, wire.ProtocolVersion)
		s.Misdeed()
		msg.CFilters = edit(s.Chain(), msg.CFilters)
		answer[i] = Encode(&msg, wire.ProtocolVersion)
	}
	return answer
}

// SendsWrongFilter changes a bit of the last filter.
type SendsWrongFilter struct{ Honest }

// CFilters changes the last one.
func (f SendsWrongFilter) CFilters(s *Session, start, end *chainhash.Hash) []Message {
	return editFilters(s, f.Honest.CFilters(s, start, end), func(_ *Chain, fs []wire.MsgCFilterV2) []wire.MsgCFilterV2 {
		last := fs[len(fs)-1].Data
		last[len(last)-1] ^= 1
		return fs
	})
}

// lateBy is how long a late reply takes: longer than a client with other peers waits, and
// less than the deadline of a request.
const lateBy = time.Second

// SendsWrongFiltersLate is SendsWrongFilter with replies that arrive after other peers have
// answered.
type SendsWrongFiltersLate struct{ SendsWrongFilter }

// Send waits before it sends filters.
func (f SendsWrongFiltersLate) Send(ctx context.Context, s *Session, m Message) error {
	if m.Command == wire.CmdCFiltersV2 {
		if err := wait.For(ctx, lateBy); err != nil {
			return err
		}
	}
	return f.Honest.Send(ctx, s, m)
}

// SwapsFilters sends the filter of another block under the name of the first
// one.
type SwapsFilters struct{ Honest }

// CFilters swaps the first one.
func (f SwapsFilters) CFilters(s *Session, start, end *chainhash.Hash) []Message {
	return editFilters(s, f.Honest.CFilters(s, start, end), func(c *Chain, fs []wire.MsgCFilterV2) []wire.MsgCFilterV2 {
		h, _ := c.Find(&fs[0].BlockHash)
		fs[0].Data = c.Filter((h + 1) % (c.Height() + 1))
		return fs
	})
}

// OmitsFilter leaves out a filter: one in the middle if there is a middle, so
// that the batch still begins and ends as it should.
type OmitsFilter struct{ Honest }

// CFilters leaves out one.
func (f OmitsFilter) CFilters(s *Session, start, end *chainhash.Hash) []Message {
	return editFilters(s, f.Honest.CFilters(s, start, end), func(_ *Chain, fs []wire.MsgCFilterV2) []wire.MsgCFilterV2 {
		i := len(fs) / 2
		return append(fs[:i], fs[i+1:]...)
	})
}

// AddsFilter sends a filter twice, again in the middle. It keeps a full batch full by leaving
// another one out.
type AddsFilter struct{ Honest }

// CFilters adds one.
func (f AddsFilter) CFilters(s *Session, start, end *chainhash.Hash) []Message {
	return editFilters(s, f.Honest.CFilters(s, start, end), func(_ *Chain, fs []wire.MsgCFilterV2) []wire.MsgCFilterV2 {
		i := len(fs) / 2
		if len(fs) == wire.MaxCFiltersV2PerBatch {
			fs[i] = fs[i-1]
			return fs
		}
		return slices.Insert(fs, i, fs[i])
	})
}

// SendsBadProof adds a step to the proof of every filter.
type SendsBadProof struct{ Honest }

// CFilters spoils the proofs.
func (f SendsBadProof) CFilters(s *Session, start, end *chainhash.Hash) []Message {
	return editFilters(s, f.Honest.CFilters(s, start, end), func(_ *Chain, fs []wire.MsgCFilterV2) []wire.MsgCFilterV2 {
		for i := range fs {
			fs[i].ProofHashes = append(fs[i].ProofHashes, chainhash.HashH(fs[i].Data))
		}
		return fs
	})
}

// HasFiltersLate announces a block before it has made the filter, as a node does that relays
// before it connects: it is silent to the first request for a tip on a connection.
type HasFiltersLate struct{ Honest }

// CFilters is silent about a new tip.
func (f HasFiltersLate) CFilters(s *Session, start, end *chainhash.Hash) []Message {
	tip := s.Chain().Tip()
	if *end == tip.Hash && s.firstAsked(tip) {
		s.Misdeed()
		return nil
	}
	return f.Honest.CFilters(s, start, end)
}

// firstAsked reports whether it is called for the first time for a block.
func (s *Session) firstAsked(id consensus.BlockID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asking == id {
		return false
	}
	s.asking = id
	return true
}
