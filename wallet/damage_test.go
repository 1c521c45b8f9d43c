package wallet

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/store"
)

// harms are the ways in which a file is damaged: each returns what is left of it.
func harms() map[string]func(w *world, file []byte, pageSize int) []byte {
	page := func(w *world, file []byte, pageSize int) []byte {
		return file[w.rng.IntN(len(file)/pageSize)*pageSize:][:pageSize]
	}
	return map[string]func(w *world, file []byte, pageSize int) []byte{
		"cut off": func(w *world, file []byte, _ int) []byte { return file[:w.rng.IntN(len(file))] },
		"one bit": func(w *world, file []byte, _ int) []byte {
			file[w.rng.IntN(len(file))] ^= 1 << w.rng.IntN(8)
			return file
		},
		"a head of a page": func(w *world, file []byte, pageSize int) []byte {
			page(w, file, pageSize)[w.rng.IntN(64)] ^= 1 << w.rng.IntN(8)
			return file
		},
		"a page of zeros": func(w *world, file []byte, pageSize int) []byte {
			clear(page(w, file, pageSize))
			return file
		},
		"a page of noise": func(w *world, file []byte, pageSize int) []byte {
			for i, p := 0, page(w, file, pageSize); i < len(p); i++ {
				p[i] = byte(w.rng.Uint32())
			}
			return file
		},
		"a page twice": func(w *world, file []byte, pageSize int) []byte {
			copy(page(w, file, pageSize), page(w, file, pageSize))
			return file
		},
	}
}

// TestDamageEndsNothing: whatever a file holds, opening it, reading from it, writing to it
// and closing it end with what is right or with an error.
func TestDamageEndsNothing(t *testing.T) {
	w := newWorld(t, 21)
	w.ours = append(derived(t, 1, hd.External, 12), derived(t, 1, hd.Internal, 12)...)
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	for range 120 {
		w.random()
	}
	w.sync(x, 10)
	pageSize := x.store.DB.Info().PageSize
	path := filepath.Join(t.TempDir(), "copy.db")
	copyFile(t, x, path)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.random()
	}
	opened, refused := 0, 0
	for name, harm := range harms() {
		for range max(12, *damages) {
			path := filepath.Join(t.TempDir(), "w.db")
			if err := os.WriteFile(path, harm(w, bytes.Clone(sound), pageSize), 0o600); err != nil {
				t.Fatal(err)
			}
			x, err := Open(testConfig(path, Birthday{}))
			if err != nil {
				refused++
				if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewerFormat) && !errors.Is(err, ErrOtherNetwork) && !errors.Is(err, store.ErrDefect) {
					t.Errorf("%s: opening says %v", name, err)
				}
				continue
			}
			opened++
			useDamaged(w, x)
		}
	}
	t.Logf("%d files were opened, %d refused", opened, refused)
	if opened == 0 || refused == 0 {
		t.Error("the damage is of one kind only")
	}
}

// useDamaged reads from a wallet, takes it along and closes it. Any error is fine.
func useDamaged(w *world, x *Wallet) {
	ctx := w.t.Context()
	_, _ = x.Balances(ctx, 1)
	_, _ = x.History(ctx, HistoryFilter{})
	_, _ = x.Unspent(ctx, OutputFilter{})
	_, _ = x.Received(ctx, 1)
	u := w.since(x.steps.Locator(), 100)
	scripts, _ := x.steps.Scripts()
	w.fill(&u, scripts)
	_, _ = x.applier.Apply(ctx, u)
	_, _ = x.NewAddress(ctx, "a", hd.External, GapRefuse)
	_ = x.Rescan(ctx, 0)
	_ = x.Check(ctx)
	_ = x.Close()
}

