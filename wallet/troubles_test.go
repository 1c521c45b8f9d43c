package wallet

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// TestOneWalletStopsAlone: a wallet whose file is damaged is left out, and named; the
// other one goes on. Loading it again tries again.
func TestOneWalletStopsAlone(t *testing.T) {
	w, s := newWorld(t, 1), openSet(t)
	pay := derived(t, 1, hd.External, 1)[0]
	for _, name := range []string{"a", "b"} {
		importTest(t, makeTest(t, s, name), "x", 1, AccountOptions{})
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pay, 5)}, true)
	w.syncSet(s, 10)
	a, err := s.Wallet("a")
	if err != nil {
		t.Fatal(err)
	}
	damage := func(value []byte) {
		t.Helper()
		err := a.store.DB.Update(func(tx *bolt.Tx) error { return tx.Bucket(ledger.ScriptsBucket).Put(rows.Key(0), value) })
		if err != nil {
			t.Fatal(err)
		}
	}
	sound := a.store.Now().Scripts[0].Encode()
	damage([]byte{1})
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pay, 7)}, true)
	w.syncSet(s, 10)
	b, err := s.Wallet("b")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.Balances(t.Context(), 1); err != nil || got.Sum.Spendable != 12 {
		t.Errorf("the other wallet has %v (%v)", got.Sum.Spendable, err)
	}
	if list := s.Troubles(); len(list) != 1 || !strings.Contains(list[0], `"a"`) {
		t.Errorf("troubles %q", list)
	}
	damage(sound)
	if err := s.CloseWallet("a"); err != nil {
		t.Fatal(err)
	}
	if a, err = s.Open("a"); err != nil {
		t.Fatal(err)
	}
	w.syncSet(s, 10)
	if got, err := a.Balances(t.Context(), 1); err != nil || got.Sum.Spendable != 12 || len(s.Troubles()) > 0 {
		t.Errorf("loaded again, it has %v (%v), troubles %q", got.Sum.Spendable, err, s.Troubles())
	}
}

// onRecord is a log handler that is called for each record.
type onRecord func(r slog.Record)

func (h onRecord) Enabled(context.Context, slog.Level) bool { return true }

func (h onRecord) Handle(_ context.Context, r slog.Record) error { h(r); return nil }

func (h onRecord) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h onRecord) WithGroup(string) slog.Handler { return h }

// TestARepairPokes: a syncer and a reader that look at a wallet while its repair is stored, but
// not yet known to the set, still find it stopped. They are poked once more when it is known, and
// the wallet is applied blocks to again without another change.
func TestARepairPokes(t *testing.T) {
	w, s := newWorld(t, 1), openSet(t)
	x := makeTest(t, s, "a")
	importTest(t, x, "x", 1, AccountOptions{})
	pay := derived(t, 1, hd.External, 1)[0]
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pay, 5)}, true)
	w.syncSet(s, 10)
	if err := x.store.DB.Update(func(tx *bolt.Tx) error {
		return tx.Bucket(ledger.SumsBucket).Put(rows.Key(0), []byte{1})
	}); err != nil {
		t.Fatal(err)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pay, 7)}, true)
	w.syncSet(s, 10)
	if len(s.Troubles()) != 1 || len(s.Locator()) > 0 {
		t.Fatalf("the damaged wallet has not stopped: troubles %q", s.Troubles())
	}
	ofSet, ofWallet := s.Watch(t.Context()), x.Watch(t.Context())
	readers := map[string]<-chan struct{}{
		"syncer": s.Changed(), "reader of the set": ofSet, "reader of the wallet": ofWallet,
	}
	early := 0
	x.cfg.Log = slog.New(onRecord(func(slog.Record) {
		early++
		for name, reader := range readers {
			if !poked(reader) {
				t.Errorf("%s: no poke for the change itself", name)
			}
		}
		if len(s.Locator()) > 0 {
			t.Error("the wallet goes on before its repair is known")
		}
	}))
	var damage *Repairable
	if err := x.Check(t.Context()); !errors.As(err, &damage) {
		t.Fatalf("the check says %v", err)
	}
	if err := x.Rescan(t.Context(), damage.From); err != nil || early != 1 {
		t.Fatalf("%d records of a repair, want 1 (%v)", early, err)
	}
	for name, reader := range readers {
		if !poked(reader) {
			t.Errorf("%s: no poke for the repair", name)
		}
	}
	w.syncSet(s, 10)
	got, err := x.Balances(t.Context(), 1)
	if err != nil || got.Sum.Spendable != 12 || len(s.Troubles()) > 0 {
		t.Errorf("repaired, it has %v (%v), troubles %q", got.Sum.Spendable, err, s.Troubles())
	}
}

