package wallet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/apply"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// contents returns all rows of a wallet's file, whatever runs its tables are made of.
func contents(t *testing.T, x *Wallet) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := x.store.DB.View(func(tx *bolt.Tx) error {
		for _, kind := range ledger.Tables() {
			table, err := rows.OpenTable(tx, kind)
			if err != nil {
				return err
			}
			err = table.Walk(nil, func(k, v []byte) (bool, error) {
				all[fmt.Sprintf("%s %x", kind.Name, k)] = string(v)
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				if v != nil {
					all[fmt.Sprintf("%s %x", name, k)] = string(v)
				}
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sameContents wants two wallets to hold the same rows.
func sameContents(t *testing.T, when string, got, want map[string]string) {
	t.Helper()
	for k := range maps.Keys(want) {
		if v, ok := got[k]; !ok || v != want[k] {
			t.Errorf("%s: row %s is %x (%v), want %x", when, k, v, ok, want[k])
		}
	}
	for k := range maps.Keys(got) {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: row %s should not be there", when, k)
		}
	}
}

// openSteps opens a wallet whose steps take some rows. Stored is called, if there is one, in
// every transaction of its file before that is committed.
func openSteps(t testing.TB, path string, rows int, stored ...func()) *Wallet {
	t.Helper()
	c := testConfig(path, Birthday{})
	c.stepRows = rows
	for _, call := range stored {
		now := c.Now
		c.Now = func() time.Time { call(); return now() }
	}
	x, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	x.store.DB.NoSync = true
	return x
}

// busy returns a world whose blocks pay some scripts, and spend that again.
func busy(t *testing.T, seed uint64, blocks int) *world {
	w := newWorld(t, seed)
	w.ours = append(derived(t, 1, hd.External, 4), anyone())
	for range blocks {
		w.random()
	}
	return w
}

// TestRollbackInSteps: wallets that take a reorganisation back in one transaction, and in
// steps of any size, hold the same rows in the end, and consistent ones between.
func TestRollbackInSteps(t *testing.T) {
	for seed := range uint64(4) {
		w := busy(t, seed, 40)
		var all []*Wallet
		for _, rows := range []int{1 << 20, 1, 2, 5} {
			x := openSteps(t, filepath.Join(t.TempDir(), "w.db"), rows)
			importTest(t, x, "a", 1, AccountOptions{})
			if err := x.ImportScript(t.Context(), anyone(), nil); err != nil {
				t.Fatal(err)
			}
			all = append(all, x)
		}
		for round := range 4 {
			for _, x := range all {
				w.sync(x, 100)
			}
			w.cut(5 + 7*round)
			for range 6 + 7*round {
				w.random()
			}
			for i, x := range all {
				w.sync(x, 100)
				if err := x.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				if i > 0 {
					when := fmt.Sprintf("seed %d, round %d, wallet %d", seed, round, i)
					sameContents(t, when, contents(t, x), contents(t, all[0]))
				}
			}
		}
		for _, x := range all {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRollbackGoesOnAfterACrash: a process that ends between two steps of a rollback, each
// of them in turn, leaves a wallet at a block of the branch that is left, and one that is
// opened then comes to hold what a wallet does that took one step.
func TestRollbackGoesOnAfterACrash(t *testing.T) {
	w := busy(t, 1, 40)
	path := func(name string) string { return filepath.Join(t.TempDir(), name) }
	open := func(rows int, stored ...func()) (*Wallet, string) {
		p := path("w.db")
		x := openSteps(t, p, rows, stored...)
		importTest(t, x, "a", 1, AccountOptions{})
		w.sync(x, 100)
		return x, p
	}
	whole, _ := open(1 << 20)
	left := 0
	stop := func() {}
	type stepwise struct {
		x    *Wallet
		path string
	}
	var list []stepwise
	const most = 6
	for range most {
		x, p := open(3, func() {
			if left--; left == 0 {
				stop()
			}
		})
		list = append(list, stepwise{x, p})
	}
	old := w.tip().BlockID
	w.cut(25)
	fork := w.tip().BlockID
	for range 27 {
		w.random()
	}
	w.sync(whole, 100)
	for n, s := range list {
		left = n + 1
		ctx, cancel := context.WithCancel(t.Context())
		stop = cancel
		u := w.since(s.x.steps.Locator(), 100)
		scripts, _ := s.x.steps.Scripts()
		w.fill(&u, scripts)
		_, err := s.x.applier.Apply(ctx, u)
		if cancel(); !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d steps: %v", n+1, err)
		}
		if err := errors.Join(s.x.Check(t.Context()), s.x.Close()); err != nil {
			t.Fatal(err)
		}
		x := openSteps(t, s.path, 3)
		if tip := x.Status().Tip; tip.Height <= fork.Height || tip.Height >= old.Height {
			t.Errorf("after %d steps the tip is %v, the fork %v and the old tip %v", n+1, tip, fork, old)
		}
		if err := x.Check(t.Context()); err != nil {
			t.Errorf("after %d steps: %v", n+1, err)
		}
		w.sync(x, 100)
		sameContents(t, fmt.Sprint("after steps: ", n+1), contents(t, x), contents(t, whole))
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := whole.Close(); err != nil {
		t.Error(err)
	}
}

// TestCancelInSteps: a rescan that is given up is forgotten in steps of any size as it is
// in one, and also if the process ends after the first step.
func TestCancelInSteps(t *testing.T) {
	for seed := range uint64(4) {
		w := busy(t, seed, 80)
		var want map[string]string
		for i, rows := range []int{1 << 20, 3, 3, 10} {
			path := filepath.Join(t.TempDir(), "w.db")
			x := openSteps(t, path, rows)
			born := Birthday{Height: 60}
			importTest(t, x, "a", 1, AccountOptions{Birthday: &born})
			if err := x.ImportScript(t.Context(), anyone(), &born); err != nil {
				t.Fatal(err)
			}
			w.sync(x, 100)
			id, err := x.StartRescan(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			w.step(x, 30)
			w.step(x, 25)
			if i != 2 {
				err = x.CancelJob(t.Context(), id)
			} else if err = x.cancel(t.Context(), id); err == nil {
				if x.store.Now().Forgetting.Job != id {
					t.Fatal("all was forgotten in one step")
				}
				forgot := x.Status().Epoch
				err = errors.Join(x.Check(t.Context()), x.Close())
				x = openSteps(t, path, rows)
				if x.Status().Epoch == forgot {
					t.Error("that the rest was forgotten is not told")
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := x.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.sync(x, 100)
			got := contents(t, x)
			if i == 0 {
				want = got
			}
			sameContents(t, fmt.Sprintf("seed %d, wallet %d", seed, i), got, want)
			checkRowsGone(t, x)
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// heavyBlocks adds blocks each of which pays a script many times, out of a block reward
// of its own, which pays it too: such payments cannot be mined again when the block leaves
// the chain.
func (w *world) heavyBlocks(blocks, payments int, pay []byte) {
	for range blocks {
		reward := w.coinbase(pay, 1)
		for range payments {
			reward.AddTxOut(wire.NewTxOut(1, w.theirs))
		}
		txs := []*wire.MsgTx{reward}
		for i := range payments {
			op := wire.OutPoint{Hash: reward.TxHash(), Index: uint32(i + 2)}
			txs = append(txs, spend([]wire.OutPoint{op}, wire.NewTxOut(1, pay)))
		}
		w.mine(nil, txs, true)
	}
}

// peakHeap runs a function and returns how many bytes more than before were live at most,
// as far as collections of the garbage, one after the other, have seen. What is allocated
// during one counts.
func peakHeap(do func()) (more uint64) {
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	quiet, peak := live(), uint64(0)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				peak = max(peak, live())
			}
		}
	})
	do()
	close(done)
	wg.Wait()
	return peak - min(peak, quiet)
}

// takenBack has a wallet find payments in a rescan, forget them because that is canceled,
// find them again, check its file, and lose them because their blocks leave the chain. It
// calls run for the three passes over all of them.
func takenBack(t testing.TB, payments, perBlock int, run func(what string, x *Wallet, do func())) {
	w := newWorld(t, 1)
	w.unsigned = true
	w.heavyBlocks(10, 1, w.theirs)
	fork := w.tip().Height
	w.heavyBlocks(payments/perBlock, perBlock, anyone())
	found := w.tip().Height
	for range 25 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	}
	x := openSteps(t, filepath.Join(t.TempDir(), "w.db"), 0)
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Height: w.tip().Height}); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 100)
	mustHold := func(want int) {
		t.Helper()
		n := 0
		err := x.store.DB.View(func(tx *bolt.Tx) error {
			return rows.Each(tx.Bucket(ledger.MinedBucket), func(_, _ []byte) error { n++; return nil })
		})
		if err != nil || n != want {
			t.Fatalf("the wallet has %d transactions, want %d (%v)", n, want, err)
		}
	}
	whole := payments + payments/perBlock
	id, err := x.StartRescan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for x.store.Now().Cursor.Height < found && w.step(x, 20) {
	}
	mustHold(whole)
	run("forget", x, func() { err = x.CancelJob(t.Context(), id) })
	if err != nil {
		t.Fatal(err)
	}
	mustHold(0)
	if err := x.Rescan(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 20)
	mustHold(whole)
	run("check", x, func() { err = x.Check(t.Context()) })
	w.main = slices.Clip(w.main[:fork+1])
	w.heavyBlocks(3, 1, w.theirs)
	run("reorganisation", x, func() { w.sync(x, 20) })
	mustHold(0)
	if err := errors.Join(err, x.Check(t.Context()), x.Close()); err != nil {
		t.Error(err)
	}
}

// TestTakingBackGoesBySteps: what takes back many payments, or forgets them, writes as many
// transactions of the file as there are steps in them: none holds them all.
func TestTakingBackGoesBySteps(t *testing.T) {
	const payments = 3 * apply.MaxStepRows
	takenBack(t, payments, 100, func(what string, x *Wallet, do func()) {
		before := x.store.Now().ID
		do()
		steps := x.store.Now().ID - before
		if least := payments / (apply.MaxStepRows + 100); what != "check" && (steps < least || steps > least+4) {
			t.Errorf("%s: %d transactions of the file, want %d or a few more", what, steps, least)
		}
	})
}

// BenchmarkTakingBack measures the memory and the time that it takes to forget payments of
// a canceled rescan, to check a wallet and to take payments back, in MiB over the quiet
// state and seconds.
func BenchmarkTakingBack(b *testing.B) {
	for _, payments := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(payments), func(b *testing.B) {
			for b.Loop() {
				takenBack(b, payments, 500, func(what string, x *Wallet, do func()) {
					x.store.DB.NoSync = false
					began := time.Now()
					more := peakHeap(do)
					b.ReportMetric(time.Since(began).Seconds(), what+"-s")
					b.ReportMetric(float64(more)/(1<<20), what+"-MiB")
					x.store.DB.NoSync = true
				})
			}
		})
	}
}

// TestCutUpdatesKeepTheNewestBlocks: however an update is cut, by its length or because
// another wallet of the set stands within it, and also after a reorganisation, a wallet
// remembers its newest blocks without gaps.
func TestCutUpdatesKeepTheNewestBlocks(t *testing.T) {
	w, s := plain(t, 700), openSet(t)
	gaps := func(when string, x *Wallet, want int) {
		t.Helper()
		st := x.store.Now()
		for i := range consensus.Height(want) {
			if _, ok := remembered.At(st.Blocks, st.Tip.Height-i); st.Tip.Height-i > 0 && !ok {
				t.Fatalf("%s: at %d block %d is not remembered", when, st.Tip.Height, st.Tip.Height-i)
			}
		}
	}
	var all []*Wallet
	for _, name := range []string{"a", "b"} {
		x := makeTest(t, s, name)
		if err := x.ImportScript(t.Context(), anyone(), nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	w.take(all[1], w.since(all[1].steps.Locator(), 411)) // from now on it stands within the update
	gaps("ahead", all[1], remembered.Dense)
	for round, size := range []int{2000, 1, 37, 289} {
		for w.step(s, size) {
			for _, x := range all {
				gaps(fmt.Sprint("step of ", size), x, remembered.Dense)
			}
		}
		w.cut(1 + 20*round)
		for range 3 + 21*round {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
		}
		for w.step(s, size) {
		}
		for _, x := range all {
			gaps("after a reorganisation", x, remembered.Dense)
		}
	}
}
