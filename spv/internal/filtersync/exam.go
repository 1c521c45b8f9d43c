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
	list := s.early.found
	s.early.found = nil
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
	e := s.early
	return Comparison{Open: e.sets.examining(), Asking: e.asking, Opinions: len(e.sets.opinions)}
}

// earlyAhead is how many pieces are asked of the peer that is examined at a time.
const earlyAhead = 4

// earlyExam is the examination of one peer, which is asked for its early filters.
type earlyExam struct {
	opinion *earlyOpinion
	ask     []int // the pieces it is asked for, in order
	started int   // of these
	ready   map[int]*earlyFetched
	applied int // pieces in the opinion
	bytes   int
	hash    consensus.EarlyFilterHash // over the pieces so far; used if it is asked for all
	next    []byte                    // the filter at DCP0005, once it has arrived; nil if there is none
}

// earlyFetched is one piece as it was served.
type earlyFetched struct {
	filters [][]byte
	sum     chainhash.Hash
	next    []byte // the filter at DCP0005, after the last piece
	bytes   int
}

// examiner proves the early filters on the chain, and compares those of single peers while they
// are not proven.
type examiner struct {
	deps    Deps
	restart func() // makes the plan start over above the filters on the chain

	store *chain.Chain
	live  []p2p.PeerID

	ledger *earlyLedger // which peers have served early filters
	sets   *earlySets   // by which they are compared
	exam   *earlyExam   // the peer that is examined; nil for none
	asking bool         // there was one when peers were last asked
	found  []Finding    // not taken by Found yet

	imported bool // a part of the early filters is from a snapshot, and not proven yet
}

// newExaminer returns an examiner without a store.
func newExaminer(deps Deps, restart func()) *examiner {
	return &examiner{deps: deps, restart: restart, ledger: newEarlyLedger(), sets: &earlySets{}}
}

// begin begins a phase on a store.
func (x *examiner) begin(store *chain.Chain) { x.store, x.exam = store, nil }

// covers reports whether a height is below the first committed filter.
func (x *examiner) covers(h consensus.Height) bool { return h < x.deps.Params.DCP0005 }

// avoid returns the peers to avoid for a chunk: all but those that have served this piece of
// the set that is to be used, if one of these is live.
func (x *examiner) avoid(start consensus.Height) []p2p.PeerID {
	supporters := x.sets.supporters(pieceOf(start))
	live := x.live
	if !slices.ContainsFunc(supporters, func(id p2p.PeerID) bool { return slices.Contains(live, id) }) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(live), func(id p2p.PeerID) bool { return slices.Contains(supporters, id) })
}

// judge checks the early filters when a batch has completed them. Without the known hash
// they are dropped from the last but one on, so that they are checked again when they are
// complete the next time; unless they are to be used. The error is that of the store.
func (x *examiner) judge(b *consensus.FilterBatch) error {
	active := x.deps.Params.DCP0005
	switch {
	case active == 0 || b.First().Height > active || x.store.Staged().Filters.Height < active-1:
		return nil
	case x.store.Staged().EarlyProven:
		return x.proven()
	case x.store.Staged().Filters.Height < active: // the next filter is part of the proof
		return nil
	}
	if x.imported { // no peer is asked to be compared with a snapshot
		x.imported = false
		x.deps.Log.Warn("Early filters, of which a snapshot had a part, do not have the known hash: fetching them again", "filters", x.deps.EarlyRange)
		return x.drop(0)
	}
	first, size, err := x.stagedPieces()
	if err != nil {
		return err
	}
	if x.sets.wrong(first, size) {
		x.ledger = newEarlyLedger()
		x.found = append(x.found, Unproven)
		return nil
	}
	if x.sets.target != nil {
		x.sets.discard()
	}
	x.found = append(x.found, Wrong)
	x.deps.Log.Warn("Early filters do not have the known hash", "filters", x.deps.EarlyRange, "bytes", size)
	return x.drop(active - 2)
}

// drop drops the filters above a height and starts the plan over there.
func (x *examiner) drop(above consensus.Height) error {
	if err := x.store.DropFilters(max(above, 0)); err != nil {
		return err
	}
	x.restart()
	return nil
}

// stagedPieces returns the hashes of the pieces on the chain, and the size of all.
func (x *examiner) stagedPieces() (sums []chainhash.Hash, size int, err error) {
	var sum pieceSum
	last := x.deps.Params.DCP0005 - 1
	err = x.store.EarlyFilters(0, func(h consensus.Height, filter []byte) {
		sum.add(filter)
		size += len(filter)
		if h == last || (h+1)%earlyPiece == 0 {
			sums = append(sums, sum.sum())
		}
	})
	return sums, size, err
}

// examine asks single peers for all early filters while it is open which are right.
func (x *examiner) examine(now time.Time) error {
	defer func() { x.asking = x.exam != nil }()
	if !x.sets.examining() {
		return nil
	}
	if e := x.exam; e != nil && !slices.Contains(x.live, e.opinion.peer) {
		x.exam = nil
	}
	if x.exam == nil {
		if err := x.beginExam(now); err != nil || x.exam == nil {
			return err
		}
	}
	e := x.exam
	for e.started < len(e.ask) && e.started-e.applied < earlyAhead {
		if err := x.askPiece(e, e.ask[e.started]); err != nil {
			return err
		}
		e.started++
	}
	return nil
}

