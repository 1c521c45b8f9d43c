package wallet

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// away closes a wallet, lets the chain and the other wallets go on, and opens it again.
func (l *lifetime) away() {
	l.t.Helper()
	l.note("away")
	if err := errors.Join(l.x.Check(l.t.Context()), l.closeOne()); err != nil {
		l.fail("%v", err)
	}
	if l.rng.IntN(3) == 0 {
		l.goAnotherWay()
	}
	for range l.rng.IntN(6) {
		l.random()
		if l.set != nil {
			l.step(l.set, 1+l.rng.IntN(5))
		}
	}
	l.open()
}

// interrupt ends the process between two transactions of the file, if an update takes several.
func (l *lifetime) interrupt() {
	l.t.Helper()
	x := l.scanner()
	locator := x.Locator()
	if len(locator) == 0 {
		return
	}
	u := l.since(locator, 1+l.rng.IntN(12))
	scripts, _ := x.Scripts()
	l.fill(&u, scripts)
	ctx, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	stopWith := func(stop func(), in int) {
		l.timing.Lock()
		l.stop, l.stopIn = stop, in
		l.timing.Unlock()
	}
	stopWith(cancel, 1+l.rng.IntN(3))
	_, err := x.Apply(ctx, u)
	stopWith(nil, 0)
	var invalid *consensus.InvalidBlock
	l.note("interrupt: %v", err)
	switch {
	case errors.As(err, &invalid):
		l.invalid(invalid)
	case errors.Is(err, context.Canceled):
		for _, l.subject = range l.subjects {
			l.restart()
		}
	case err != nil:
		l.fail("%v", err)
	}
}

// saved is a copy of a wallet file, and what its user had done with it.
type saved struct {
	path string
	*subject
}

// clone returns a copy of what a user has done with a wallet.
func (s *subject) clone() *subject {
	c := *s
	c.o = &oracle{w: s.o.w, keys: s.o.keys, full: s.o.full}
	for _, a := range s.o.asked {
		same := *a
		same.births = slices.Clone(a.births)
		for branch := range same.late {
			same.late[branch] = maps.Clone(a.late[branch])
			for i, births := range same.late[branch] {
				same.late[branch][i] = slices.Clone(births)
			}
		}
		c.o.asked = append(c.o.asked, &same)
	}
	c.kept = make(map[chainhash.Hash]*keptTx)
	for hash, k := range s.kept {
		same := *k
		c.kept[hash] = &same
	}
	c.jobs, c.cursors, c.abandoned, c.labels, c.locked = slices.Clone(s.jobs), slices.Clone(s.cursors),
		maps.Clone(s.abandoned), maps.Clone(s.labels), maps.Clone(s.locked)
	return &c
}