// ruins are the ways in which a whole wallet file cannot be opened: each does it to a path,
// and says what Open finds.
func ruins() map[string]struct {
	harm func(path string) error
	want error
} {
	newer := func(path string) error {
		db, err := bolt.Open(path, 0o600, nil)
		if err != nil {
			return err
		}
		return errors.Join(db.Update(func(tx *bolt.Tx) error {
			return tx.Bucket(state.MetaBucket).Put(state.FormatKey, rows.Key(state.NewestFormat()+1))
		}), db.Close())
	}
	noise := func(path string) error {
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := 0; i < len(file); i += 100 {
			file[i] ^= 0x55
		}
		return os.WriteFile(path, file, 0o600)
	}
	link := func(path string) error { return errors.Join(os.Remove(path), os.Symlink("nowhere", path)) }
	return map[string]struct {
		harm func(path string) error
		want error
	}{
		"cut off":       {func(path string) error { return os.Truncate(path, 9000) }, ErrCorrupt},
		"flipped bytes": {noise, ErrCorrupt},
		"newer format":  {newer, ErrNewerFormat},
		"empty":         {func(path string) error { return os.Truncate(path, 0) }, ErrCorrupt},
		"a dead link":   {link, ErrUnreadable},
	}
}

// TestOtherWalletsAreOpened: a wallet whose file cannot be opened is named, with its file and
// why, left as it is, and opened again once it can be; the others are served meanwhile.
func TestOtherWalletsAreOpened(t *testing.T) {
	for name, ruin := range ruins() {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(t, 1), openSet(t)
			for _, name := range []string{"a", "b"} {
				importTest(t, makeTest(t, s, name), "x", 1, AccountOptions{})
			}
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(derived(t, 1, hd.External, 1)[0], 5)}, true)
			w.syncSet(s, 10)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			sound, err := os.ReadFile(s.path("a"))
			if err != nil {
				t.Fatal(err)
			}
			if err := ruin.harm(s.path("a")); err != nil {
				t.Fatal(err)
			}
			s = NewSet(s.cfg)
			defer s.Close()
			if err := s.OpenAll(); err != nil {
				t.Fatal(err)
			}
			for range 2 { // opening it again finds the same
				wantRefused(t, s, "a", ruin.want)
				if _, err := s.Open("a"); !errors.Is(err, ruin.want) {
					t.Errorf("opening it again: %v", err)
				}
			}
			if _, err := s.Create("a", nil); !errors.Is(err, ErrWalletExists) {
				t.Errorf("making another one in its place: %v", err)
			}
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(derived(t, 1, hd.External, 1)[0], 7)}, true)
			w.syncSet(s, 10)
			b, err := s.Wallet("b")
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.Balances(t.Context(), 1); err != nil || got.Sum.Spendable != 12 {
				t.Errorf("the other wallet has %v (%v)", got.Sum.Spendable, err)
			}
			if err := errors.Join(os.Remove(s.path("a")), os.WriteFile(s.path("a"), sound, 0o600)); err != nil {
				t.Fatal(err)
			}
			a, err := s.Open("a")
			if err != nil {
				t.Fatal(err)
			}
			w.syncSet(s, 10)
			if got, err := a.Balances(t.Context(), 1); err != nil || got.Sum.Spendable != 12 || len(s.Troubles()) > 0 || s.Trouble("a") != nil {
				t.Errorf("restored, it has %v (%v), troubles %q", got.Sum.Spendable, err, s.Troubles())
			}
		})
	}
}

// wantRefused checks what a set says of a wallet that could not be opened.
func wantRefused(t *testing.T, s *Set, name string, want error) {
	t.Helper()
	if list := s.Troubles(); len(list) != 1 || !strings.Contains(list[0], s.path(name)) || !strings.Contains(list[0], want.Error()) {
		t.Errorf("troubles %q", list)
	}
	list, err := s.List()
	if err != nil || len(list) != 2 || list[0].Name != name || list[0].Open || !errors.Is(list[0].Trouble, want) || !list[1].Open || list[1].Trouble != nil {
		t.Errorf("list %+v (%v)", list, err)
	}
	if _, err := s.Wallet(name); !errors.Is(err, want) || !strings.Contains(err.Error(), s.path(name)) {
		t.Errorf("the wallet: %v", err)
	}
}

