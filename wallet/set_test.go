package wallet

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSetKeepsADirectory(t *testing.T) {
	s := openSet(t)
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, name := range []string{"", "A", "-a", "a/b", "..", "a.db", strings.Repeat("a", 51), "ä"} {
		if _, err := s.Create(name, nil); !errors.Is(err, ErrWalletName) {
			t.Errorf("creating %q: %v", name, err)
		}
		if _, err := s.Wallet(name); !errors.Is(err, ErrNoWallet) || name != "" && strings.Contains(err.Error(), name) {
			t.Errorf("looking for %q: %v", name, err)
		}
	}
	if _, err := s.Open("a"); !errors.Is(err, ErrNoWallet) {
		t.Errorf("opening nothing: %v", err)
	}
	birthday := Birthday{Height: 7}
	a, err := s.Create("a", &birthday)
	if err != nil {
		t.Fatal(err)
	}
	if got := importTest(t, a, "x", 1, AccountOptions{}); got.Birthday != birthday {
		t.Errorf("the birthday is %v, want %v", got.Birthday, birthday)
	}
	if _, err := s.Create("a", nil); !errors.Is(err, ErrWalletExists) {
		t.Errorf("creating it again: %v", err)
	}
	if again, err := s.Open("a"); again != a || err != nil {
		t.Errorf("opening it again: %v", err)
	}
	makeTest(t, s, "b")
	// What is no wallet of ours stays out of it.
	for _, name := range []string{"A.db", "notes.txt", ".hidden.db"} {
		if err := os.WriteFile(filepath.Join(s.cfg.Dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := func(want ...FileInfo) {
		t.Helper()
		if list, err := s.List(); err != nil || !reflect.DeepEqual(list, want) {
			t.Errorf("%v, %v; want %v", list, err, want)
		}
	}
	want(FileInfo{Name: "a", Open: true}, FileInfo{Name: "b", Open: true})
	for poked(s.Changed()) {
	}
	if err := s.CloseWallet("a"); err != nil || !poked(s.Changed()) {
		t.Errorf("closing: %v", err)
	}
	want(FileInfo{Name: "a", Open: false}, FileInfo{Name: "b", Open: true})
	if err := s.CloseWallet("a"); !errors.Is(err, ErrNoWallet) {
		t.Errorf("closing it again: %v", err)
	}
	if err := a.Rescan(t.Context(), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("using what was closed: %v", err)
	}
	if _, err := a.History(t.Context(), HistoryFilter{}); !errors.Is(err, ErrClosed) {
		t.Errorf("reading what was closed: %v", err)
	}
	if err := s.OpenAll(); err != nil {
		t.Fatal(err)
	}
	want(FileInfo{Name: "a", Open: true}, FileInfo{Name: "b", Open: true})
	if err := s.CloseWallet("b"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("b"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.OpenAll(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Wallet("b"); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "b.db") {
		t.Errorf("a damaged wallet: %v", err)
	}
}

// TestSetMakesNoWalletForNothing: what was made for an import that failed goes, and
// what was there before, or has come to watch something, stays.
func TestSetMakesNoWalletForNothing(t *testing.T) {
	s, refused := openSet(t), errors.New("refused")
	refuse := func(*Wallet) error { return refused }
	if err := s.makeFor("a", refuse); !errors.Is(err, refused) {
		t.Errorf("making it for nothing: %v", err)
	}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	if err := s.makeFor("a", func(w *Wallet) error {
		importTest(t, w, "x", 1, AccountOptions{})
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("something else was imported meanwhile: %v", err)
	}
	a, err := s.Wallet("a")
	if err != nil || len(a.Accounts()) != 1 {
		t.Fatalf("a wallet that watches something: %v", err)
	}
	makeTest(t, s, "empty")
	for _, name := range []string{"a", "empty"} {
		if err := s.makeFor(name, refuse); !errors.Is(err, refused) {
			t.Errorf("refusing %s: %v", name, err)
		}
		if _, err := s.Wallet(name); err != nil {
			t.Errorf("what was there has gone: %v", err)
		}
	}
	if err := s.makeFor("-", refuse); !errors.Is(err, ErrWalletName) {
		t.Errorf("a bad name: %v", err)
	}
}

// TestSetScannedIsWhatAllAgreeOn: only a block that all wallets are at is named.
func TestSetScannedIsWhatAllAgreeOn(t *testing.T) {
	w, s := plain(t, 20), openSet(t)
	if _, watching := s.Scanned(); watching || s.Locator() != nil {
		t.Error("nobody watches")
	}
	a := makeTest(t, s, "a")
	makeTest(t, s, "empty")
	if _, watching := s.Scanned(); watching {
		t.Error("nobody watches anything")
	}
	importTest(t, a, "a", 1, AccountOptions{})
	w.syncSet(s, 100)
	b := makeTest(t, s, "b")
	importTest(t, b, "b", 2, AccountOptions{})
	if at, watching := s.Scanned(); !watching || at.Height != 0 || at == w.main[0].BlockID {
		t.Errorf("one at the tip, one at genesis: %v", at)
	}
	w.syncSet(s, 100)
	if at, _ := s.Scanned(); at != w.tip().BlockID {
		t.Errorf("both at the tip: %v", at)
	}
	if err := s.CloseWallet("b"); err != nil {
		t.Fatal(err)
	}
	w.cut(2)
	w.random() // a shorter chain, which b has not seen
	w.syncSet(s, 100)
	if _, err := s.Open("b"); err != nil {
		t.Fatal(err)
	}
	if at, _ := s.Scanned(); at == w.tip().BlockID {
		t.Error("one is on a branch that was left")
	}
	w.syncSet(s, 100)
}
