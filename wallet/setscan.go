package wallet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
)

// The wallets of a set go along the chain together. Each stands at one or two
// blocks, its fronts: at its tip, and while old blocks are searched also at its
// cursor below. A step of the syncer covers all wallets that stand at one
// block. It is matched against all their scripts at once, and ends where other wallets
// stand, so that a lagging wallet joins the others there and one pass serves all of them
// from then on.
//
// Steps are taken in turns where the first one stands and where the last one
// does: while a wallet is searched for in old blocks, new ones are applied at once.
// Asked for a step again because there is nothing to do where the last one began, the
// set names another place, also one of the same height on another branch.

// front is a block where a wallet stands.
type front struct {
	named
	s   *state.Snapshot
	at  consensus.BlockID
	tip bool // its tip, and not its cursor
}

// setScan is the step in progress. The set's mutex guards it.
type setScan struct {
	ahead   bool                       // it began where the first wallet stood
	offered []consensus.BlockID        // where the steps began since the last one that was applied
	members []named                    // those that have not applied it yet
	stops   map[consensus.BlockID]bool // where others stand

	// list is what was matched last, of the wallets and with the numbers in of.
	list     [][]byte
	of       []scriptCount
	revision uint64
}

// scriptCount is the number of the scripts of a wallet.
type scriptCount struct {
	*Wallet
	revision uint64
}

// frontsLocked returns where the wallets stand that watch something, by name. The
// caller holds the lock.
func (s *Set) frontsLocked() []front {
	var list []front
	for _, n := range s.open {
		now := n.store.Now()
		if now.Count() == 0 || s.stoppedLocked(n) {
			continue
		}
		list = append(list, front{n, now, now.Cursor, false})
		if now.Scan() {
			list = append(list, front{n, now, now.Tip, true})
		}
	}
	return list
}

// Scanned implements spv.Wallet: it returns the block up to which all wallets
// have been searched for everything. If they stand at different blocks, it is
// the lowest height, without a hash.
func (s *Set) Scanned() (at consensus.BlockID, watching bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.frontsLocked() {
		switch {
		case f.tip:
		case !watching:
			at, watching = f.s.Scanned(), true
		case f.s.Scanned() != at:
			at = consensus.BlockID{Height: min(at.Height, f.at.Height)}
		}
	}
	return at, watching
}

// Locator implements spv.Wallet: it begins a step of all wallets that stand at
// the same block, and returns blocks that all of them remember.
func (s *Set) Locator() []consensus.BlockID {
	s.mu.Lock()
	defer s.mu.Unlock()
	fronts := s.frontsLocked()
	s.step.members, s.step.stops = nil, make(map[consensus.BlockID]bool)
	if len(fronts) == 0 {
		return nil
	}
	s.step.ahead = !s.step.ahead
	byHeight := func(a, b front) int { return int(a.at.Height - b.at.Height) }
	stands := func(id consensus.BlockID) bool {
		return slices.ContainsFunc(fronts, func(f front) bool { return f.at == id })
	}
	s.step.offered = slices.DeleteFunc(s.step.offered, func(id consensus.BlockID) bool { return !stands(id) })
	left := slices.DeleteFunc(slices.Clone(fronts), func(f front) bool { return slices.Contains(s.step.offered, f.at) })
	if len(left) == 0 { // the one that was offered longest ago: as many calls as there are places name all
		oldest := s.step.offered[0]
		left = slices.DeleteFunc(slices.Clone(fronts), func(f front) bool { return f.at != oldest })
		s.step.offered = slices.Delete(s.step.offered, 0, 1)
	}
	lead := slices.MinFunc(left, byHeight)
	if s.step.ahead {
		lead = slices.MaxFunc(left, byHeight)
	}
	s.step.offered = append(s.step.offered, lead.at)
	var locator []consensus.BlockID
	for _, f := range fronts {
		if f.at != lead.at {
			s.step.stops[f.at] = true
			continue
		}
		ids := f.steps.Begin(f.s, f.tip)
		if len(s.step.members) > 0 {
			ids = shared(locator, ids)
		}
		locator = ids
		s.step.members = append(s.step.members, f.named)
	}
	return locator
}

// shared returns the blocks that are in both of two locators.
func shared(a, b []consensus.BlockID) []consensus.BlockID {
	if slices.Equal(a, b) {
		return a
	}
	in := make(map[consensus.BlockID]bool, len(b))
	for _, id := range b {
		in[id] = true
	}
	return slices.DeleteFunc(a, func(id consensus.BlockID) bool { return !in[id] })
}

// Scripts implements spv.Wallet: it returns the scripts of all wallets that have
// not applied the step yet.
func (s *Set) Scripts() (scripts [][]byte, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.step
	var of []scriptCount
	var lists [][][]byte
	for _, m := range st.members {
		list, n := m.steps.Scripts()
		of, lists = append(of, scriptCount{m.Wallet, n}), append(lists, list)
	}
	if !slices.Equal(of, st.of) {
		st.of, st.list = of, slices.Concat(lists...)
		st.revision++
	}
	return st.list, st.revision
}

// Imports implements spv.Importer: it changes with the imports of each wallet, and when
// one that watches something was opened.
func (s *Set) Imports() uint64 { return s.imports.Load() }

// Apply implements spv.Wallet: it takes each wallet of the step along the update,
// up to the first block where another one stands, several at a time. A wallet that has come to watch
// more takes part in the step again, without those that have applied it. One that fails
// is left out from then on, see Troubles; the error is that of a block that is invalid.
func (s *Set) Apply(ctx context.Context, u chain.Update) (grown bool, err error) {
	s.mu.Lock()
	members := s.step.members
	cut(&u, s.step.stops)
	s.mu.Unlock()
	more, errs := make([]bool, len(members)), make([]error, len(members))
	sideBySide(len(members), func(i int) { more[i], errs[i] = s.applied(ctx, members[i], u) })
	var pending []named
	var invalid *consensus.InvalidBlock
	for i, m := range members {
		switch {
		case errs[i] != nil && s.closed(m):
		case errs[i] != nil && errors.As(errs[i], &invalid) || ctx.Err() != nil:
			return false, fmt.Errorf("%s: %w", m.name, cmp.Or(errs[i], context.Cause(ctx)))
		case errs[i] != nil:
			s.stop(m, errs[i])
		case more[i]:
			pending = append(pending, m)
		}
	}
	s.mu.Lock()
	s.step.members, s.step.offered = pending, nil
	s.mu.Unlock()
	return len(pending) > 0, nil
}

// applied takes one wallet along an update. A panic over what a block holds is an error of
// that wallet alone: it ends neither the others nor the process.
func (s *Set) applied(ctx context.Context, m named, u chain.Update) (grown bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.logger().Error("Defect of this program: a wallet has failed over a block",
				"wallet", m.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("apply blocks from %d on: defect of this program: %v", state.Origin(&u).Height, p)
		}
	}()
	return m.applier.Apply(ctx, u)
}

// cut ends an update at the first of some blocks that is in it.
func cut(u *chain.Update, stops map[consensus.BlockID]bool) {
	for i := range u.Applied {
		if i+1 < len(u.Applied) && stops[u.Applied[i].BlockID] {
			u.Applied, u.More = u.Applied[:i+1:i+1], true
			return
		}
	}
}

// closed reports whether a wallet was closed.
func (s *Set) closed(n named) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byName[n.name] != n.Wallet
}
