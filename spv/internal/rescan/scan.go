package rescan

import (
	"context"
	"log/slog"
	"runtime"
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
	store *chain.Reader
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
func (s *Scan) Open(store *chain.Reader) {
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

// NewestBlocks is how many blocks at the tip of the filters the wallet is not given while
// the chain is being caught up with: one peer alone may have shown them yet. They are
// matched and fetched nevertheless.
const NewestBlocks consensus.Height = 2016

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

// WalletChanged reads how far the wallet is: it may watch something else, or have gone back to
// search old blocks again. A step that is composed or applied is left alone, but for the
// scripts it is matched against: once it was given to the wallet, the parts of the wallet that
// have applied it need no other one in its place.
func (s *Scan) WalletChanged() {
	s.lacks = 0 // the filter may not be needed any longer
	s.reread()
}

// reread is WalletChanged for what the scan itself has done: filters that it lacks are lacking still.
func (s *Scan) reread() {
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
