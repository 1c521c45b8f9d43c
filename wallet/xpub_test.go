package wallet

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/hdkeychain/v3"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// badKeys are strings that are no account key, and why.
func badKeys(t *testing.T) map[string]error {
	net := chaincfg.SimNetParams()
	account := seedKey(t, net, 1)
	xpub, xprv := account.Neuter().String(), account.String()
	child, err := account.Neuter().Child(0)
	if err != nil {
		t.Fatal(err)
	}
	master, err := hdkeychain.NewMaster(make([]byte, 32), net)
	if err != nil {
		t.Fatal(err)
	}
	wif, err := dcrutil.NewWIF(append(make([]byte, 31), 1), net.PrivateKeyID, dcrec.STEcdsaSecp256k1)
	if err != nil {
		t.Fatal(err)
	}
	last := byte('2')
	if xpub[len(xpub)-1] == last {
		last = '3'
	}
	return map[string]error{
		xprv:               ErrPrivateKey,
		" " + xprv + "\n":  ErrPrivateKey,
		xprv[:len(xprv)-3]: ErrPrivateKey,
		seedKey(t, chaincfg.MainNetParams(), 1).String(): ErrPrivateKey,
		wif.String():                         ErrPrivateKey,
		xpub[:len(xpub)-1] + string(last):    ErrBadChecksum,
		xpub[:len(xpub)-5]:                   ErrBadKey,
		"":                                   ErrBadKey,
		strings.Repeat("spub", 1000):         ErrBadKey,
		"Ssxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": ErrBadKey,
		child.String():                       ErrNotAccountKey,
		master.Neuter().String():             ErrNotAccountKey,
	}
}

func TestBadKeysChangeNothing(t *testing.T) {
	x := openTest(t, Birthday{})
	before := dump(t, x)
	for key, want := range badKeys(t) {
		_, err := x.ImportXpub(t.Context(), "a", key, AccountOptions{})
		if !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", key, err, want)
			continue
		}
		if len(key) > 8 && strings.Contains(err.Error(), strings.TrimSpace(key)[:8]) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
	if after := dump(t, x); after != before {
		t.Fatal("a refused key changed the wallet")
	}
}

func TestPrivateKeysAreRefusedAsAddresses(t *testing.T) {
	x := openTest(t, Birthday{})
	for key, want := range badKeys(t) {
		if want != ErrPrivateKey {
			continue
		}
		if err := x.ImportAddress(t.Context(), key, "", nil); !errors.Is(err, ErrPrivateKey) {
			t.Errorf("%q: %v", key, err)
		}
		if _, err := x.AddressInfo(t.Context(), key); !errors.Is(err, ErrPrivateKey) {
			t.Errorf("%q: %v", key, err)
		}
		if err := x.SetLabel(t.Context(), key, "savings"); !errors.Is(err, ErrPrivateKey) || strings.Contains(err.Error(), key) {
			t.Errorf("label: %v", err)
		}
		if err := x.SetLabel(t.Context(), strings.Repeat("a0", 32), "the key: "+key); !errors.Is(err, ErrPrivateKey) || strings.Contains(err.Error(), key) {
			t.Errorf("a key as the label: %v", err)
		}
	}
}

func TestAccountsAreChecked(t *testing.T) {
	x := openTest(t, Birthday{})
	xpub := testXpub(t, 1)
	long := strings.Repeat("x", state.MaxName+1)
	for name, want := range map[string]error{"": ErrBadName, "*": ErrBadName, ImportedName: ErrBadName, "a\nb": ErrBadName, " a": ErrBadName, "a ": ErrBadName, "\xff": ErrBadName, long: ErrBadName} {
		if _, err := x.ImportXpub(t.Context(), name, xpub, AccountOptions{}); !errors.Is(err, want) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if _, err := x.ImportXpub(t.Context(), "a", xpub, AccountOptions{Gap: hd.MaxGap + 1}); !errors.Is(err, ErrGapLimit) {
		t.Errorf("absurd gap limit: %v", err)
	}
	importTest(t, x, "a", 1, AccountOptions{})
	importTest(t, x, "b", 2, AccountOptions{Gap: 5})
	for _, try := range []struct{ name, xpub string }{{"c", xpub}, {"a", testXpub(t, 3)}} {
		if _, err := x.ImportXpub(t.Context(), try.name, try.xpub, AccountOptions{}); !errors.Is(err, ErrDuplicate) {
			t.Errorf("duplicate %s: %v", try.name, err)
		}
	}
	if err := x.RenameAccount(t.Context(), "b", "a"); !errors.Is(err, ErrDuplicate) {
		t.Errorf("rename to a taken name: %v", err)
	}
	if err := x.RenameAccount(t.Context(), "d", "e"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("rename nothing: %v", err)
	}
	if err := x.RenameAccount(t.Context(), ImportedName, "e"); !errors.Is(err, ErrImported) {
		t.Errorf("rename the imported: %v", err)
	}
	if err := x.RenameAccount(t.Context(), "b", "c"); err != nil {
		t.Error(err)
	}
	if err := x.SetGapLimit(t.Context(), 0, "c"); !errors.Is(err, ErrGapLimit) {
		t.Errorf("gap limit 0: %v", err)
	}
	if err := x.SetGapLimit(t.Context(), 50, "c"); err != nil {
		t.Error(err)
	}
	list := x.Accounts()
	if len(list) != 2 || list[0].Name != "a" || list[1].Name != "c" || list[1].Gap != 50 || list[1].Number != 1 {
		t.Errorf("accounts %+v", list)
	}
	reopened := reopen(t, x)
	if got := reopened.Accounts(); len(got) != 2 || got[0] != list[0] || got[1] != list[1] {
		t.Errorf("after a restart: %+v, want %+v", got, list)
	}
}

func TestIssuedAddressesAreWatchedAtOnce(t *testing.T) {
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	want := derived(t, 1, hd.External, 30)
	for i := range 30 {
		out, err := x.NewAddress(t.Context(), "a", hd.External, GapIgnore)
		if err != nil {
			t.Fatal(err)
		}
		if out.Address != hd.ScriptAddress(x.cfg.Params.ChainParams, want[i]) || out.Index != uint32(i) || out.BeyondGap != (i >= 5) {
			t.Fatalf("address %d: %+v", i, out)
		}
		scripts, _ := x.steps.Scripts()
		found := false
		for _, s := range scripts {
			found = found || string(s) == string(want[i])
		}
		if !found {
			t.Fatalf("address %d is not watched", i)
		}
	}
	for branch, want := range []uint32{30, 0} {
		if index, err := x.NextIndex("a", uint32(branch)); index != want || err != nil {
			t.Errorf("next index of branch %d: %d, %v", branch, index, err)
		}
	}
	list, err := x.Addresses("a")
	if err != nil || len(list) != 30 {
		t.Errorf("%d addresses, %v", len(list), err)
	}
	for account, want := range map[string]error{ImportedName: ErrImported, "b": ErrNoAccount} {
		if _, err := x.NewAddress(t.Context(), account, hd.External, GapIgnore); !errors.Is(err, want) {
			t.Errorf("%s: %v", account, err)
		}
	}
}

// reopen closes a wallet and opens its file again.
func reopen(t *testing.T, x *Wallet) *Wallet {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "again.db")
	copyFile(t, x, copied)
	again, err := Open(testConfig(copied, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(again.Check(t.Context()), again.Close()); err != nil && !errors.Is(err, t.Context().Err()) {
			t.Error(err)
		}
	})
	return again
}
