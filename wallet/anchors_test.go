package wallet

import (
	"slices"
	"testing"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/state"
)

// TestOnlyNewAfterALeftBlock: an address is imported for new blocks only, which are those
// after a block that the wallet has left by then. Its birthday falls to the fork, so that a
// payment of the block beside it counts.
func TestOnlyNewAfterALeftBlock(t *testing.T) {
	for _, higher := range []int{0, 3} { // how many blocks the wallet is above that block
		w := newWorld(t, 1)
		x := openTest(t, Birthday{})
		if err := x.ImportScript(t.Context(), w.stranger(), nil); err != nil { // so that it follows the chain
			t.Fatal(err)
		}
		for range 10 {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
		}
		w.sync(x, 5)
		left := w.tip().BlockID
		pay := w.stranger()
		w.cut(1)
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), w.pay(pay, 7)}, true)
		for range higher {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
		}
		w.sync(x, 5)
		after := Birthday{After: left}
		if err := x.ImportScript(t.Context(), pay, &after); err != nil {
			t.Fatal(err)
		}
		w.sync(x, 5)
		for range 2 {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
			w.sync(x, 5)
		}
		b, err := x.Balances(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if total := b.Accounts[len(b.Accounts)-1].Total; total != 7 {
			t.Errorf("%d blocks above: total %d, want 7", higher, total)
		}
	}
}

// TestOnlyNewBehind: a wallet at 5 imports an address for blocks after 10, which the chain then
// leaves at 7. What the blocks of the other branch up to 10 pay the address counts, though it was
// not looked for: only with its own block 10 does the wallet find that the other one is left.
func TestOnlyNewBehind(t *testing.T) {
	for _, limit := range []int{1, 2, 20} {
		w := newWorld(t, 1)
		x := openTest(t, Birthday{})
		if err := x.ImportScript(t.Context(), w.stranger(), nil); err != nil { // so that it follows the chain
			t.Fatal(err)
		}
		grow := func(n int, pay []byte) {
			for range n {
				w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), w.pay(pay, 1)}, true)
			}
		}
		pay := w.stranger()
		grow(5, pay)
		w.sync(x, limit)
		grow(5, pay)
		if err := x.ImportScript(t.Context(), pay, &Birthday{After: w.tip().BlockID}); err != nil {
			t.Fatal(err)
		}
		w.cut(3)
		grow(6, pay)
		w.sync(x, limit)
		b, err := x.Balances(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		// It knows no fork above the block at which it stood.
		if total := b.Accounts[len(b.Accounts)-1].Total; total != 8 {
			t.Errorf("steps of %d: total %d, want that of the blocks 6 to 13", limit, total)
		}
	}
}

// TestOnlyNewTwiceBehind: a wallet at 5 imports an address for blocks after 10, which the chain
// leaves at 7, and then once more for those after 9 of the other branch. The second import only
// adds: what that branch pays from the fork on counts as it does without it.
func TestOnlyNewTwiceBehind(t *testing.T) {
	totals := make(map[int]dcrutil.Amount)
	for _, imports := range []int{1, 2} {
		w := newWorld(t, 1)
		x := openTest(t, Birthday{})
		if err := x.ImportScript(t.Context(), w.stranger(), nil); err != nil { // so that it follows the chain
			t.Fatal(err)
		}
		pay := w.stranger()
		grow := func(n int) {
			for range n {
				w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), w.pay(pay, 1)}, true)
			}
		}
		onlyNew := func() {
			if err := x.ImportScript(t.Context(), pay, &Birthday{After: w.tip().BlockID}); err != nil {
				t.Fatal(err)
			}
		}
		grow(5)
		w.sync(x, 20)
		grow(5)
		onlyNew()
		w.cut(3)
		grow(2)
		if imports > 1 {
			onlyNew()
		}
		grow(4)
		w.sync(x, 20)
		b, err := x.Balances(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		totals[imports] = b.Accounts[len(b.Accounts)-1].Total
	}
	if totals[1] != 8 || totals[2] != totals[1] {
		t.Errorf("total %d after one import and %d after two, want that of the blocks 6 to 13", totals[1], totals[2])
	}
}

