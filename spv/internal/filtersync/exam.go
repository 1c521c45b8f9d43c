package filtersync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Finding is what was found out about the early filters.
type Finding uint8

// The findings.
const (
	Wrong    Finding = iota + 1 // the set that was received does not have the known hash
	Unproven                    // neither does the set that peers agree on, which is used
	Proven                      // the set has the known hash
)

// Found removes and returns what was found out about the early filters since the last call.
func (s *Sync) Found() []Finding {
	list := s.found
	s.found = nil
	return list
}

// Comparison is how the comparison of early filters stands.
type Comparison struct {
	Open     bool // it is not decided yet: no other filters are fetched
	Asking   bool // a peer is asked for its set
	Opinions int  // the number of peers that have been compared
}

// Comparison returns how the comparison of early filters stands.
func (s *Sync) Comparison() Comparison {
	return Comparison{Open: s.sets.examining(), Asking: s.asking, Opinions: len(s.sets.opinions)}
}

// earlyAhead is how many pieces are asked of the peer that is examined at a time.
const earlyAhead = 4

// earlyExam is a peer that is asked for its early filters.
type earlyExam struct {
	opinion *earlyOpinion
	ask     []int // the pieces it is asked for, in order
	started int   // of these
	ready   map[int]*earlyFetched
	applied int // pieces in the opinion
	bytes   int
	hash    consensus.EarlyFilterHash // over the pieces so far; used if it is asked for all
	next    []byte                    // the filter at DCP0005, once it has come; nil if there is none
}

// earlyFetched is one piece as it was served.
type earlyFetched struct {
	filters [][]byte
	sum     chainhash.Hash
	next    []byte // the filter at DCP0005, after the last piece
	bytes   int
}

// early reports whether a height is below the first committed filter.
func (s *Sync) early(h consensus.Height) bool { return h < s.deps.Params.DCP0005 }

// earlyAvoid returns the peers not to be asked for a chunk: all but those that have served
// this piece of the set that is to be used, if one of them is there.
func (s *Sync) earlyAvoid(start consensus.Height) []p2p.PeerID {
	supporters := s.sets.supporters(pieceOf(start))
	live := s.live
	if !slices.ContainsFunc(supporters, func(id p2p.PeerID) bool { return slices.Contains(live, id) }) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(live), func(id p2p.PeerID) bool { return slices.Contains(supporters, id) })
}

// judgeEarly looks at the early filters when a batch has completed them. The ones that do
// not fit are kept up to the last but one, so that they are compared again when they are
// complete the next time; unless they are to be used.
func (s *Sync) judgeEarly(b *consensus.FilterBatch) error {
	active := s.deps.Params.DCP0005
	switch {
	case active == 0 || b.First().Height > active || s.store.Staged().Filters.Height < active-1:
		return nil
	case s.store.Staged().EarlyProven:
		return s.earlyProven()
	case s.store.Staged().Filters.Height < active: // the next filter is part of the proof
		return nil
	}
	first, size, err := s.stagedPieces()
	if err != nil {
		return err
	}
	if s.sets.wrong(first, size) {
		s.ledger = newEarlyLedger()
		s.found = append(s.found, Unproven)
		return nil
	}
	if s.sets.target != nil {
		s.sets.discard()
	}
	s.found = append(s.found, Wrong)
	s.deps.Log.Warn("Early filters do not have the known hash", "filters", s.deps.EarlyRange, "bytes", size)
	return s.holdEarly(active - 2)
}

// holdEarly drops the filters above a height and starts the plan over there.
func (s *Sync) holdEarly(above consensus.Height) error {
	if err := s.store.DropFilters(max(above, 0)); err != nil {
		return err
	}
	s.Restart()
	return nil
}

// stagedPieces returns the hashes of the pieces on the chain, and the size of all.
func (s *Sync) stagedPieces() (sums []chainhash.Hash, size int, err error) {
	var sum pieceSum
	last := s.deps.Params.DCP0005 - 1
	err = s.store.EarlyFilters(0, func(h consensus.Height, filter []byte) {
		sum.add(filter)
		size += len(filter)
		if h == last || (h+1)%earlyPiece == 0 {
			sums = append(sums, sum.sum())
		}
	})
	return sums, size, err
}

// examine asks single peers for all early filters while it is open which are right.
func (s *Sync) examine(now time.Time) error {
	defer func() { s.asking = s.exam != nil }()
	if !s.sets.examining() {
		return nil
	}
	if e := s.exam; e != nil && !slices.Contains(s.live, e.opinion.peer) {
		s.exam = nil
	}
	if s.exam == nil {
		if err := s.beginExam(now); err != nil || s.exam == nil {
			return err
		}
	}
	e := s.exam
	for e.started < len(e.ask) && e.started-e.applied < earlyAhead {
		if err := s.askPiece(e, e.ask[e.started]); err != nil {
			return err
		}
		e.started++
	}
	return nil
}

// beginExam chooses the next peer, if there is one.
func (s *Sync) beginExam(now time.Time) error {
	id, ask := s.sets.next(s.live, s.deps.Peers.Group, now)
	if id == 0 {
		if s.sets.conclude(0); s.sets.target != nil { // nothing more is to be had
			return s.adopt()
		}
		s.sets.retry(now)
		return nil
	}
	s.sets.asked = append(s.sets.asked, id)
	s.exam = &earlyExam{
		opinion: &earlyOpinion{peer: id, group: s.deps.Peers.Group(id), pieces: make(map[int]chainhash.Hash)},
		ask:     ask,
		ready:   make(map[int]*earlyFetched),
		hash:    consensus.NewEarlyFilterHash(),
	}
	s.deps.Log.Info("Asking a peer for its early filters", "peer", id, "group", s.exam.opinion.group, "pieces", len(ask))
	return nil
}