// TestAPanicOverABlockStopsOneWallet: a block over which the wallet panics makes it stop, with
// an error that names the blocks; the process and reads of the wallet go on, and loading it
// again tries again.
func TestAPanicOverABlockStopsOneWallet(t *testing.T) {
	w, s := newWorld(t, 1), openSet(t)
	importTest(t, makeTest(t, s, "a"), "x", 1, AccountOptions{})
	tx := w.pay(derived(t, 1, hd.External, 1)[0], 5)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), tx}, true)
	w.syncSet(s, 10)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(derived(t, 1, hd.External, 1)[0], 7)}, true)
	u := w.since(s.Locator(), 10)
	scripts, _ := s.Scripts()
	w.fill(&u, scripts)
	broken := *u.Applied[len(u.Applied)-1].Msg
	broken.Transactions = []*wire.MsgTx{nil}
	sound := u.Applied[len(u.Applied)-1].Msg
	u.Applied[len(u.Applied)-1].Msg = &broken
	if grown, err := s.Apply(t.Context(), u); err != nil || grown {
		t.Fatalf("grown %v, error %v", grown, err)
	}
	if list := s.Troubles(); len(list) != 1 || !strings.Contains(list[0], "defect of this program") {
		t.Errorf("troubles %q", list)
	}
	if err := s.CloseWallet("a"); err != nil {
		t.Fatal(err)
	}
	a, err := s.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	u.Applied[len(u.Applied)-1].Msg = sound
	w.syncSet(s, 10)
	if got, err := a.Balances(t.Context(), 1); err != nil || got.Sum.Spendable != 12 || len(s.Troubles()) > 0 {
		t.Errorf("loaded again, it has %v (%v), troubles %q", got.Sum.Spendable, err, s.Troubles())
	}
}

// TestBadBlockStopsNoWallet: the error of a set names the block, and no wallet stops.
func TestBadBlockStopsNoWallet(t *testing.T) {
	w, s := newWorld(t, 1), openSet(t)
	importTest(t, makeTest(t, s, "a"), "x", 1, AccountOptions{})
	tx := w.pay(derived(t, 1, hd.External, 1)[0], 5)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), tx}, true)
	w.syncSet(s, 10)
	w.unsigned = true
	bad := w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), spend([]wire.OutPoint{{Hash: tx.TxHash()}}, wire.NewTxOut(5, w.stranger()))}, true)
	u := w.since(s.Locator(), 10)
	scripts, _ := s.Scripts()
	w.fill(&u, scripts)
	_, err := s.Apply(t.Context(), u)
	var invalid *consensus.InvalidBlock
	if !errors.As(err, &invalid) || invalid.Block != bad.BlockID || len(s.Troubles()) > 0 {
		t.Errorf("got %v, troubles %q", err, s.Troubles())
	}
}

