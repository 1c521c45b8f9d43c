package wallet

import (
	"sync/atomic"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
)

// step is one round of the syncer: it asks for the locator, matches the blocks
// that follow it against the scripts, and applies them.
type step struct {
	start   consensus.BlockID // the block at the front of the locator
	from    uint32            // the first script the blocks are matched against
	scripts uint32            // how many scripts there were when the step began
	id      int               // of the snapshot then
}

// steps remembers the newest step.
type steps struct {
	current atomic.Pointer[step]
}

// Locator returns the blocks to go on from, newest first, and begins a step:
// what Scripts returns from now on is what the blocks that follow are to be
// matched against. Its front is the tip, or a block far below it while new
// scripts are being searched for in old blocks. It is empty while nothing is
// watched. Asked for again before anything has changed, it is that of the other
// one of the two: where the search stands, the chain may end.
func (w *Wallet) Locator() []consensus.BlockID {
	s := w.store.Now()
	last := w.current.Load()
	locator := w.beginStep(s, last != nil && last.id == s.ID && last.start == s.Cursor)
	if s.Count() == 0 {
		return nil
	}
	return locator
}

// Scanned returns the last block that has been searched for everything, and
// whether anything is watched. While old blocks are searched it has no hash: the
// tip may be on a branch that the chain has left.
func (w *Wallet) Scanned() (at consensus.BlockID, watching bool) {
	s := w.store.Now()
	return s.Scanned(), s.Count() > 0
}

// beginStep begins a step at the cursor or at the tip, and returns its locator.
func (w *Wallet) beginStep(s *state.Snapshot, tip bool) []consensus.BlockID {
	st := step{start: s.Cursor, from: w.due(s), scripts: s.Count(), id: s.ID}
	if tip {
		st.start, st.from = s.Tip, w.dueAbove(s)
	}
	w.current.Store(&st)
	return s.Locate(st.start)
}

// Scripts returns the payment scripts that blocks are to be matched against,
// without stake tags, as the filters have them. The number changes whenever
// they do. The scripts must not be changed.
func (w *Wallet) Scripts() (scripts [][]byte, revision uint64) {
	s := w.store.Now()
	from := state.AllScripts
	if st := w.current.Load(); st != nil {
		from = min(st.from, s.Count())
	}
	return s.Pays[from:], uint64(from)<<32 | uint64(s.Count())
}

// Imports implements spv.Importer.
func (w *Wallet) Imports() uint64 { return w.store.Now().Imports }

// due returns the first script that the block after the cursor of an installed snapshot
// is to be matched against.
func (w *Wallet) due(s *state.Snapshot) uint32 {
	if s.Scan() {
		return s.Unsearched(s.Scanning, s.Cursor.Height)
	}
	return w.dueAbove(s)
}

// dueAbove does the same for the block after the tip.
func (w *Wallet) dueAbove(s *state.Snapshot) uint32 {
	return s.Concerning(w.store.FirstBirth(s), s.Tip.Height+1)
}

// widen makes the current step concern the scripts from a number on. It
// reports whether it concerned less before.
func (w *Wallet) widen(from uint32) bool {
	st := w.current.Load()
	if st == nil || st.from <= from {
		return false
	}
	wider := *st
	wider.from = from
	w.current.Store(&wider)
	return true
}