// backup copies the wallet while it is in use, or if there is a copy puts that in its place: what
// was done with the wallet since is gone, and the chain has gone on.
func (l *lifetime) backup() {
	l.t.Helper()
	if l.saved == nil {
		o := &saved{filepath.Join(l.t.TempDir(), "copy"), l.subject.clone()}
		l.note("backup")
		if err := l.x.store.Backup(l.t.Context(), o.path); err != nil {
			l.fail("%v", err)
		}
		l.saved = o
		return
	}
	l.note("restore")
	o, path := l.saved, l.x.cfg.Path
	raw, err := os.ReadFile(o.path)
	if err = errors.Join(err, l.closeOne()); err != nil {
		l.fail("%v", err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		l.fail("%v", err)
	}
	x := l.x
	*l.subject = *o.subject
	l.x, l.saved, l.jumped = x, nil, true
	l.open()
}

// outdated has the user do something, or the chain go on, while the blocks of a step are
// fetched, which are applied all the same.
func (l *lifetime) outdated() {
	l.t.Helper()
	x := l.scanner()
	locator := x.Locator()
	if len(locator) == 0 {
		return
	}
	u := l.since(locator, 1+l.rng.IntN(12))
	scripts, revision := x.Scripts()
	l.fill(&u, scripts)
	if u.Empty() {
		return
	}
	l.note("a step from %v begins", locator[0])
	for range 1 + l.rng.IntN(3) {
		l.subject = l.subjects[l.rng.IntN(len(l.subjects))]
		acts := []func(){
			l.importAccount, l.importScript, l.issue, l.rescan, l.cancel, l.gapLimit, l.relay, l.publish, l.abandon,
			l.random, l.goAnotherWay,
		}
		acts[l.rng.IntN(len(acts))]()
	}
	l.note("the step ends")
	l.takeFilled(x, u, revision)
}

// goAnotherWay makes the chain leave a few blocks.
func (l *lifetime) goAnotherWay() {
	l.t.Helper()
	if depth := min(5, len(l.main)-1); !l.calm && depth > 0 {
		l.jumped = true
		l.reorganise(1 + l.rng.IntN(depth))
	}
}

// abandon gives up an unmined transaction.
func (l *lifetime) abandon() {
	l.t.Helper()
	before := l.poolOf(l.subject)
	hashes := slices.SortedFunc(maps.Keys(before), func(a, b chainhash.Hash) int { return bytes.Compare(a[:], b[:]) })
	if len(hashes) == 0 {
		return
	}
	hash := hashes[l.rng.IntN(len(hashes))]
	err := l.x.Abandon(l.t.Context(), hash)
	l.note("abandon %v: %v", hash, err)
	after := l.poolOf(l.subject)
	if err != nil || after[hash] != nil {
		l.fail("abandon %v: %v, it is unmined: %v", hash, err, after[hash] != nil)
	}
	for gone := range before {
		if after[gone] == nil {
			l.abandoned[gone] = true
			delete(l.kept, gone)
		}
	}
}

// damage harms a row that follows from the chain, and has a rescan repair it.
func (l *lifetime) damage() {
	l.t.Helper()
	if s := l.x.store.Now(); s.Scan() || s.Fresh < s.Count() {
		return // rows may be missing
	}
	l.sound.Lock()
	defer l.sound.Unlock()
	err := l.x.store.DB.Update(func(tx *bolt.Tx) error {
		name := [][]byte{ledger.SumsBucket, ledger.TicketsBucket, ledger.AgingBucket, ledger.CommitmentsBucket}[l.rng.IntN(4)]
		c := tx.Bucket(name).Cursor()
		k, v := c.First()
		switch {
		case k == nil:
			return nil
		case l.rng.IntN(2) == 0:
			return tx.Bucket(name).Delete(slices.Clone(k))
		}
		return tx.Bucket(name).Put(slices.Clone(k), append(slices.Clone(v), 1))
	})
	if err := errors.Join(err, l.closeOne()); err != nil {
		l.fail("%v", err)
	}
	l.open()
	var found *Repairable
	err = l.x.Check(l.t.Context())
	l.note("damage: %v", err)
	if err == nil {
		return // there was no such row
	}
	if !errors.As(err, &found) {
		l.fail("%v", err)
	}
	id, err := l.x.StartRescan(l.t.Context(), found.From)
	if err != nil {
		l.fail("rescan %d from %d: %v", id, found.From, err)
	}
	if err := l.x.Check(l.t.Context()); err != nil {
		l.fail("after the repair: %v", err)
	}
	l.older(found.From, id)
}

// write labels a transaction, and locks or unlocks an output.
func (l *lifetime) write() {
	l.t.Helper()
	ctx := l.t.Context()
	history, err := l.x.History(ctx, HistoryFilter{Count: 10})
	list, err2 := l.x.Unspent(ctx, OutputFilter{})
	if err := errors.Join(err, err2); err != nil {
		l.fail("%v", err)
	}
	if len(history) > 0 {
		hash, text := history[l.rng.IntN(len(history))].Hash, []string{"", "rent", "food"}[l.rng.IntN(3)]
		l.note("label %v %q", hash, text)
		if err := l.x.SetLabel(ctx, hash.String(), text); err != nil {
			l.fail("%v", err)
		}
		l.labels[hash.String()] = text
	}
	lock := l.rng.IntN(3) > 0
	var ops []wire.OutPoint
	for op := range l.locked {
		ops = append(ops, op)
	}
	if lock {
		ops = nil
		for _, o := range list {
			ops = append(ops, o.OutPoint)
		}
	}
	if len(ops) == 0 {
		return
	}
	slices.SortFunc(ops, func(a, b wire.OutPoint) int { return slices.Compare(rows.OutPointKey(a), rows.OutPointKey(b)) })
	op := ops[l.rng.IntN(len(ops))]
	l.note("lock %v %v", op, lock)
	if err := l.x.LockOutputs(ctx, lock, op); err != nil {
		l.fail("%v", err)
	}
	if delete(l.locked, op); lock {
		l.locked[op] = true
	}
}

// checkWritten wants the labels and locks to be those that were written.
func (l *lifetime) checkWritten() {
	l.t.Helper()
	for subject, text := range l.labels {
		var got string
		err := l.x.store.View(l.t.Context(), func(tx *bolt.Tx, _ *state.Snapshot) error {
			got = string(tx.Bucket(state.LabelsBucket).Get([]byte(subject)))
			return nil
		})
		if err != nil || got != text {
			l.fail("the label of %s is %q, want %q (%v)", subject, got, text, err)
		}
	}
	list, err := l.x.Locked(l.t.Context(), "")
	if err != nil || len(list) != len(l.locked) {
		l.fail("%d outputs are locked, want %d (%v)", len(list), len(l.locked), err)
	}
	for _, o := range list {
		if !l.locked[o.OutPoint] {
			l.fail("%v is locked", o.OutPoint)
		}
	}
}