// TestTwoWalletsOnTwoBranches: of two wallets at one height, each on a branch of its own,
// both come to the tip without another block.
func TestTwoWalletsOnTwoBranches(t *testing.T) {
	for _, lost := range []string{"a", "b"} {
		w, s := newWorld(t, 1), openSet(t)
		for range 5 {
			w.random()
		}
		for _, name := range []string{"a", "b"} {
			importTest(t, makeTest(t, s, name), "x", 1, AccountOptions{})
		}
		w.syncSet(s, 10)
		x, err := s.Wallet(lost)
		if err != nil {
			t.Fatal(err)
		}
		branch := append([]chain.Block{}, w.main...)
		w.random()
		w.sync(x, 10)
		w.main = branch
		w.random()
		w.syncSet(s, 10)
		for _, name := range []string{"a", "b"} {
			x, err := s.Wallet(name)
			if err != nil || x.Status().Tip != w.tip().BlockID {
				t.Errorf("with %s on the branch that is left, %s is at %v, want %v (%v)", lost, name, x.Status().Tip, w.tip().BlockID, err)
			}
		}
	}
}

// TestEveryPlaceIsOffered: a syncer that asks where to go on until it gets the same
// place again comes to every place where a wallet stands, whatever was asked before.
func TestEveryPlaceIsOffered(t *testing.T) {
	w, s := newWorld(t, 1), openSet(t)
	names := []string{"a", "b", "c"}
	for _, name := range names {
		importTest(t, makeTest(t, s, name), "x", 1, AccountOptions{})
		w.random()
	}
	places := make(map[consensus.BlockID]bool)
	for i, name := range names {
		x, err := s.Wallet(name)
		if err != nil {
			t.Fatal(err)
		}
		w.sync(x, 10)
		places[x.Status().Tip] = true
		if i < len(names)-1 {
			w.random()
		}
	}
	for before := range 12 {
		var seen []consensus.BlockID
		for at := s.Locator()[0]; !slices.Contains(seen, at); at = s.Locator()[0] {
			seen = append(seen, at)
		}
		if len(seen) != len(places) {
			t.Errorf("round %d: %d places are offered, want %d", before, len(seen), len(places))
		}
	}
}

