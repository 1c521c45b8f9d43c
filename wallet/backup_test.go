package wallet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// TestBackupsOfAWalletInUse: copies that are made while blocks are applied and taken back are
// sound, and each becomes what the wallet has become once it follows the chain.
func TestBackupsOfAWalletInUse(t *testing.T) {
	w := newWorld(t, 7)
	dir := t.TempDir()
	set := NewSet(SetConfig{Dir: filepath.Join(dir, "wallets"), Params: w.params})
	defer set.Close()
	x, err := set.Create("one", &Birthday{})
	if err != nil {
		t.Fatal(err)
	}
	x.store.DB.NoSync = true
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	for i := range 60 {
		w.ours = append(w.ours, x.store.Now().Scripts[i%10].Pay)
	}
	for range 40 {
		w.random()
	}
	w.sync(x, 10)
	var copies []string
	var writers sync.WaitGroup
	for n := range 12 {
		copies = append(copies, filepath.Join(dir, backupDir, fmt.Sprint(n)))
		writers.Go(func() {
			if path, err := set.Backup(t.Context(), "one", fmt.Sprint(n)); err != nil || path != copies[n] {
				t.Errorf("got %s, %v", path, err)
			}
		})
		if n%4 == 3 {
			w.reorganise(6)
		}
		for range 3 {
			w.random()
			w.step(x, 1)
		}
	}
	writers.Wait()
	w.sync(x, 10)
	want := everything(t, x)
	for _, path := range copies {
		restored, err := Open(testConfig(path, Birthday{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := restored.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.sync(restored, 10)
		if got := everything(t, restored); got != want {
			t.Errorf("the copy became\n%s, not\n%s", got, want)
		}
		if err := errors.Join(restored.Check(t.Context()), restored.Close()); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, backupDir))
	if err != nil || len(left) != len(copies) {
		t.Errorf("%d files are there, want %d (%v)", len(left), len(copies), err)
	}
}

// everything returns what a wallet says about mined transactions.
func everything(t *testing.T, x *Wallet) string {
	t.Helper()
	balances, err := x.Balances(t.Context(), 1)
	history, err2 := x.History(t.Context(), HistoryFilter{})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintln(balances.Tip)
	for _, a := range balances.Accounts {
		a.Total, a.Unconfirmed, a.Spending = 0, 0, 0
		text += fmt.Sprintf("%+v\n", a)
	}
	for _, h := range history {
		if h.Mined() {
			text += fmt.Sprintln(h.Hash, h.Place, h.Net())
		}
	}
	return text
}

// TestBackupRefuses: no file is replaced, and nothing is left of a copy that failed.
func TestBackupRefuses(t *testing.T) {
	dir := t.TempDir()
	set := NewSet(SetConfig{Dir: filepath.Join(dir, "wallets"), Params: consensus.SimNet()})
	defer set.Close()
	if _, err := set.Create("one", &Birthday{}); err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		wallet, path string
		want         error
	}{
		{"one", there, ErrBackupExists},
		{"one", "../wallets/one.db", ErrBackup},
		{"one", filepath.Join(dir, "no", "such", "directory"), ErrBackup},
		{"one", "", ErrBackup},
		{"two", "copy", ErrNoWallet},
	} {
		if _, err := set.Backup(t.Context(), tt.wallet, tt.path); !errors.Is(err, tt.want) {
			t.Errorf("backup of %s to %q: got %v, want %v", tt.wallet, tt.path, err, tt.want)
		}
	}
	if text, err := os.ReadFile(there); string(text) != "precious" {
		t.Errorf("the file became %q (%v)", text, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, backupDir)); len(left) != 0 {
		t.Errorf("%d files are left (%v)", len(left), err)
	}
}
