package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Apply takes the wallet along an update in one transaction, or in several if it takes
// back more than MaxStepRows transactions: those before the last one take back a part. The
// update must start at the front of the last locator, and its blocks must carry their
// transactions where their filters match a script of Steps.Scripts. When it returns
// grown, nothing was applied, because the wallet has come to watch more
// scripts, or these blocks need to be matched against more of them: the same
// blocks are to be matched again, and applied again.
//
// An update that starts at the place of the wallet before a rescan was requested
// applies nothing; one that shows that the chain was left below only reverts the
// blocks above the fork. The error is ErrNotConnected for an update that starts at no
// place of the wallet.
func (p *Applier) Apply(ctx context.Context, u chain.Update) (grown bool, err error) {
	if u.Empty() {
		return false, nil
	}
	a := application{Applier: p, u: &u}
	for first := true; first || a.goesOn(); first = false {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		err := a.store.Advance(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
			a.tx = tx
			next, err := a.run(s)
			if err == nil && next != nil {
				err = a.reviveHeirs(next.Tip.Height)
			}
			return next, err
		})
		if err != nil && !errors.Is(err, errAhead) || err != nil && !a.more {
			return false, fmt.Errorf("apply blocks from %d on: %w", state.Origin(&u).Height, err)
		}
	}
	return a.grown, nil
}

// application is the application of one update.
type application struct {
	*Applier
	tx *bolt.Tx
	u  *chain.Update

	// grown says that the blocks have to be matched again before they can be
	// applied.
	grown bool

	// more says that only a part was taken back, down to the block passed, or nothing
	// yet of what the books turned out to be ahead: the application is run again.
	more   bool
	passed consensus.BlockID

	// minedAgain are transactions that a block holds after another one, which was
	// disapproved of, or that count again because this one is gone. See reviveHeirs.
	minedAgain []chainhash.Hash

	// tip is the height of the tip before the blocks, and found that of the lowest block below it
	// in which something was found, zero if there is none.
	tip, found consensus.Height

	again   bool // it was run before
	waiting bool // there were unmined transactions before anything was taken back

	// left is the height, if ahead, of a block of the books that contradicts one of the update
	// below it: the books from there on are to be taken back. See errAhead.
	left  consensus.Height
	ahead bool
}

// run returns the snapshot after the update, or nil if nothing is to be stored.
func (a *application) run(s *state.Snapshot) (*state.Snapshot, error) {
	from, step := state.Origin(a.u), a.steps.current.Load()
	if from != s.Cursor && from != s.Tip {
		if a.again || step != nil && from == step.start {
			return nil, nil // the cursor was moved while the blocks were matched
		}
		return nil, fmt.Errorf("it starts at %d %s, the wallet is at %d %s: %w",
			from.Height, from.Hash, s.Cursor.Height, s.Cursor.Hash, ErrNotConnected)
	}
	if !a.again {
		a.waiting = s.Waiting != birthday.Unborn
	}
	if a.ahead {
		return a.leaveBooks(s)
	}
	on := s.Fork(a.u)
	if err := linked(on, a.u); err != nil {
		return nil, err
	}
	next := s.WithAccounts()
	common, forked, err := a.parted(s, from)
	if err != nil {
		return nil, err
	}
	if step != nil && step.lacks(s, on) {
		return nil, nil
	}
	left := forked || len(a.u.Reverted) > 0
	known := s.Tip // the highest block of the wallet's chain that is still on the chain
	if left {
		known = higher(on, common, forked)
	}
	if left {
		if done, err := a.goBack(next, s, on, known, common, forked); done || err != nil {
			return next, err
		}
	}
	next.ReachDates(a.u.Applied, known.Height)
	need := next.Needed(from, left, a.u)
	if !left && a.steps.widens(need) && a.endBelow(next.FirstNeeded(need, from, a.u)) {
		next.Birthdays.Dates = s.Birthdays.Dates
		next.ReachDates(a.u.Applied, known.Height)
		need = next.Needed(from, left, a.u)
		if common, _, err = a.parted(s, from); err != nil { // not above the blocks that are left
			return nil, err
		}
	}
	if a.steps.widen(need) {
		a.grown = true
		return nil, nil
	}
	next, moved, err := a.grow(next)
	if err != nil {
		return nil, err
	}
	if a.grown || moved { // nothing is applied, and no block has come or gone
		next.Birthdays = s.Birthdays
		return next, nil
	}
	if err := a.revert(next, on, common, forked); err != nil {
		return nil, err
	}
	if next.Scan() {
		next.Common = common
	}
	if err := a.addBlocks(next, on, step); !errors.Is(err, errAhead) || on == s.Tip {
		return next, err
	}
	a.ahead, a.more, a.passed = true, true, from
	return nil, errAhead
}