// TestFullWallet: a payment that makes a window grow beyond what a wallet can watch is a
// warning; imports are refused while there is still room for windows.
func TestFullWallet(t *testing.T) {
	cfg := testConfig(filepath.Join(t.TempDir(), "w.db"), Birthday{})
	cfg.maxScripts = state.SpareScripts + 90
	x, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, 1)
	importTest(t, x, "a", 1, AccountOptions{})
	if _, err := x.ImportXpub(t.Context(), "b", testXpub(t, 2), AccountOptions{}); !errors.Is(err, ErrFull) {
		t.Errorf("an account without room: %v", err)
	}
	if err := x.SetGapLimit(t.Context(), 100); !errors.Is(err, ErrFull) {
		t.Errorf("a gap limit without room: %v", err)
	}
	for range 10 {
		if err := x.ImportScript(t.Context(), w.stranger(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.ImportScript(t.Context(), anyone(), nil); !errors.Is(err, ErrFull) {
		t.Errorf("a script without room: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.maxScripts = 95
	if x, err = Open(cfg); err != nil {
		t.Fatal(err)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(derived(t, 1, hd.External, 40)[39], 5)}, true)
	w.sync(x, 10)
	if b, err := x.Balances(t.Context(), 1); err != nil || b.Sum.Spendable != 5 || x.Status().Scripts != 95 {
		t.Errorf("it has %v and %d scripts (%v)", b.Sum.Spendable, x.Status().Scripts, err)
	}
	if !x.store.Now().Full {
		t.Error("it does not say that it is full")
	}
	x.cfg.maxScripts = 2 * state.SpareScripts
	if err := x.SetGapLimit(t.Context(), 1); err != nil || x.store.Now().Full {
		t.Errorf("a lower gap limit needs no further addresses, and full is %v (%v)", x.store.Now().Full, err)
	}
	if err := errors.Join(x.Check(t.Context()), x.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestFullWalletIsATrouble: the status says so when a window of a wallet cannot grow.
func TestFullWalletIsATrouble(t *testing.T) {
	w, s := newWorld(t, 1), openSet(t)
	x := makeTest(t, s, "a")
	importTest(t, x, "a", 1, AccountOptions{})
	x.cfg.maxScripts = 95
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(derived(t, 1, hd.External, 40)[39], 5)}, true)
	w.syncSet(s, 10)
	if list := s.Troubles(); len(list) != 1 || !strings.Contains(list[0], "as many scripts as it can") || s.TroublesHint() != hintFull {
		t.Errorf("troubles %q, hint %q", list, s.TroublesHint())
	}
}

// TestImportsAreCounted: whatever makes a wallet watch scripts that may have been paid before is
// counted, by which the syncer knows that mempools are to be asked again; nothing else is.
func TestImportsAreCounted(t *testing.T) {
	w, s := newWorld(t, 1), openSet(t)
	x := makeTest(t, s, "a")
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(derived(t, 1, hd.External, 40)[39], 5)}, true)
	key, _ := testKey(3, 5)
	script := w.stranger()
	for _, step := range []struct {
		name   string
		do     func() error
		counts bool
	}{
		{"a script", func() error { return x.ImportScript(t.Context(), script, nil) }, true},
		{"the first sync", func() error { w.syncSet(s, 10); return nil }, false},
		{"an account", func() error { _, err := x.ImportXpub(t.Context(), "a", testXpub(t, 1), AccountOptions{}); return err }, true},
		{"a window that grows by old blocks", func() error { w.syncSet(s, 10); return nil }, true},
		{"a key", func() error { _, err := x.ImportPubKey(t.Context(), key, nil); return err }, true},
		{"a gap limit", func() error { return x.SetGapLimit(t.Context(), 30) }, true},
		{"a lower gap limit", func() error { return x.SetGapLimit(t.Context(), 10) }, false},
		{"a block", func() error {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(script, 5)}, true)
			w.syncSet(s, 10)
			return nil
		}, false},
		{"an address of the window", func() error {
			_, err := x.NewAddress(t.Context(), "a", hd.Internal, GapIgnore)
			return err
		}, false},
	} {
		before, all := x.store.Now().Imports, s.Imports()
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := [2]bool{x.store.Now().Imports != before, s.Imports() != all}; got != [2]bool{step.counts, step.counts} {
			t.Errorf("%s: counted %v by the wallet and the set, want %v", step.name, got, step.counts)
		}
	}
	all := s.Imports()
	if err := s.CloseWallet("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open("a"); err != nil || s.Imports() == all {
		t.Errorf("a wallet that is opened is not counted (%v)", err)
	}
}

// TestCrowdedWallet: while relayed payments make room for others the status says so, and an
// hour later it does not.
func TestCrowdedWallet(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	c := testConfig("", Birthday{})
	s := NewSet(SetConfig{Dir: t.TempDir(), Params: c.Params, Log: c.Log, Now: func() time.Time { return now }})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w, x := newWorld(t, 1), makeTest(t, s, "a")
	importTest(t, x, "x", 1, AccountOptions{})
	pay := derived(t, 1, hd.External, 1)[0]
	hear(t, x, w.fake(pay, 1, 1), "attacker", false)
	if list := s.Troubles(); len(list) > 0 {
		t.Errorf("troubles %q", list)
	}
	for range poolHolds {
		hear(t, x, w.fake(pay, 1, 1), "attacker", false)
	}
	if list := s.Troubles(); len(list) != 1 || !strings.Contains(list[0], `"a"`) || !strings.Contains(list[0], "unmined") {
		t.Errorf("troubles %q", list)
	}
	if hint := s.TroublesHint(); hint != hintCrowded {
		t.Errorf("the hint is %q", hint)
	}
	now = now.Add(warnEvery)
	if list := s.Troubles(); len(list) > 0 {
		t.Errorf("an hour later: %q", list)
	}
}
