package rescan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/blocks"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/match"
	"github.com/spvd/spvd/spv/p2p"
)

// stepTime is how long anything that the wallet could have waits for more of it:
// what is applied is what survives a kill, and what the status shows.
const stepTime = 300 * time.Millisecond

// Wallet is what the chain is scanned for; see spv.Books.
type Wallet interface {
	Scanned() (at consensus.BlockID, watching bool)
	Locator() []consensus.BlockID
	Scripts() (scripts [][]byte, revision uint64)
	Apply(ctx context.Context, u chain.Update) (grown bool, err error)
}

// Deps are what a Scan needs.
type Deps struct {
	Wallet  Wallet
	Blocks  *blocks.Fetcher
	Accuse  func(id p2p.PeerID, evidence error)
	Jobs    *jobs.Group
	Defects *defect.Reporter
	Log     *slog.Logger
}

// Scan takes the wallet along, in steps. A step is an update that begins where the wallet stands.
type Scan struct {
	deps  Deps
	store *chain.Chain
	turns chan struct{} // to match; as many as there are processors

	scanned  consensus.BlockID // how far the wallet was searched for; the filters' tip without one
	watching bool              // there is a wallet that needs blocks
	scripts  int               // that it watches
	moved    bool              // these may have changed since Moved was called
	lacks    consensus.Height  // the lowest filter below the store's floor that a step waits for; zero for none

	progress // of the current phase
}

// progress is what a phase has begun.
type progress struct {
	step    *track        // where the current step starts; nil while there is none
	tracks  []*track      // those of earlier steps, the newest first
	placing bool          // a job finds out where the next step starts
	working bool          // the step is composed or applied
	writing bool          // the wallet applies a step, which may have been dropped since
	grew    bool          // the step was given to the wallet, which watches more since
	update  *chain.Update // the step; nil until it is composed
	since   time.Time     // the last step
	spare   []*match.Matcher
	memory  []chain.Block // of the last step's blocks, for those of the next one
}

// Supply is what a scan may use.
type Supply struct {
	Peers int  // that are live
	Tight bool // headers are held too: no more than half of HeldBytes is for blocks
}