// TestFinalAnchorsAreDropped: an address is handed out at each of many blocks. When these are
// too old to leave the chain their anchors are dropped, and the numbers used again. The
// birthdays stay what they were: in memory, in the file, and after a rescan that lowered them is canceled.
func TestFinalAnchorsAreDropped(t *testing.T) {
	const issued = state.DropAt + 20
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 2})
	mine := func(n int) {
		for range n {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
		}
		w.sync(x, 5000)
	}
	mine(5)
	for range issued {
		mine(1)
		issueTo(t, x, 0)
	}
	births := func(x *Wallet) (list []consensus.Height) {
		s := x.store.Now()
		for n := range s.Count() {
			list = append(list, s.Birth(n))
		}
		return list
	}
	before := births(x)
	if n := len(x.store.Now().Birthdays.Anchors); n < issued-2 {
		t.Fatalf("%d anchors of %d addresses", n, issued)
	}
	if err := x.Rescan(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	lowered := births(x)
	if slices.Equal(lowered, before) {
		t.Fatal("the rescan has lowered nothing")
	}
	for range state.FinalAfter {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
	}
	for x.Status().Tip != w.tip().BlockID { // by turns at the tip; the rescan goes on
		w.step(x, 100)
	}
	issueTo(t, x, 0)
	numbers := x.store.Now().Birthdays.Anchors
	if used := usedAnchors(x); len(used) != 1 {
		t.Errorf("anchors %v are left, want that of the newest block", used)
	}
	jobs := x.Jobs(w.tip().Height, true)
	if err := x.CancelJob(t.Context(), jobs[len(jobs)-1].ID); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 5000)
	after := births(x)
	if !slices.Equal(after[:len(before)], before) {
		t.Errorf("birthdays are %v, were %v", after[:len(before)], before)
	}
	if again := births(reopen(t, x)); !slices.Equal(again, after) {
		t.Errorf("birthdays in the file are %v, want %v", again, after)
	}
	for range 10 {
		mine(1)
		issueTo(t, x, 0)
	}
	if n := len(x.store.Now().Birthdays.Anchors); n != len(numbers) {
		t.Errorf("%d numbers of anchors, want the same %d", n, len(numbers))
	}
	w.cut(3)
	mine(4)
	last := x.store.Now().Count() - 1
	if got, want := x.store.Now().Birth(last), w.tip().Height-3; got != want {
		t.Errorf("an address of a block that has left the chain is born at %d, want %d", got, want)
	}
	w.payingBlock(5, 7)
	w.sync(x, 5000)
	if got := receivedBy(t, x); got != 7 {
		t.Errorf("%d atoms received, want 7", got)
	}
}

// usedAnchors returns the anchors of a wallet without the free numbers.
func usedAnchors(x *Wallet) []birthday.Anchor {
	return slices.DeleteFunc(slices.Clone(x.store.Now().Birthdays.Anchors), func(a birthday.Anchor) bool { return a == birthday.Anchor{} })
}

// TestFinalBlocksAreLeft: the chain leaves blocks at which addresses were handed out and whose
// anchors were dropped since. A payment on the new chain below these blocks' heights counts.
func TestFinalBlocksAreLeft(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 2})
	mine := func(n int) {
		for range n {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
		}
	}
	mine(5)
	for range state.DropAt + 20 {
		mine(1)
		w.sync(x, 5000)
		issueTo(t, x, 0)
	}
	last := w.tip().Height
	mine(state.FinalAfter)
	w.sync(x, 5000)
	issueTo(t, x, 0) // which drops the anchors
	if used := usedAnchors(x); len(used) != 1 {
		t.Fatalf("anchors %v are left, want that of the newest block", used)
	}

	fork := last - 40
	w.cut(int(w.tip().Height - fork))
	mine(4)
	w.payingBlock(60, 7) // both were handed out above the fork
	w.payingBlock(70, 11)
	mine(state.FinalAfter + 40)
	w.sync(x, 5000)
	if got := receivedBy(t, x); got != 18 {
		t.Errorf("%d atoms received, want 18", got)
	}
	again := reopen(t, x)
	if err := again.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
