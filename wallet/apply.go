package wallet

import (
	"context"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
)

// Apply takes the wallet along an update in one transaction. The update must
// start at the front of the last locator, and its blocks must carry their
// transactions where their filters match a script of Scripts. When it returns
// grown, nothing was applied, because the wallet has come to watch more
// scripts, or these blocks need to be matched against more of them: the same
// blocks are to be matched again, and applied again.
//
// An update that starts where the wallet was before somebody asked for a
// rescan does nothing, and one that shows that the chain was left somewhere
// below only takes back what was built on that. The error is ErrNotConnected for one that never started
// anywhere.
func (w *Wallet) Apply(ctx context.Context, u chain.Update) (grown bool, err error) {
	if u.Empty() {
		return false, nil
	}
	err = w.advance(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		a := application{w: w, tx: tx, u: &u}
		next, err := a.run(s)
		grown = a.grown
		return next, err
	})
	if err != nil {
		return false, fmt.Errorf("apply blocks from %d on: %w", origin(&u).Height, err)
	}
	return grown, nil
}

// application is the application of one update.
type application struct {
	w  *Wallet
	tx *bolt.Tx
	u  *chain.Update

	lost map[chainhash.Hash]bool // what release found to be worthless

	// grown says that the blocks have to be matched again before they can be
	// applied.
	grown bool
}

// run returns the snapshot after the update, or nil if nothing is to be stored.
func (a *application) run(s *snapshot) (*snapshot, error) {
	from, step := origin(a.u), a.w.current.Load()
	if from != s.cursor && from != s.tip {
		if step != nil && from == step.start {
			return nil, nil // the cursor was moved while the blocks were matched
		}
		return nil, fmt.Errorf("it starts at %d %s, the wallet is at %d %s: %w",
			from.Height, from.Hash, s.cursor.Height, s.cursor.Hash, ErrNotConnected)
	}
	on := s.fork(a.u)
	if err := linked(on, a.u); err != nil {
		return nil, err
	}
	next := s.withAccounts()
	common, parted := s.common, false
	if s.scan() && from == s.cursor && len(a.u.Reverted) == 0 {
		var err error
		if common, parted, err = a.parted(s); err != nil {
			return nil, err
		}
	}
	if to, ok := a.retreat(s, on, common, parted); ok {
		return next, a.rollback(next, to)
	}
	if err := a.settleBirths(next); err != nil {
		return nil, err
	}
	left := parted || len(a.u.Reverted) > 0
	if a.w.widen(next.needed(from, left, a.u)) {
		a.grown = true
		return nil, nil
	}
	next, err := a.grow(next)
	if err != nil || a.grown {
		return next, err
	}
	if len(a.u.Reverted) > 0 {
		if err := a.rollback(next, on); err != nil {
			return nil, err
		}
	}
	if parted {
		if err := a.rollback(next, common); err != nil {
			return nil, err
		}
	}
	if next.scan() {
		next.common = common
	}
	return next, a.apply(next, on, step)
}

// retreat returns the block to go back to, and to go on from with another update, if
// that is not where the update leaves the wallet's chain. Parted, the chain was left
// somewhere between the common block and the one the update stands on. And a block
// whose disapproval is taken back may hold unmined transactions that it did not tell
// of because it is below a birthday.
func (a *application) retreat(s *snapshot, on, common chain.BlockID, parted bool) (to chain.BlockID, ok bool) {
	switch {
	case parted:
		to, ok = common, common.Height < on.Height
	case len(a.u.Reverted) > 0:
		to = on
	default:
		return to, false
	}
	if s.waiting && isDisapproved(a.tx, to.Height) {
		return blockBelow(s.blocks, to.Height-1).BlockID, true
	}
	return to, ok
}

// settleBirths makes heights of the birthdays whose date the blocks of an
// update reach.
func (a *application) settleBirths(s *snapshot) error {
	for i := range s.accounts {
		settleIn(&s.accounts[i].Birthday, a.u.Applied)
	}
	cloned := false
	for n := range s.scripts {
		sc := s.scripts[n]
		if sc.account != ImportedAccount || !settleIn(&sc.birthday, a.u.Applied) {
			continue
		}
		if !cloned {
			s.scripts, cloned = slices.Clone(s.scripts), true
		}
		s.scripts[n] = sc
		if err := a.tx.Bucket(scriptsBucket).Put(key32(uint32(n)), sc.encode()); err != nil {
			return err
		}
	}
	return nil
}

// settleIn settles a birthday at the first of some blocks that it includes.
func settleIn(d *Birthday, blocks []chain.Block) bool {
	if d.Time.IsZero() {
		return false
	}
	for i := range blocks {
		if d.settle(blocks[i].Height, blocks[i].Header.Time()) {
			return true
		}
	}
	return false
}

// needed returns the first script that the blocks of an update have to be
// matched against: those that new blocks concern if some are new, above the tip or
// because the wallet's chain was left.
func (s *snapshot) needed(from chain.BlockID, left bool, u *chain.Update) uint32 {
	if len(u.Applied) == 0 {
		return none
	}
	last := u.Applied[len(u.Applied)-1].Height
	if last > s.tip.Height || from == s.tip || left {
		return s.concerned(last)
	}
	if s.firstBirth(0, s.count()) > last {
		return none
	}
	return s.unsearched(s.scanning, from.Height)
}

// grow extends the accounts' windows by what the blocks use. If that makes the
// wallet watch more scripts, they are all that is stored.
func (a *application) grow(s *snapshot) (*snapshot, error) {
	before := s.count()
	if err := a.w.usage(s, a.u.Applied); err != nil {
		return nil, err
	}
	next, err := a.w.extend(a.tx, s)
	if err != nil {
		return nil, err
	}
	if a.grown = next.count() > before; a.grown && origin(a.u) == s.tip {
		next.learn(before)
	}
	return next, nil
}

// apply adds the blocks of an update, and moves the tip and the cursor.
func (a *application) apply(s *snapshot, on chain.BlockID, step *step) error {
	if !s.scan() {
		s.settleFresh(on, step)
	}
	forward, tip := on == s.cursor, s.tip.Height
	more := make([]block, 0, len(a.u.Applied))
	for i := range a.u.Applied {
		b := &a.u.Applied[i]
		if err := a.add(s, b); err != nil {
			return fmt.Errorf("block %d %s: %w", b.Height, b.Hash, err)
		}
		on = b.BlockID
		// What is remembered below the tip must be of the tip's chain.
		if b.Height > tip || i == len(a.u.Applied)-1 {
			more = append(more, block{b.BlockID, uint32(b.Header.Timestamp())})
		}
	}
	if forward {
		s.moveCursor(on)
	}
	if on.Height > s.tip.Height {
		s.tip = on
	}
	if !s.scan() {
		s.common = s.cursor
	}
	if s.tip == on {
		s.complete = !a.u.More
	}
	if !a.u.More {
		s.startScan()
	}
	s.blocks = remember(s.blocks, more, denseBlocks, s.tip.Height, s.cursor.Height, s.common.Height)
	return a.expire(s.tip.Height)
}

// settleFresh takes note that scripts which were not born when the step began
// need no search of their own: the step's blocks have been matched against
// them.
func (s *snapshot) settleFresh(on chain.BlockID, step *step) {
	if step == nil {
		return
	}
	for n := min(step.scripts, s.count()); s.fresh < n && s.birth(s.fresh) > on.Height; {
		s.fresh++
	}
}