// New returns a scan without a store.
func New(deps Deps) *Scan {
	return &Scan{deps: deps, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Open makes it scan a store that was opened, and reads how far the wallet is.
func (s *Scan) Open(store *chain.Chain) {
	s.store = store
	s.readPosition()
}

// Begin begins a phase: the jobs of the one before have ended, and what they did is done again.
func (s *Scan) Begin() { s.progress = progress{} }

// Position returns the last block up to which the wallet was searched for, and whether it watches
// anything. Without that it is the tip of the filters.
func (s *Scan) Position() (at consensus.BlockID, watching bool) { return s.scanned, s.watching }

// Scripts returns the number of scripts that the wallet watches.
func (s *Scan) Scripts() int { return s.scripts }

// Moved reports whether the position or what the wallet watches may have changed since the last
// call.
func (s *Scan) Moved() bool {
	moved := s.moved
	s.moved = false
	return moved
}

// track is what is done ahead of a place where the wallet stands.
type track struct {
	plan    *scanPlan
	list    watchlist
	ctx     context.Context // of the jobs
	cancel  context.CancelFunc
	tip     consensus.BlockID   // of the filters when the chain was last seen to lead there
	locator []consensus.BlockID // the wallet's, for the step that starts here
	reverts bool                // the step begins with blocks to take back
}

// NewestBlocks is how many blocks at the tip of the filters the wallet is not given while
// the chain is being caught up with: one peer alone may have shown them yet. They are
// matched and fetched nevertheless.
const NewestBlocks consensus.Height = 2016

// keptTracks is how many places are remembered besides that of the step: a wallet
// may be searched for at its tip and in old blocks in turns.
const keptTracks = 2

// Done reports whether the wallet is at the tip of the filters.
func (s *Scan) Done() bool {
	return !s.working && !s.writing && s.scanned == s.store.State().Filters
}

// Lacks returns the lowest height whose filter a step waits for, because the store does not keep
// it, and whether there is one. It is known when the step is due.
func (s *Scan) Lacks() (h consensus.Height, any bool) {
	return s.lacks, s.lacks > 0 && s.lacks < s.store.State().Floor
}

// Lag returns how many blocks the wallet is behind the tip of the filters.
func (s *Scan) Lag() consensus.Height {
	if !s.watching {
		return 0
	}
	return s.store.State().Filters.Height - s.scanned.Height
}

// ToTip takes the wallet along to the tip of the filters.
func (s *Scan) ToTip(with Supply) {
	tip := s.store.State().Filters
	if !s.watching {
		s.scanned = tip
	}
	if !s.Done() {
		s.upTo(tip.Height, with)
	}
}

// Behind takes the wallet along behind the filters that are written, while headers and filters
// are fetched. Filters below DCP0005 may be replaced until they are proven.
func (s *Scan) Behind(with Supply) {
	state := s.store.State()
	limit := state.Filters.Height - NewestBlocks
	if s.watching && state.EarlyProven && s.scanned.Height < limit {
		s.upTo(limit, with)
	}
}

// upTo takes the wallet along up to a height, by starting what is due: a step,
// matching and fetching ahead, and the end of the step. Below the tip of the filters
// updates say that there are more blocks, so that the wallet does not search for what
// it has found in older blocks before it is at the tip.
func (s *Scan) upTo(limit consensus.Height, with Supply) {
	tip := s.store.State().Filters
	if s.placing || s.step == nil && s.writing {
		return
	}
	if s.step != nil && !s.working && tip != s.step.tip && !s.leadsTo(s.step, tip) {
		s.drop()
	}
	if s.step == nil && !s.begin(tip, limit) {
		return
	}
	t := s.step
	floor := s.store.State().Floor
	if base := t.plan.base.Height; !s.working && s.isLacking(base, floor, t.list.count()) {
		s.drop()
		return
	}
	t.plan.room = HeldBytes
	if with.Tight {
		t.plan.room /= 2
	}
	step := stepBlocks
	if limit < tip.Height {
		step /= 4 // headers and filters need memory too
	}
	end := min(limit, t.plan.base.Height+step)
	if t.plan.base.Height+1 < floor { // nothing is matched below the floor, and from there on it may be
		end = min(end, floor-1)
	}
	last, whole := t.plan.ready(end, t.list.count())
	if limit < tip.Height && last < t.plan.base.Height+step {
		whole = whole && t.reverts // more filters will be written
	}
	if !s.working && (last > t.plan.base.Height || t.reverts && whole) && (whole || time.Since(s.since) >= stepTime) {
		s.compose(t, last)
	}
	s.matchAhead(t, tip.Height)
	s.fetchAhead(t, with.Peers)
}

// isLacking reports whether a step from a height, with a number of scripts to match, needs filters
// below the floor, and records which.
func (s *Scan) isLacking(base, floor consensus.Height, scripts int) bool {
	if scripts == 0 || base+1 >= floor {
		return false
	}
	if _, any := s.Lacks(); !any || base+1 < s.lacks {
		s.lacks = base + 1
	}
	return true
}

// leadsTo reports whether the chain up to a tip goes through a track's place.
func (s *Scan) leadsTo(t *track, tip consensus.BlockID) bool {
	t.tip = tip
	hash, err := s.store.Hash(t.plan.base.Height)
	return err == nil && hash == t.plan.base.Hash
}

// begin begins a step towards a height where the wallet says, and reports whether it is
// known where on the chain that is. Otherwise a job finds out.
func (s *Scan) begin(tip consensus.BlockID, limit consensus.Height) bool {
	var seen []consensus.BlockID // where there is nothing to do, there may be somewhere else
	s.lacks = 0
	floor := s.store.State().Floor
	for {
		locator := s.deps.Wallet.Locator()
		if len(locator) == 0 || slices.Contains(seen, locator[0]) {
			break
		}
		seen = append(seen, locator[0])
		if locator[0] == tip || limit < tip.Height && locator[0].Height >= limit {
			continue
		}
		if scripts, _ := s.deps.Wallet.Scripts(); s.isLacking(locator[0].Height, floor, len(scripts)) {
			continue
		}
		t := s.resume(locator)
		if t == nil {
			s.place(locator, tip)
			return false
		}
		if t.list.take(s.deps.Wallet.Scripts()) || tip != t.tip && !s.leadsTo(t, tip) {
			t.cancel()
			s.place(locator, tip)
			return false
		}
		s.step = t
		return true
	}
	s.WalletChanged()
	return false
}

// resume returns the track of a place, if there is one, and takes it off the list.
func (s *Scan) resume(locator []consensus.BlockID) *track {
	i := slices.IndexFunc(s.tracks, func(t *track) bool { return t.plan.base == locator[0] })
	if i < 0 {
		return nil
	}
	t := s.tracks[i]
	s.tracks = slices.Delete(s.tracks, i, i+1)
	t.locator = locator
	return t
}

// leave ends the step and keeps its track.
func (s *Scan) leave() {
	s.tracks = slices.Insert(s.tracks, 0, s.step)
	s.step, s.working, s.grew, s.update, s.since = nil, false, false, nil, time.Now()
	for len(s.tracks) > keptTracks {
		s.tracks[keptTracks].cancel()
		s.tracks = s.tracks[:keptTracks]
	}
}

// drop ends the step and its jobs.
func (s *Scan) drop() {
	s.step.cancel()
	s.step, s.working, s.grew, s.update = nil, false, false, nil
}

// Held returns the bytes of the blocks that are on their way or wait to be applied.
func (s *Scan) Held() (n int) {
	for _, t := range s.tracks {
		n += t.plan.size
	}
	if s.step != nil {
		n += s.step.plan.size
	}
	return n
}

// keeps reports whether a track was not dropped.
func (s *Scan) keeps(t *track) bool { return t == s.step || slices.Contains(s.tracks, t) }

// place finds out where on the chain the wallet stands, and begins a track and a step
// there.
func (s *Scan) place(locator []consensus.BlockID, tip consensus.BlockID) {
	s.placing = true
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		u, err := s.store.Since(locator, 0)
		return func() error {
			s.placing = false
			if err != nil {
				return err
			}
			t := &track{plan: newScanPlan(forkOf(locator, &u)), tip: tip, locator: locator, reverts: len(u.Reverted) > 0}
			t.ctx, t.cancel = context.WithCancel(s.deps.Jobs.Context())
			t.list.take(s.deps.Wallet.Scripts())
			s.step, s.since = t, time.Now()
			return nil
		}
	})
}