// goBack makes the birthdays of the next snapshot follow the chain, which has left the wallet's
// above the known block. Done says that what was built on blocks of the other branch is taken
// back, or a part of it, and that the update is not applied now.
func (a *application) goBack(
	next, s *state.Snapshot, on, known, common consensus.BlockID, forked bool,
) (done bool, err error) {
	to, back := a.retreat(s, on, common, forked)
	mid, more, err := a.halfway(s, to)
	if err != nil {
		return false, err
	}
	if more {
		return true, a.takePart(next, known, mid)
	}
	if back || s.LeavesFinal(known.Height) { // then birthdays are lowered before blocks are searched
		if err := next.LeaveBranch(a.tx, known, to); err != nil {
			return false, err
		}
		return true, a.rollback(next, to)
	}
	return false, next.LeaveBranch(a.tx, known, known)
}

// parted does what forked does if the update is from where old blocks are searched and takes nothing
// back; otherwise nothing new is known.
func (a *application) parted(s *state.Snapshot, from consensus.BlockID) (common consensus.BlockID, forked bool, err error) {
	if !s.Scan() || from != s.Cursor || len(a.u.Reverted) > 0 {
		return s.Common, false, nil
	}
	return a.forked(s)
}

// endBelow ends the update below a height, and reports whether blocks of it are left: these concern
// no script yet, and the blocks from the height on are those of another step. So filters below the
// first birthday are never asked for, whichever block the wallet stands at.
func (a *application) endBelow(h consensus.Height) bool {
	n := 0
	for n < len(a.u.Applied) && a.u.Applied[n].Height < h {
		n++
	}
	if n == 0 || n == len(a.u.Applied) {
		return false
	}
	a.u.Applied, a.u.More = a.u.Applied[:n:n], true
	return true
}

// revert takes the wallet back to the block that the update stands on, and to the common block
// if the chain was left below that.
func (a *application) revert(next *state.Snapshot, on, common consensus.BlockID, forked bool) error {
	if len(a.u.Reverted) > 0 {
		if err := a.rollback(next, on); err != nil {
			return err
		}
	}
	if forked {
		if err := a.rollback(next, common); err != nil {
			return err
		}
	}
	left := len(a.u.Reverted) > 0 || forked
	if a.tx.Bucket(state.ReleasingBucket) == nil || left || !goesAbove(a.u, next.Tip.Height) {
		return nil
	}
	// The chain goes on above the block that earlier steps went back to: it is not left further.
	if err := a.releaseTaken(nil); err != nil {
		return err
	}
	return a.reapprove(next, next.Tip.Height)
}

// goesAbove reports whether an update has blocks above a height.
func goesAbove(u *chain.Update, h consensus.Height) bool {
	return len(u.Applied) > 0 && u.Applied[len(u.Applied)-1].Height > h
}

// retreat returns the block to go back to, and to go on from with another update, if
// that is not where the update leaves the wallet's chain. Parted, the chain was left
// somewhere between the common block and the one the update stands on. And a block
// whose disapproval is taken back may hold unmined transactions that it did not tell
// of because it is below a birthday.
func (a *application) retreat(s *state.Snapshot, on, common consensus.BlockID, forked bool) (to consensus.BlockID, ok bool) {
	switch {
	case forked:
		to, ok = common, common.Height < on.Height
	case len(a.u.Reverted) > 0:
		to = on
	default:
		return to, false
	}
	if a.waiting && ledger.IsDisapproved(a.tx, to.Height) {
		return remembered.Below(s.Blocks, to.Height-1).BlockID, true
	}
	return to, ok
}

