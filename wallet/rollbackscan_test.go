package wallet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// TestSearchBetweenTheStepsOfARollback: between two steps of a rollback old blocks are searched.
// That ends nothing of the rollback, whatever branch the chain takes then: after it the wallet
// holds what one does that took one step.
func TestSearchBetweenTheStepsOfARollback(t *testing.T) {
	for _, back := range []bool{false, true} { // to the branch that was being left
		for seed := range uint64(6) {
			t.Run(fmt.Sprint(seed, back), func(t *testing.T) { searchBetweenSteps(t, seed, back) })
		}
	}
}

func searchBetweenSteps(t *testing.T, seed uint64, back bool) {
	t.Helper()
	w := busy(t, seed, 40)
	stored := func() {}
	x, whole := openSteps(t, filepath.Join(t.TempDir(), "w.db"), 3, func() { stored() }), openSteps(t, filepath.Join(t.TempDir(), "whole.db"), 1<<20)
	ctx, stop := context.WithCancel(t.Context())
	for _, each := range []*Wallet{x, whole} {
		importTest(t, each, "a", 1, AccountOptions{})
		w.sync(each, 100)
	}
	left := w.main
	w.cut(25)
	for range 27 {
		w.random()
	}
	if !back {
		w.sync(whole, 100)
	}
	u := w.since(x.steps.Locator(), 100)
	scripts, _ := x.steps.Scripts()
	w.fill(&u, scripts)
	stored = stop
	if _, err := x.applier.Apply(ctx, u); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := x.Rescan(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if back {
		w.main = left
		w.random()
		w.sync(whole, 100)
	}
	for range 3 {
		w.step(x, 4)
		if err := x.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.sync(x, 100)
	if err := x.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	same := func(x *Wallet) map[string]string {
		rows := contents(t, x)
		maps.DeleteFunc(rows, func(k, _ string) bool { return strings.HasPrefix(k, "jobs ") })
		return rows
	}
	sameContents(t, "after it", same(x), same(whole))
	if err := errors.Join(x.Close(), whole.Close()); err != nil {
		t.Error(err)
	}
}
