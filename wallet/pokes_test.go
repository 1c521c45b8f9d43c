package wallet

import (
	"testing"
	"testing/synctest"

	"github.com/decred/dcrd/wire"
)

// poked reports whether a poke waits to be taken, and takes it.
func poked(reader <-chan struct{}) bool {
	select {
	case <-reader:
		return true
	default:
		return false
	}
}

// TestWatch: every reader gets the poke of a change, however many others there
// are and whether they take theirs, and none after its context has ended.
func TestWatch(t *testing.T) {
	x := openTest(t, Birthday{})
	ctx, cancel := testContext(t)
	defer cancel()
	idle, leaving, staying := x.Watch(t.Context()), x.Watch(ctx), x.Watch(t.Context())
	importTest(t, x, "a", 1, AccountOptions{})
	if err := x.RenameAccount(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	for name, reader := range map[string]<-chan struct{}{"leaving": leaving, "staying": staying} {
		if !poked(reader) || poked(reader) {
			t.Errorf("%s: not exactly one poke for two changes", name)
		}
	}
	if err := x.RenameAccount(t.Context(), "nobody", "c"); err == nil || poked(staying) {
		t.Errorf("a refused change (%v) poked", err)
	}
	if !poked(idle) {
		t.Error("the poke of a reader that did not take it is lost")
	}
	w := newWorld(t, 1)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	w.sync(x, 10)
	if !poked(staying) {
		t.Error("no poke for a block")
	}
}

// TestWatchEnds: readers are forgotten when their context ends.
func TestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pokes
		ctx, cancel := testContext(t)
		reader := p.watch(ctx)
		cancel()
		synctest.Wait()
		p.poke()
		if poked(reader) || len(p.readers) != 0 {
			t.Errorf("%d readers are left", len(p.readers))
		}
	})
}

// TestSetWatch: a reader of a set gets pokes of every wallet, also of those that
// come later, and of their coming and going.
func TestSetWatch(t *testing.T) {
	s := openSet(t)
	early := makeTest(t, s, "early")
	ctx, cancel := testContext(t)
	defer cancel()
	reader := s.Watch(ctx)
	if poked(reader) {
		t.Error("poked before anything changed")
	}
	late := makeTest(t, s, "late")
	if !poked(reader) {
		t.Error("not poked when a wallet came")
	}
	for _, x := range []*Wallet{early, late} {
		importTest(t, x, "a", 1, AccountOptions{})
		if !poked(reader) {
			t.Error("not poked when something was imported")
		}
	}
	if err := s.CloseWallet("late"); err != nil || !poked(reader) {
		t.Errorf("closing a wallet (%v) did not poke", err)
	}
	cancel()
	importTest(t, early, "b", 2, AccountOptions{})
}
