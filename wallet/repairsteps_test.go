package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// TestRepairBetweenTheStepsOfARollback: a process ends between two steps of a rollback, and
// rows of the file are damaged. A rescan repairs it, also if the process ends before the
// rescan has done anything, or between the steps of the rollback that it goes on with.
func TestRepairBetweenTheStepsOfARollback(t *testing.T) {
	for name, harm := range map[string]struct {
		damage func(tx *bolt.Tx) error
		lost   string // the bucket that may lack what was damaged
	}{
		"a sum": {func(tx *bolt.Tx) error { return tx.Bucket(ledger.SumsBucket).Put(rows.Key(0), []byte{1}) }, ""},
		"a transaction to be released": {func(tx *bolt.Tx) error {
			k, v := tx.Bucket(state.ReleasingBucket).Cursor().First()
			v = bytes.Clone(v)
			v[0] ^= 1
			return tx.Bucket(state.ReleasingBucket).Put(bytes.Clone(k), v)
		}, "unmined"},
	} {
		for steps := 1; steps <= 3; steps++ {
			for _, again := range []int{0, 1, 2} {
				t.Run(fmt.Sprintf("%s after %d steps, %d more", name, steps, again), func(t *testing.T) {
					repairBetweenSteps(t, harm.damage, harm.lost, steps, again)
				})
			}
		}
	}
}

func repairBetweenSteps(t *testing.T, damage func(tx *bolt.Tx) error, lost string, steps, again int) {
	t.Helper()
	w := busy(t, 1, 40)
	path := filepath.Join(t.TempDir(), "w.db")
	left, stop := 0, func() {}
	count := func() {
		if left--; left == 0 {
			stop()
		}
	}
	x, whole := openSteps(t, path, 3, count), openSteps(t, filepath.Join(t.TempDir(), "whole.db"), 1<<20)
	for _, each := range []*Wallet{x, whole} {
		importTest(t, each, "a", 1, AccountOptions{})
		w.sync(each, 100)
	}
	w.cut(25)
	for range 27 {
		w.random()
	}
	w.sync(whole, 100)
	// go on for a number of steps, and end
	interrupt := func(steps int) {
		ctx, cancel := context.WithCancel(t.Context())
		left, stop = steps, cancel
		u := w.since(x.steps.Locator(), 100)
		scripts, _ := x.steps.Scripts()
		w.fill(&u, scripts)
		_, err := x.applier.Apply(ctx, u)
		if cancel(); !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d steps: %v", steps, err)
		}
	}
	interrupt(steps)
	reopen := func() {
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		x = openSteps(t, path, 3, count)
	}
	if err := x.store.DB.Update(damage); err != nil {
		t.Fatal(err)
	}
	reopen()
	var found *Repairable
	if err := x.Check(t.Context()); !errors.As(err, &found) {
		t.Fatalf("the check says %v", err)
	}
	if err := x.Rescan(t.Context(), found.From); err != nil {
		t.Fatal(err)
	}
	if again > 0 {
		reopen()
	}
	if again > 1 {
		interrupt(1)
		reopen()
	}
	if err := x.Check(t.Context()); err != nil {
		t.Fatalf("before the end of the rescan: %v", err)
	}
	w.sync(x, 100)
	if err := x.Check(t.Context()); err != nil {
		t.Error(err)
	}
	same := func(x *Wallet) map[string]string {
		rows := contents(t, x)
		maps.DeleteFunc(rows, func(k, _ string) bool {
			return strings.HasPrefix(k, "jobs ") || lost != "" && strings.HasPrefix(k, lost+" ")
		})
		return rows
	}
	sameContents(t, "after the rescan", same(x), same(whole))
	if err := errors.Join(x.Close(), whole.Close()); err != nil {
		t.Error(err)
	}
}

// TestRepairKeepsBirthdays: a rescan that repairs a file begins while another one goes on, which
// has lowered the birthdays and is canceled then. They stay as low as the repair has made them.
func TestRepairKeepsBirthdays(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	for h := 1; h <= 30; h++ {
		regular := []*wire.MsgTx{w.coinbase(w.stranger(), 1)}
		if h == 5 || h == 25 {
			regular = append(regular, w.pay(anyone(), 100))
		}
		w.mine(nil, regular, true)
	}
	importScript(t, x, anyone(), 20)
	w.sync(x, 100)
	id, err := x.StartRescan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(tx *bolt.Tx) error {
		return tx.Bucket(ledger.SumsBucket).Put(rows.Key(ImportedAccount), []byte{1})
	}
	if err := errors.Join(x.store.DB.Update(sum), x.Rescan(t.Context(), 1), x.CancelJob(t.Context(), id)); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 7)
	b, err := x.Balances(t.Context(), 1)
	if err := errors.Join(err, x.Check(t.Context())); err != nil || b.Sum.Spendable != 200 {
		t.Errorf("%d spendable, want 200 (%v)", b.Sum.Spendable, err)
	}
}
