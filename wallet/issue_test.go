package wallet

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// TestTheLastAddressIsGrantedOnce: of many concurrent calls that may not go behind the gap
// limit, as many succeed as addresses are left, and each gets another one.
func TestTheLastAddressIsGrantedOnce(t *testing.T) {
	const gap, calls = 20, 30
	for left := 1; left <= 3; left++ {
		w := openTest(t, Birthday{})
		importTest(t, w, "a", 1, AccountOptions{Gap: gap})
		for range gap - left {
			if _, err := w.NewAddress(t.Context(), "a", hd.External, GapRefuse); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		granted, refused := make(map[string]bool), 0
		var callers sync.WaitGroup
		for range calls {
			callers.Go(func() {
				issued, err := w.NewAddress(t.Context(), "a", hd.External, GapRefuse)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && !issued.BeyondGap:
					granted[issued.Address] = true
				case errors.Is(err, ErrBehindGap):
					refused++
				default:
					t.Errorf("got %+v, %v", issued, err)
				}
			})
		}
		callers.Wait()
		if len(granted) != left || refused != calls-left {
			t.Errorf("with %d addresses left %d are granted and %d calls refused", left, len(granted), refused)
		}
	}
}

// issueTo hands out the addresses of an account up to an index, behind the gap limit too.
func issueTo(t *testing.T, x *Wallet, index uint32) {
	t.Helper()
	for {
		issued, err := x.NewAddress(t.Context(), "a", hd.External, GapIgnore)
		if err != nil {
			t.Fatal(err)
		}
		if issued.Index >= index {
			return
		}
	}
}

// receivedBy returns what a wallet can spend, in atoms.
func receivedBy(t *testing.T, x *Wallet) int64 {
	t.Helper()
	b, err := x.Balances(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return int64(b.Sum.Spendable)
}

// birthOf returns from which height on payments to an address of that account count.
func birthOf(t *testing.T, x *Wallet, index uint32) consensus.Height {
	t.Helper()
	n, ok := x.store.Find(derived(t, 1, hd.External, index+1)[index])
	if !ok {
		t.Fatalf("address %d is not watched", index)
	}
	return x.store.Now().Birth(n)
}

// payingBlock mines a block that pays a script of the account of the first seed.
func (w *world) payingBlock(index uint32, amount int64) {
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1000), w.pay(derived(w.t, 1, hd.External, index+1)[index], amount)}, true)
}

// TestIssuedAddressesStartNoSearch: of an address behind the gap limit payments count from
// the wallet's tip on, until the window covers it by use; also over a restart.
func TestIssuedAddressesStartNoSearch(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 2})
	w.payingBlock(12, 1)
	for range 40 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1000)}, true)
	}
	w.sync(x, 10)
	for index := range uint32(19) {
		issueTo(t, x, index)
		if s := x.store.Now(); s.Scan() || x.steps.Locator()[0] != s.Tip {
			t.Fatalf("address %d makes the wallet go back to %d", index, s.Cursor.Height)
		}
	}
	for _, j := range x.Jobs(w.tip().Height, true) {
		if j.State != JobDone {
			t.Fatalf("a search is not over: %+v", j)
		}
	}
	x = reopen(t, x)
	w.payingBlock(4, 10)
	w.sync(x, 10)
	if got := receivedBy(t, x); got != 10 {
		t.Fatalf("got %d atoms, want the 10 since the address was issued", got)
	}
	x = reopen(t, x)
	w.payingBlock(9, 100) // covers the addresses below 14
	w.sync(x, 10)
	if got := receivedBy(t, x); got != 111 {
		t.Fatalf("got %d atoms, want 111 of the addresses that are covered by use", got)
	}
	if covered, issued := birthOf(t, x, 12), birthOf(t, x, 18); covered != 1 || issued != 42 {
		t.Fatalf("covered addresses count from %d on, issued ones from %d on, want 1 and 42", covered, issued)
	}
}

// TestSearchIssued: an option makes the same addresses as old as their account.
func TestSearchIssued(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig(filepath.Join(t.TempDir(), "a.db"), Birthday{})
	cfg.SearchIssued = true
	x, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	importTest(t, x, "a", 1, AccountOptions{Gap: 2})
	w.payingBlock(6, 1)
	w.sync(x, 10)
	issueTo(t, x, 6)
	w.sync(x, 10)
	if got := receivedBy(t, x); got != 1 {
		t.Fatalf("got %d atoms, want 1", got)
	}
}

// TestIssuedAddressFollowsTheChain: when blocks leave the chain, the address counts from the
// fork on.
func TestIssuedAddressFollowsTheChain(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 2})
	for range 10 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1000)}, true)
	}
	w.sync(x, 10)
	issueTo(t, x, 8)
	x = reopen(t, x)
	w.cut(3)
	w.payingBlock(4, 7)
	for range 3 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1000)}, true)
	}
	w.sync(x, 10)
	if got, born := receivedBy(t, x), birthOf(t, x, 8); got != 7 || born != 8 {
		t.Fatalf("got %d atoms from block %d on, want 7 from 8 on", got, born)
	}
}

// TestIssuedAddressIsClaimed: an import with an earlier birthday, and a rescan, search old
// blocks for an address that was issued; a rescan that is given up leaves it as it was.
func TestIssuedAddressIsClaimed(t *testing.T) {
	for _, way := range []string{"import", "rescan", "canceled"} {
		w, x := newWorld(t, 1), openTest(t, Birthday{})
		importTest(t, x, "a", 1, AccountOptions{Gap: 2})
		w.payingBlock(4, 1)
		for range 9 {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1000)}, true)
		}
		w.sync(x, 10)
		issueTo(t, x, 4)
		script := derived(t, 1, hd.External, 5)[4]
		if err := x.ImportScript(t.Context(), script, &Birthday{Height: 11}); !errors.Is(err, ErrDuplicate) {
			t.Fatalf("the same birthday again gives %v", err)
		}
		want, born := int64(1), consensus.Height(1)
		var err error
		switch way {
		case "import":
			err = x.ImportScript(t.Context(), script, &Birthday{Height: 1})
		case "rescan":
			err = x.Rescan(t.Context(), 0)
		default:
			id, startErr := x.StartRescan(t.Context(), 0)
			err = errors.Join(startErr, x.CancelJob(t.Context(), id))
			want, born = 0, 11
		}
		if err != nil {
			t.Fatalf("%s: %v", way, err)
		}
		w.sync(x, 10)
		x = reopen(t, x)
		if got, at := receivedBy(t, x), birthOf(t, x, 4); got != want || at != born {
			t.Fatalf("%s: got %d atoms from block %d on, want %d from %d on", way, got, at, want, born)
		}
	}
}
