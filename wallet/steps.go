package wallet

import (
	"sync/atomic"

	"github.com/spvd/spvd/spv/chain"
)

// everyone and none are the first script of steps that concern all scripts, and
// no script.
const (
	everyone uint32 = 0
	none            = nobody
)

// step is one round of the syncer: it asks for the locator, matches the blocks
// that follow it against the scripts, and applies them.
type step struct {
	start   chain.BlockID // the block at the front of the locator
	from    uint32        // the first script the blocks are matched against
	scripts uint32        // how many scripts there were when the step began
}

// steps remembers the newest step.
type steps struct {
	current atomic.Pointer[step]
}

// Locator returns the blocks to go on from, newest first, and begins a step:
// what Scripts returns from now on is what the blocks that follow are to be
// matched against. Its front is the tip, or a block far below it while new
// scripts are being searched for in old blocks. It is empty while nothing is
// watched.
func (w *Wallet) Locator() []chain.BlockID {
	s := w.now.Load()
	w.current.Store(&step{start: s.cursor, from: s.due(), scripts: s.count()})
	if s.count() == 0 {
		return nil
	}
	return locate(s.blocks, s.cursor.Height)
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

// due returns the first script that the block after the cursor is to be matched
// against.
func (s *snapshot) due() uint32 {
	switch {
	case s.scan():
		return s.scanning
	case s.firstBirth(0, s.count()) > s.tip.Height+1:
		return none
	}
	return everyone
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