// higher returns the fork at which the chain leaves the wallet's, as far as it is
// known: the block that an update stands on, or if the wallet's chain parts above it
// the highest block known to be on both.
func higher(on, common consensus.BlockID, forked bool) consensus.BlockID {
	if forked {
		return common
	}
	return on
}

// grow extends the accounts' windows by what the blocks use. If that makes the
// wallet watch more scripts, they are all that is stored. Moved says that an account
// has become older: then the cursor went back, and this is not applied.
//
// A window may come to cover nothing but imported scripts: no script is new then, and the
// blocks are applied as they are. What these pay the scripts is use of the account now, which
// may make the window grow further.
func (a *application) grow(s *state.Snapshot) (next *state.Snapshot, moved bool, err error) {
	before, cursor, jobs, full := s.Count(), s.Cursor, len(s.Jobs), s.Full
	next = s
	for covered := ^uint64(0); covered != next.Covered(); {
		covered = next.Covered()
		if err := a.usage(next, a.u.Applied); err != nil {
			return nil, false, err
		}
		if next, err = a.edit(a.tx).Stretch(next, birthday.Born{}); err != nil {
			return nil, false, err
		}
	}
	if next.Full && !full {
		a.log.Warn("The wallet watches as many scripts as it can; payments to further addresses will not show", "scripts", next.Count())
	}
	if moved = next.Cursor != cursor || len(next.Jobs) != jobs; moved {
		return next, true, nil
	}
	if a.grown = next.Count() > before; a.grown && state.Origin(a.u) == s.Tip {
		next.Learn(before)
	}
	if a.grown && next.Scan() {
		next.Imports++
	}
	return next, false, nil
}

// addBlocks adds the blocks of an update, and moves the tip and the cursor.
func (a *application) addBlocks(s *state.Snapshot, on consensus.BlockID, step *step) error {
	if !s.Scan() && step != nil {
		s.ResolveFresh(on.Height, step.scripts)
	}
	forward, tip := on == s.Cursor, s.Tip.Height
	a.tip, a.found = tip, 0
	more := make([]remembered.Block, 0, len(a.u.Applied))
	missed := birthday.Unborn
	left, disapproved := rows.LastHeight(a.tx.Bucket(ledger.LeftBucket)), rows.LastHeight(a.tx.Bucket(ledger.DisapprovedBucket))
	for i := range a.u.Applied {
		b := &a.u.Applied[i]
		if b.Height > tip {
			missed = min(missed, s.Birthdays.Arrive(b.BlockID, s.Blocks))
		}
		if b.Height <= left {
			if err := a.rejoin(b.BlockID); err != nil {
				return err
			}
		}
		if err := a.add(s, b, b.Height <= disapproved+1); err != nil {
			return fmt.Errorf("block %d %s: %w", b.Height, b.Hash, err)
		}
		on = b.BlockID
		// What is remembered below the tip must be of the tip's chain.
		if b.Height > tip || i == len(a.u.Applied)-1 {
			more = append(more, remembered.Block{BlockID: b.BlockID, Time: uint32(b.Header.Timestamp())})
		}
	}
	if a.found != 0 { // above the blocks that were left, which callers of Since may know
		if err := ledger.PutFound(a.tx, max(tip, left), a.found); err != nil {
			return err
		}
	}
	if forward {
		s.MoveCursor(on)
	}
	if on.Height > s.Tip.Height {
		s.Tip = on
	}
	if !s.Scan() {
		s.Common = s.Cursor
	}
	if s.Tip == on {
		s.Complete = !a.u.More
	}
	if !a.u.More {
		s.StartScan()
	}
	s.Blocks = remembered.Keep(s.Blocks, more, remembered.Dense, s.Tip.Height, s.Cursor.Height, s.Common.Height)
	s.SearchAgain(missed, 0, a.seconds(), state.DiscoveryJob)
	return a.expire(s.Tip.Height)
}

// usage marks the addresses that blocks pay as used.
func (p *Applier) usage(s *state.Snapshot, blocks []chain.Block) error {
	for i := range blocks {
		b := &blocks[i]
		owner := p.store.OwnerAt(s, b.Height)
		err := txn.EachTx(b.Msg, func(_ txn.Place, tx *wire.MsgTx, kind txn.Kind) error {
			e := txn.Examine(tx, kind, owner)
			s.Use(&e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