// TestForgetARuin: unloading a wallet that could not be opened ends what is said of it, and
// so does an attempt to open it when its file is gone.
func TestForgetARuin(t *testing.T) {
	s := openSet(t)
	for _, forget := range []func() error{
		func() error { return s.CloseWallet("a") },
		func() error {
			_, err := s.Open("a")
			if errors.Is(err, ErrNoWallet) {
				return nil
			}
			return errors.Join(errors.New("it was opened"), err)
		},
	} {
		if err := errors.Join(os.MkdirAll(s.cfg.Dir, 0o700), os.WriteFile(s.path("a"), nil, 0o600), s.OpenAll()); err != nil {
			t.Fatal(err)
		}
		if len(s.Troubles()) != 1 {
			t.Errorf("troubles %q", s.Troubles())
		}
		if err := errors.Join(os.Remove(s.path("a")), forget()); err != nil || len(s.Troubles()) != 0 {
			t.Errorf("%v, troubles %q", err, s.Troubles())
		}
	}
}

// TestDamageWhileItRuns: a wallet in which a reader comes across damage is named, with its
// file; a wallet that cannot take in a block stops, and the other one goes on.
func TestDamageWhileItRuns(t *testing.T) {
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
	for poked(s.Changed()) {
	}
	if err := a.store.DB.Update(func(tx *bolt.Tx) error {
		k, _ := tx.Bucket(ledger.MinedBucket).Cursor().First()
		return tx.Bucket(ledger.MinedBucket).Put(bytes.Clone(k), []byte{1})
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.History(t.Context(), HistoryFilter{}); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("reading it: %v", err)
	}
	if list := s.Troubles(); len(list) != 1 || !strings.Contains(list[0], s.path("a")) || !errors.Is(s.Trouble("a"), ErrCorrupt) {
		t.Errorf("troubles %q", list)
	}
	if !poked(s.Changed()) {
		t.Error("the syncer is not poked")
	}
	panics := func(*bolt.Tx, *state.Snapshot) (*state.Snapshot, error) { panic("page 7 is of no kind") }
	if err := a.store.Update(t.Context(), panics); !errors.Is(err, store.ErrDefect) || !strings.Contains(err.Error(), "damage_test.go") {
		t.Errorf("a panic: %v", err)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pay, 7)}, true)
	w.syncSet(s, 10)
	b, err := s.Wallet("b")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.Balances(t.Context(), 1); err != nil || got.Sum.Spendable != 12 {
		t.Errorf("the other wallet has %v (%v)", got.Sum.Spendable, err)
	}
}

// TestDamagedImportedScript: an imported script of the file has another bit. What pays it shows
// that: no rescan is offered, which would take the payments for damaged and look for the other
// script.
func TestDamagedImportedScript(t *testing.T) {
	w, path := newWorld(t, 1), filepath.Join(t.TempDir(), "w.db")
	x, err := Open(testConfig(path, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	pay := w.stranger()
	importScript(t, x, pay, 1)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), w.pay(pay, 5)}, true)
	w.sync(x, 10)
	err = x.store.DB.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(ledger.ScriptsBucket)
		k, v := b.Cursor().First()
		return b.Put(bytes.Clone(k), bytes.Replace(v, pay, append(bytes.Clone(pay[:5]), append([]byte{pay[5] ^ 1}, pay[6:]...)...), 1))
	})
	if err := errors.Join(err, x.Close()); err != nil {
		t.Fatal(err)
	}
	if x, err = Open(testConfig(path, Birthday{})); err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var found *Repairable
	if err := x.Check(t.Context()); !errors.Is(err, ErrCorrupt) || errors.As(err, &found) {
		t.Errorf("check: %v", err)
	}
	if _, err := x.StartRescan(t.Context(), 1); !errors.Is(err, ErrCorrupt) {
		t.Errorf("rescan: %v", err)
	}
}
