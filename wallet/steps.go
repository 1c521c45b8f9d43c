package wallet

import (
	"slices"
	"sync/atomic"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// everyone and none are the first script of steps that concern all scripts, and
// no script.
const (
	everyone uint32 = 0
	none            = txn.NoScript
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
	s := w.now.Load()
	last := w.current.Load()
	locator := w.beginStep(s, last != nil && last.id == s.id && last.start == s.cursor)
	if s.count() == 0 {
		return nil
	}
	return locator
}

// Scanned returns the last block that has been searched for everything, and
// whether anything is watched. While old blocks are searched it has no hash: the
// tip may be on a branch that the chain has left.
func (w *Wallet) Scanned() (at consensus.BlockID, watching bool) {
	s := w.now.Load()
	return s.scanned(), s.count() > 0
}

func (s *snapshot) scanned() consensus.BlockID {
	if s.scan() {
		return consensus.BlockID{Height: s.cursor.Height}
	}
	return s.cursor
}

// sure reports whether the cursor is known to be below the tip.
func (s *snapshot) sure() bool { return s.cursor.Height <= s.common.Height }

// moveCursor moves the cursor to a remembered block. Where it was is forgotten
// unless that is known to be below the tip: what is remembered besides the
// cursor is of the tip's chain.
func (s *snapshot) moveCursor(to consensus.BlockID) {
	if was := s.cursor; was != to && s.scan() && !s.sure() {
		s.blocks = slices.DeleteFunc(slices.Clone(s.blocks), func(b block) bool { return b.BlockID == was })
	}
	s.cursor = to
}

// beginStep begins a step at the cursor or at the tip, and returns its locator.
func (w *Wallet) beginStep(s *snapshot, tip bool) []consensus.BlockID {
	st := step{start: s.cursor, from: w.due(s), scripts: s.count(), id: s.id}
	if tip {
		st.start, st.from = s.tip, w.dueAbove(s)
	}
	w.current.Store(&st)
	return s.locate(st.start)
}

// locate returns a locator from the tip or the cursor on. The cursor may be on
// the chain as it is now, and the tip on one that was left: then it is no block
// below the tip.
func (s *snapshot) locate(from consensus.BlockID) []consensus.BlockID {
	ids := locate(s.blocks, from.Height)
	if from == s.cursor || s.sure() {
		return ids
	}
	return slices.DeleteFunc(ids, func(id consensus.BlockID) bool { return id == s.cursor })
}

// Scripts returns the payment scripts that blocks are to be matched against,
// without stake tags, as the filters have them. The number changes whenever
// they do. The scripts must not be changed.
func (w *Wallet) Scripts() (scripts [][]byte, revision uint64) {
	s := w.now.Load()
	from := everyone
	if st := w.current.Load(); st != nil {
		from = min(st.from, s.count())
	}
	return s.pays[from:], uint64(from)<<32 | uint64(s.count())
}

// Imports implements spv.Importer.
func (w *Wallet) Imports() uint64 { return w.now.Load().imports }

// due returns the first script that the block after the cursor of an installed snapshot
// is to be matched against.
func (w *Wallet) due(s *snapshot) uint32 {
	if s.scan() {
		return s.unsearched(s.scanning, s.cursor.Height)
	}
	return w.dueAbove(s)
}

// dueAbove does the same for the block after the tip.
func (w *Wallet) dueAbove(s *snapshot) uint32 {
	return s.concerning(w.births.first(s), s.tip.Height+1)
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
