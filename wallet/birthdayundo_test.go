package wallet

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// TestCancelForgetsWhatIsBelowABirthday: a rescan that is given up finds a payment
// below a birthday, and not what it was spent by, which lies above. The payment counts
// while the rescan goes on, across a restart, and not after it.
func TestCancelForgetsWhatIsBelowABirthday(t *testing.T) {
	w := newWorld(t, 1)
	income := w.pay(anyone(), 100)
	block := func(txs ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), true)
	}
	block()
	block(income)
	for range 20 {
		block()
	}
	block(spend([]wire.OutPoint{{Hash: income.TxHash()}}, wire.NewTxOut(90, w.stranger())))
	path := filepath.Join(t.TempDir(), "w.db")
	x, err := Open(testConfig(path, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Height: 10}); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 100)
	id, err := x.StartRescan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	w.step(x, 5)
	has := func(when string, want int64) {
		t.Helper()
		if b, err := x.Balances(t.Context(), 1); err != nil || b.Sum.Spendable != amountOf(want) {
			t.Errorf("%s: %v spendable, want %v (%v)", when, b.Sum.Spendable, amountOf(want), err)
		}
	}
	has("during the rescan", 100)
	child := spend([]wire.OutPoint{{Hash: income.TxHash()}}, wire.NewTxOut(80, w.stranger()))
	add(t, x, child, Relayed)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if x, err = Open(testConfig(path, Birthday{})); err != nil {
		t.Fatal(err)
	}
	before := x.Status().Epoch
	if err := x.CancelJob(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if after := x.Status().Epoch; before != 0 || after == before {
		t.Errorf("Forgot is %d, and was %d", after, before)
	}
	w.sync(x, 5)
	has("after it", 0)
	if born := x.Status().Birthday; born != 10 || len(minedTold(t, x)) != 0 || len(unminedOf(t, x)) != 0 {
		t.Errorf("birthday %d, transactions %v and %v", born, minedTold(t, x), unminedOf(t, x))
	}
	if err := errors.Join(x.Check(t.Context()), x.Rescan(t.Context(), 1)); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 5)
	if born := x.Status().Birthday; born != 1 || len(minedTold(t, x)) != 2 {
		t.Errorf("after a whole rescan: birthday %d, transactions %v", born, minedTold(t, x))
	}
	if err := errors.Join(x.Check(t.Context()), x.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestRescansShareABirthday: of two rescans that run at a time, each one that is
// canceled restores the part of the birthday that the other one does not need.
func TestRescansShareABirthday(t *testing.T) {
	const born = 40
	for _, tc := range []struct {
		from   [2]consensus.Height
		cancel []int              // which, in this order
		want   []consensus.Height // the birthdays after each, and when the rest is done
	}{
		{[2]consensus.Height{20, 10}, nil, []consensus.Height{10}},
		{[2]consensus.Height{20, 10}, []int{0}, []consensus.Height{10, 10}},
		{[2]consensus.Height{20, 10}, []int{1}, []consensus.Height{20, 20}},
		{[2]consensus.Height{20, 10}, []int{0, 1}, []consensus.Height{10, born, born}},
		{[2]consensus.Height{20, 10}, []int{1, 0}, []consensus.Height{20, born, born}},
		{[2]consensus.Height{10, 20}, []int{0}, []consensus.Height{20, 20}},
		{[2]consensus.Height{10, 20}, []int{1}, []consensus.Height{10, 10}},
		{[2]consensus.Height{10, 20}, []int{0, 1}, []consensus.Height{20, born, born}},
		{[2]consensus.Height{10, 20}, []int{1, 0}, []consensus.Height{10, born, born}},
		{[2]consensus.Height{10, 50}, []int{0}, []consensus.Height{born, born}},
	} {
		w, x := plain(t, 60), openTest(t, Birthday{})
		w.ours = append(derived(t, 1, hd.External, 4), anyone())
		for range 10 {
			w.random()
		}
		importTest(t, x, "a", 1, AccountOptions{Birthday: &Birthday{Height: born}})
		if err := x.ImportScript(t.Context(), anyone(), &Birthday{Height: born}); err != nil {
			t.Fatal(err)
		}
		w.sync(x, 100)
		var ids []uint32
		for _, from := range tc.from {
			id, err := x.StartRescan(t.Context(), from)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
			w.step(x, 5)
		}
		var got []consensus.Height
		look := func() {
			s := x.store.Now()
			if a := s.Birthdays.At(s.Accounts[0].Born); a != s.Birth(s.Count()-1) {
				t.Errorf("%+v: the account is born at %d, the script at %d", tc, a, s.Birth(s.Count()-1))
			}
			got = append(got, s.Birth(s.Count()-1))
		}
		for _, i := range tc.cancel {
			if err := x.CancelJob(t.Context(), ids[i]); err != nil {
				t.Fatal(err)
			}
			look()
		}
		w.sync(x, 7)
		look()
		if !slices.Equal(got, tc.want) {
			t.Errorf("%+v: the birthdays were %d", tc, got)
		}
		alone := openTest(t, Birthday{Height: got[len(got)-1]})
		importTest(t, alone, "a", 1, AccountOptions{})
		if err := alone.ImportScript(t.Context(), anyone(), nil); err != nil {
			t.Fatal(err)
		}
		w.sync(alone, 100)
		if !slices.Equal(minedTold(t, x), minedTold(t, alone)) {
			t.Errorf("%+v: it says what a wallet of that birthday does not", tc)
		}
		checkRowsGone(t, x)
	}
}

// checkRowsGone wants nothing to be left to give back.
func checkRowsGone(t *testing.T, x *Wallet) {
	t.Helper()
	for _, j := range x.Jobs(consensus.Never, true) {
		tx, err := x.store.DB.Begin(false)
		if err != nil {
			t.Fatal(err)
		}
		list, err := state.BirthdayUndosOf(tx, j.ID)
		if err := errors.Join(err, tx.Rollback()); err != nil || len(list) > 0 {
			t.Errorf("job %d could still give back %+v (%v)", j.ID, list, err)
		}
	}
}

// TestCancelSettlesADate: a birthday that was a date when a rescan lowered it is the
// height of that date if the blocks have come to it meanwhile.
func TestCancelSettlesADate(t *testing.T) {
	w, x := plain(t, 40), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{})
	date := w.tip().Header.Time().Add(birthday.Margin + 150*time.Minute) // between the second and the third block from now
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Time: date}); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 100)
	id, err := x.StartRescan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		w.random()
	}
	s := x.store.Now()
	w.take(x, w.since(x.steps.Begin(s, true), 100)) // new blocks are applied meanwhile
	if err := x.CancelJob(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if s := x.store.Now(); s.Birth(s.Count()-1) != 43 {
		t.Errorf("born at %d, want 43", s.Birth(s.Count()-1))
	}
	w.sync(x, 100)
}