// beginExam begins to examine the next peer, if there is one.
func (x *examiner) beginExam(now time.Time) error {
	id, ask := x.sets.next(x.live, x.deps.Peers.Group, now)
	if id == 0 {
		if x.sets.conclude(0); x.sets.target != nil { // nothing more is to be had
			return x.adopt()
		}
		x.sets.retry(now)
		return nil
	}
	x.sets.asked = append(x.sets.asked, id)
	x.exam = &earlyExam{
		opinion: &earlyOpinion{peer: id, group: x.deps.Peers.Group(id), pieces: make(map[int]chainhash.Hash)},
		ask:     ask,
		ready:   make(map[int]*earlyFetched),
		hash:    consensus.NewEarlyFilterHash(),
	}
	x.deps.Log.Info("Asking a peer for its early filters", "peer", id, "group", x.exam.opinion.group, "pieces", len(ask))
	return nil
}

// askPiece starts a job that requests one piece from the peer, chunk after chunk. The filter at
// DCP0005 is requested with the last piece: it is proven by its header, and may be part of the
// known hash. The error is that of the store.
func (x *examiner) askPiece(e *earlyExam, k int) error {
	from := consensus.Height(k) * earlyPiece
	targets, err := x.store.FilterTargets(from, int(min(from+earlyPiece, x.deps.Params.DCP0005+1)-from))
	if err != nil || len(targets) == 0 {
		return errors.Join(err, chain.ErrStale)
	}
	if k+1 == pieces(x.deps.Params.DCP0005) && (x.deps.Params.DCP0005)%earlyPiece == 0 {
		more, err := x.store.FilterTargets(x.deps.Params.DCP0005, 1)
		if err != nil {
			return err
		}
		targets = append(targets, more...)
	}
	var genesis []byte
	if from == 0 {
		if genesis, err = x.store.Filter(0); err != nil {
			return err
		}
		targets = targets[1:]
	}
	avoid := slices.DeleteFunc(slices.Clone(x.live), func(id p2p.PeerID) bool { return id == e.opinion.peer })
	x.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		f, err := x.fetchPiece(ctx, e.opinion.peer, avoid, targets, genesis)
		return func() error {
			if x.exam != e {
				return nil
			}
			if err != nil {
				x.deps.Log.Debug("No early filters to compare", "peer", e.opinion.peer, "piece", k, "err", err)
				x.exam = nil
				return nil
			}
			e.ready[k] = f
			return x.applyPieces(e)
		}
	})
	return nil
}

// fetchPiece fetches a piece from one peer and proves what it can. The error is that of the
// request, or a broken rule, of which the peer is accused.
func (x *examiner) fetchPiece(
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
		most := consensus.MaxFiltersPayload(x.deps.Params, part)
		payload, from, err := x.deps.Peers.CFilters(ctx, avoid, part[0].Hash, part[len(part)-1].Hash, most)
		if err != nil {
			return nil, err
		}
		batch, err := x.deps.prove(from, part, payload)
		if x.deps.Defects.Report(err) {
			return nil, err
		}
		if err != nil {
			x.deps.Peers.Accuse(from, err)
			return nil, err
		}
		if from != id {
			return nil, fmt.Errorf("peer %d answered for it", from)
		}
		for i := range batch.Len() {
			if part[i].Height >= x.deps.Params.DCP0005 {
				f.next = batch.Filter(i)
				continue
			}
			add(batch.Filter(i))
		}
	}
	f.sum = sum.sum()
	return f, nil
}

// applyPieces adds the pieces that have arrived to the opinion, in order, and records it when it
// is whole.
func (x *examiner) applyPieces(e *earlyExam) error {
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
	x.exam = nil
	e.opinion.fits = len(e.ask) == pieces(x.deps.Params.DCP0005) && e.hash.Check(x.deps.Params, e.next) == nil
	left := 0
	if id, _ := x.sets.next(x.live, x.deps.Peers.Group, time.Now()); id != 0 {
		left = 1
	}
	x.deps.Log.Info("Compared the early filters of a peer", "peer", e.opinion.peer, "fits", e.opinion.fits, "bytes", e.bytes)
	x.sets.add(e.opinion, e.bytes, left)
	if x.sets.target == nil {
		return nil
	}
	return x.adopt()
}

// adopt makes the filters on the chain those of the target: it drops them from the first piece on
// that differs.
func (x *examiner) adopt() error {
	k, differs := x.sets.differs()
	x.deps.Log.Info("Decided which early filters to use", "proven", x.sets.proven, "differ", differs, "piece", k)
	if !differs {
		return x.drop(x.deps.Params.DCP0005 - 2)
	}
	return x.drop(consensus.Height(k)*earlyPiece - 1)
}

// proven accuses the peers that have served other early filters than those that are proven
// now. The error is that of the store.
func (x *examiner) proven() error {
	x.found = append(x.found, Proven)
	if x.sets.first == nil {
		x.ledger = newEarlyLedger()
		return nil
	}
	right, _, err := x.stagedPieces()
	if err != nil {
		return err
	}
	check := ledgerCheck{ledger: x.ledger}
	if err := x.store.EarlyFilters(0, check.next); err != nil {
		return err
	}
	x.sets.target = right
	for _, id := range slices.Compact(slices.Sorted(slices.Values(append(check.liars, x.sets.liars()...)))) {
		x.deps.Peers.Accuse(id, fmt.Errorf("served filters within %s that are not those that the network has",
			x.deps.EarlyRange))
	}
	x.ledger, x.sets = newEarlyLedger(), &earlySets{}
	return nil
}