// askPiece asks the peer for one piece, chunk after chunk. The filter at DCP0005 comes with
// the last piece: it is proven by its header, and may be part of the known hash.
func (s *Sync) askPiece(e *earlyExam, k int) error {
	from := consensus.Height(k) * earlyPiece
	targets, err := s.store.FilterTargets(from, int(min(from+earlyPiece, s.deps.Params.DCP0005+1)-from))
	if err != nil || len(targets) == 0 {
		return errors.Join(err, chain.ErrStale)
	}
	if k+1 == pieces(s.deps.Params.DCP0005) && (s.deps.Params.DCP0005)%earlyPiece == 0 {
		more, err := s.store.FilterTargets(s.deps.Params.DCP0005, 1)
		if err != nil {
			return err
		}
		targets = append(targets, more...)
	}
	var genesis []byte
	if from == 0 {
		if genesis, err = s.store.Filter(0); err != nil {
			return err
		}
		targets = targets[1:]
	}
	avoid := slices.DeleteFunc(slices.Clone(s.live), func(id p2p.PeerID) bool { return id == e.opinion.peer })
	s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		f, err := s.fetchPiece(ctx, e.opinion.peer, avoid, targets, genesis)
		return func() error {
			if s.exam != e {
				return nil
			}
			if err != nil {
				s.deps.Log.Debug("No early filters to compare", "peer", e.opinion.peer, "piece", k, "err", err)
				s.exam = nil
				return nil
			}
			e.ready[k] = f
			return s.applyPieces(e)
		}
	})
	return nil
}

// fetchPiece fetches filters of one peer.
func (s *Sync) fetchPiece(
	ctx context.Context, id p2p.PeerID, avoid []p2p.PeerID, targets []consensus.FilterTarget, genesis []byte,
) (*earlyFetched, error) {
	f := &earlyFetched{}
	var sum pieceSum
	add := func(filter []byte) {
		f.filters = append(f.filters, filter)
		f.bytes += len(filter)
		sum.add(filter)
	}
	if genesis != nil {
		add(genesis)
	}
	for len(targets) > 0 {
		part := targets[:min(ChunkSize, len(targets))]
		targets = targets[len(part):]
		most := consensus.MaxFiltersPayload(s.deps.Params, part)
		payload, from, err := s.deps.Peers.CFilters(ctx, avoid, part[0].Hash, part[len(part)-1].Hash, most)
		if err != nil {
			return nil, err
		}
		batch, err := s.prove(from, part, payload)
		if s.deps.Defects.Report(err) {
			return nil, err
		}
		if err != nil {
			s.deps.Peers.Accuse(from, err)
			return nil, err
		}
		if from != id {
			return nil, fmt.Errorf("peer %d answered for it", from)
		}
		for i := range batch.Len() {
			if part[i].Height >= s.deps.Params.DCP0005 {
				f.next = batch.Filter(i)
				continue
			}
			add(batch.Filter(i))
		}
	}
	f.sum = sum.sum()
	return f, nil
}

// applyPieces takes the pieces that have come, in order, and the opinion when it is whole.
func (s *Sync) applyPieces(e *earlyExam) error {
	for e.applied < len(e.ask) {
		f := e.ready[e.ask[e.applied]]
		if f == nil {
			return nil
		}
		delete(e.ready, e.ask[e.applied])
		e.opinion.pieces[e.ask[e.applied]] = f.sum
		e.bytes += f.bytes
		for _, filter := range f.filters {
			e.hash.Add(filter)
		}
		e.next = f.next
		e.applied++
	}
	s.exam = nil
	e.opinion.fits = len(e.ask) == pieces(s.deps.Params.DCP0005) && e.hash.Check(s.deps.Params, e.next) == nil
	left := 0
	if id, _ := s.sets.next(s.live, s.deps.Peers.Group, time.Now()); id != 0 {
		left = 1
	}
	s.deps.Log.Info("Compared the early filters of a peer", "peer", e.opinion.peer, "fits", e.opinion.fits, "bytes", e.bytes)
	s.sets.add(e.opinion, e.bytes, left)
	if s.sets.target == nil {
		return nil
	}
	return s.adopt()
}

// adopt makes the filters on the chain those of the target: what is before the first piece
// that differs stays.
func (s *Sync) adopt() error {
	k, differs := s.sets.differs()
	s.deps.Log.Info("Decided which early filters to use", "proven", s.sets.proven, "differ", differs, "piece", k)
	if !differs {
		return s.holdEarly(s.deps.Params.DCP0005 - 2)
	}
	return s.holdEarly(consensus.Height(k)*earlyPiece - 1)
}

// earlyProven names the peers that served something else before the early filters were
// found to be right.
func (s *Sync) earlyProven() error {
	s.found = append(s.found, Proven)
	if s.sets.first == nil {
		s.ledger = newEarlyLedger()
		return nil
	}
	right, _, err := s.stagedPieces()
	if err != nil {
		return err
	}
	check := ledgerCheck{ledger: s.ledger}
	if err := s.store.EarlyFilters(0, check.next); err != nil {
		return err
	}
	s.sets.target = right
	for _, id := range slices.Compact(slices.Sorted(slices.Values(append(check.liars, s.sets.liars()...)))) {
		s.deps.Peers.Accuse(id, fmt.Errorf("served filters within %s that are not those that the network has",
			s.deps.EarlyRange))
	}
	s.ledger, s.sets = newEarlyLedger(), &earlySets{}
	return nil
}