// forkOf returns the block of a locator that an update stands on.
func forkOf(locator []consensus.BlockID, u *chain.Update) consensus.BlockID {
	return locator[len(u.Reverted)]
}

// jobsPerProcessor is how many stretches are handed out for each processor: enough to
// keep it busy while the wallet is written, which waits for the disk.
const jobsPerProcessor = 4

// matchAhead starts the matching that is due.
func (s *Scan) matchAhead(t *track, tip consensus.Height) {
	for {
		st, ok := t.plan.take(tip, t.list.count(), jobsPerProcessor*cap(s.turns))
		if !ok {
			return
		}
		s.matchStretch(t, st)
	}
}

// matchStretch matches a stretch against the scripts that it was not matched against
// yet.
func (s *Scan) matchStretch(t *track, st *stretch) {
	watched, first, last := t.list.count(), st.first, st.last
	set, m := t.list.since(st.watched), s.matcher()
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		end, found, err := s.match(t.ctx, m, set, first, last)
		return func() error {
			s.spare = append(s.spare, m)
			if s.keeps(t) && err == nil && !t.plan.matched(st, watched, end, found) {
				err = chain.ErrStale
			}
			return s.judge(t, err)
		}
	})
}

// judge returns the error of a job for a track if it matters. That blocks have left
// the chain ends the track: the scan goes on from the fork.
func (s *Scan) judge(t *track, err error) error {
	var bad *consensus.InvalidBlock
	switch {
	case errors.As(err, &bad):
		return bad
	case err == nil || !s.keeps(t):
		return nil
	case !blocks.LeftChain(err):
		return err
	case t == s.step:
		s.drop()
	default:
		t.cancel()
		s.tracks = slices.DeleteFunc(s.tracks, func(o *track) bool { return o == t })
	}
	return nil
}

// matcher returns a matcher that no job uses.
func (s *Scan) matcher() *match.Matcher {
	if len(s.spare) == 0 {
		return new(match.Matcher)
	}
	m := s.spare[len(s.spare)-1]
	s.spare = s.spare[:len(s.spare)-1]
	return m
}

