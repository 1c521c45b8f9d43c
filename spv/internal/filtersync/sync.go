package filtersync

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Pauses before a chunk of filters is requested again: doubled each time.
const (
	chunkPause    = 50 * time.Millisecond
	maxChunkPause = 3 * time.Second
)

// Peers is the network as a Sync needs it; see spv.Peers.
type Peers interface {
	CFilters(ctx context.Context, avoid []p2p.PeerID, start, end chainhash.Hash, most int) (
		payload []byte, from p2p.PeerID, err error)
	Group(id p2p.PeerID) string
	Accuse(id p2p.PeerID, evidence error)
}

// Deps are what a Sync needs.
type Deps struct {
	Params  *consensus.Params
	Peers   Peers
	Jobs    *jobs.Group
	Defects *defect.Reporter
	Log     *slog.Logger

	// EarlyRange names the early filters in sentences, as "1–99".
	EarlyRange string
}

// Sync fetches the filters of one run.
type Sync struct {
	deps  Deps
	store *chain.Chain
	plan  *filterPlan // of the current phase, and of the current main chain
	live  []p2p.PeerID

	bytes, filters int // that were received and not taken by Received yet
	proving        int // jobs that prove late replies

	early *examiner // of the early filters
}

// New returns a sync without a store.
func New(deps Deps) *Sync {
	s := &Sync{deps: deps, plan: newFilterPlan(0)}
	s.early = newExaminer(deps, s.Restart)
	return s
}

// Begin begins a phase on a store: all jobs have ended, and what they did is done again.
func (s *Sync) Begin(store *chain.Chain) {
	s.store, s.proving = store, 0
	s.early.begin(store)
	s.Restart()
}

// Imported records that a part of the early filters is from a snapshot, and nothing proves them
// yet: if all of them do not have the known hash, they are fetched from the peers again before any
// peer is compared with others.
func (s *Sync) Imported() { s.early.imported = true }

// Restart drops the filters that are requested or wait, because the main chain has changed: those
// above the fork have to be fetched again.
func (s *Sync) Restart() { s.plan = newFilterPlan(s.store.Staged().Filters.Height) }

// Idle reports whether nothing is requested or waits to be applied.
func (s *Sync) Idle() bool { return s.plan.idle() }

// Delay returns the filters that all others wait for, if live peers were asked for them in vain.
func (s *Sync) Delay() Delay { return s.plan.delay(s.live) }

// Received returns the size in bytes and the number of the filters that were received since the
// last call.
func (s *Sync) Received() (bytes, filters int) {
	bytes, filters = s.bytes, s.filters
	s.bytes, s.filters = 0, 0
	return bytes, filters
}

// Fetch requests as many chunks of filters from the live peers as the window allows, up to the end
// of the chain or of a gap in the filters. A chunk that is not full is requested only at the end of
// a gap, or if partial is set, when the end of the chain is known. While early filters are compared,
// it asks single peers for these instead.
func (s *Sync) Fetch(live []p2p.PeerID, partial bool, now time.Time) error {
	s.live, s.early.live = live, live
	staged := s.store.Staged()
	end := staged.Tip.Height
	if staged.Above.Any() {
		end, partial = staged.Above.First-1, true
	}
	for !s.early.sets.examining() {
		c, ok := s.plan.take(end, len(live), partial, now)
		if !ok {
			break
		}
		if err := s.fetchChunk(c); err != nil {
			return err
		}
	}
	return s.early.examine(now)
}

// fetchChunk requests a chunk from a peer, and proves the reply.
func (s *Sync) fetchChunk(c chunk) error {
	targets, err := s.store.FilterTargets(c.start, c.n)
	if err != nil {
		return err
	}
	plan, start, end := s.plan, targets[0].Hash, targets[len(targets)-1].Hash
	most := consensus.MaxFiltersPayload(s.deps.Params, targets)
	if s.early.covers(c.start) {
		c.avoid = slices.Concat(c.avoid, s.early.avoid(c.start))
	}
	s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		if wait.For(ctx, c.pause()) != nil {
			return nil
		}
		payload, from, err := s.deps.Peers.CFilters(ctx, c.avoid, start, end, most)
		var batch *consensus.FilterBatch
		if err == nil {
			batch, err = s.deps.prove(from, targets, payload)
		}
		return func() error {
			if plan != s.plan { // the chain was reorganised meanwhile
				s.accuse(from, err)
				return nil
			}
			if err != nil {
				s.chunkFailed(c, from, err)
				return nil
			}
			if s.early.covers(c.start) && s.plan.awaits(c.start) {
				s.early.ledger.note(from, batch)
			}
			s.bytes, s.filters = s.bytes+len(payload), s.filters+batch.Len()
			s.plan.arrived(batch, len(payload), time.Now())
			return nil
		}
	})
	return nil
}

// chunkFailed returns a chunk to the plan. A peer that sent filters that are not the committed
// ones is accused; silence proves nothing.
func (s *Sync) chunkFailed(c chunk, from p2p.PeerID, err error) {
	s.deps.Log.Debug("No filters", "from", c.start, "to", c.end(), "peer", from, "err", err)
	s.plan.failed(c.start, from)
	s.accuse(from, err)
}

// accuse accuses a peer if an error is a proven fault, and reports a defect.
func (s *Sync) accuse(id p2p.PeerID, err error) {
	if s.deps.Defects.Report(err) {
		return
	}
	var broken *consensus.RuleError
	if errors.As(err, &broken) && broken.Rule.Proven() {
		s.deps.Peers.Accuse(id, broken)
	}
}

// prove proves the filters of a cfiltersv2 message.
func (d *Deps) prove(from p2p.PeerID, targets []consensus.FilterTarget, payload []byte) (*consensus.FilterBatch, error) {
	return defect.Contain(from, func() (*consensus.FilterBatch, error) {
		return consensus.ProveFilters(d.Params, targets, payload)
	})
}

// Ready reports whether the filters that are next in the order of heights have arrived.
func (s *Sync) Ready() bool { return s.plan.holds() }

// Apply adds these filters to the chain, where they are staged.
func (s *Sync) Apply() error {
	batch := s.plan.pop()
	if err := s.store.AddFilters(batch); err != nil {
		return err
	}
	return s.early.judge(batch)
}

// pause returns how long to wait before the chunk is requested.
func (c chunk) pause() time.Duration {
	if c.tries == 0 {
		return 0
	}
	return min(chunkPause<<min(c.tries, 10), maxChunkPause)
}
