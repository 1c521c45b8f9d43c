package apply

import (
	"sync/atomic"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/store"
)

// step is one round of the syncer: it asks for the locator, matches the blocks
// that follow it against the scripts, and applies them.
type step struct {
	start   consensus.BlockID // the block at the front of the locator
	from    uint32            // the first script the blocks are matched against
	scripts uint32            // how many scripts there were when the step began
	id      int               // of the snapshot then
}

// lacks reports whether a step that stands on a block is too old to be applied: it began before a
// search for more scripts did, its blocks were not matched against these, and the search would
// take the blocks for searched, because it stands at that block too or goes back to it.
func (st *step) lacks(s *state.Snapshot, on consensus.BlockID) bool {
	return st.scripts < s.Fresh && on.Height <= s.Cursor.Height
}

// Steps makes the steps of a wallet, and remembers the newest one. It belongs to one caller at a
// time, the syncer.
type Steps struct {
	store   *store.Store
	current atomic.Pointer[step]
}

// Locator returns the blocks to go on from, newest first, and begins a step:
// what Scripts returns from now on is what the blocks that follow are to be
// matched against. Its front is the tip, or a block far below it while new
// scripts are being searched for in old blocks. It is empty while nothing is
// watched. Asked for again before anything has changed, it is that of the other
// one of the two: where the search stands, the chain may end.
func (p *Steps) Locator() []consensus.BlockID {
	s := p.store.Now()
	last := p.current.Load()
	locator := p.Begin(s, last != nil && last.id == s.ID && last.start == s.Cursor)
	if s.Count() == 0 {
		return nil
	}
	return locator
}

// Begin begins a step at the cursor or at the tip, and returns its locator.
func (p *Steps) Begin(s *state.Snapshot, tip bool) []consensus.BlockID {
	st := step{start: s.Cursor, from: p.due(s), scripts: s.Count(), id: s.ID}
	if tip {
		st.start, st.from = s.Tip, p.dueAbove(s)
	}
	p.current.Store(&st)
	return s.Locate(st.start)
}

// Scripts returns the payment scripts that blocks are to be matched against,
// without stake tags, as the filters have them. The number changes whenever
// they do. The scripts must not be changed.
func (p *Steps) Scripts() (scripts [][]byte, revision uint64) {
	s := p.store.Now()
	from := state.AllScripts
	if st := p.current.Load(); st != nil {
		from = min(st.from, s.Count())
	}
	return s.Pays[from:], uint64(from)<<32 | uint64(s.Count())
}

// due returns the first script that the block after the cursor of an installed snapshot
// is to be matched against.
func (p *Steps) due(s *state.Snapshot) uint32 {
	if s.Scan() {
		return s.Searched(s.Cursor.Height, s.Cursor.Height+1)
	}
	return p.dueAbove(s)
}

// dueAbove does the same for the block after the tip.
func (p *Steps) dueAbove(s *state.Snapshot) uint32 {
	return s.Concerning(p.store.FirstBirth(s), s.Tip.Height+1)
}

// widens reports whether widen would make the current step concern more scripts.
func (p *Steps) widens(from uint32) bool {
	st := p.current.Load()
	return st != nil && st.from > from
}

// widen makes the current step concern the scripts from a number on. It
// reports whether it concerned less before.
func (p *Steps) widen(from uint32) bool {
	if !p.widens(from) {
		return false
	}
	wider := *p.current.Load()
	wider.from = from
	p.current.Store(&wider)
	return true
}