// fetchAhead fetches the matched blocks that there is room for.
func (s *Scan) fetchAhead(t *track, peers int) {
	wanted := blocks.OnMain(s.store)
	for {
		h, ok := t.plan.fetch(peers)
		if !ok {
			return
		}
		s.deps.Jobs.Do(func(context.Context) jobs.Result {
			msg, from, err := s.deps.Blocks.Fetch(t.ctx, h.BlockID, &h.header, wanted)
			return func() error {
				if err == nil {
					t.plan.fetched(h.Height, msg, from)
				}
				return s.judge(t, err)
			}
		})
	}
}

// compose makes the step of what is matched and fetched up to a height.
func (s *Scan) compose(t *track, last consensus.Height) {
	base, locator, watched := t.plan.base, t.locator, t.list.count()
	ends, matched := t.plan.ends(last), t.plan.upTo(last)
	memory := s.memory
	s.working, t.plan.applying, s.memory = true, true, nil
	s.deps.Jobs.Do(func(context.Context) jobs.Result {
		u, err := s.compiled(memory, locator, base, last, ends, matched)
		return func() error {
			switch {
			case err != nil || t != s.step:
				return s.judge(t, err)
			case watched != t.list.count():
				s.working, t.plan.applying = false, false
				return nil
			}
			s.update = &u
			s.apply(t)
			return nil
		}
	})
}

// apply gives the wallet the step, in a job: many wallets take their time, and the
// chain goes on meanwhile. No other step begins before it is done.
func (s *Scan) apply(t *track) {
	u := s.update
	if u.Empty() {
		s.applied(t)
		return
	}
	s.writing = true
	s.deps.Jobs.Do(func(ctx context.Context) jobs.Result {
		grown, err := s.deps.Wallet.Apply(ctx, *u)
		return func() error {
			s.writing = false
			var bad *consensus.InvalidBlock
			switch {
			case errors.As(err, &bad):
				if from := t.plan.sender(bad.Block); from != 0 {
					s.deps.Accuse(from, bad) // no node that checks blocks has it
				}
				return bad
			case err != nil:
				return fmt.Errorf("wallet: %w", err)
			case t != s.step:
				s.WalletChanged()
			case grown:
				s.grown(t)
			default:
				s.applied(t)
			}
			return nil
		}
	})
}

// grown abandons the step because the wallet watches more scripts now, and has applied
// nothing: the plan matches the same blocks against these scripts and fetches what
// matches, within its bounds, and the next step starts at the same block.
func (s *Scan) grown(t *track) {
	t.list.extend(s.deps.Wallet.Scripts())
	clear(s.update.Applied) // it keeps no transactions
	s.memory = s.update.Applied
	s.working, s.grew, s.update, t.plan.applying = false, true, nil, false
}

// applied ends the step that the wallet was taken along.
func (s *Scan) applied(t *track) {
	u := s.update
	base := t.plan.base
	if n := len(u.Applied); n > 0 {
		base = u.Applied[n-1].BlockID
	}
	t.plan.advance(base)
	t.reverts = false
	clear(u.Applied) // it keeps no transactions
	s.memory = u.Applied
	s.leave()
	s.WalletChanged()
}

// WalletChanged reads how far the wallet is: it may watch something else, or have gone back to
// search old blocks again. A step that is composed or applied is left alone, but for the
// scripts it is matched against: once it was given to the wallet, the parts of the wallet that
// have applied it need no other one in its place.
func (s *Scan) WalletChanged() {
	s.readPosition()
	switch t := s.step; {
	case t == nil || s.working:
	case s.grew:
		t.list.extend(s.deps.Wallet.Scripts())
	case t.list.take(s.deps.Wallet.Scripts()):
		s.drop()
	}
}

// readPosition reads how far the wallet is, or that there is nothing to scan for.
func (s *Scan) readPosition() {
	s.moved = true
	s.scanned, s.watching = s.deps.Wallet.Scanned()
	scripts, _ := s.deps.Wallet.Scripts()
	s.scripts = len(scripts)
	if !s.watching {
		s.scanned = s.store.State().Filters
	}
}

// Abandon drops the step and all that was matched and fetched ahead, because blocks were found
// to be invalid.
func (s *Scan) Abandon() {
	if s.step != nil {
		s.drop()
	}
	for _, t := range s.tracks {
		t.cancel()
	}
	s.tracks = nil
}
