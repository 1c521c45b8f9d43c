package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// damagedWallets makes a data directory with the wallets default and shop, which watch
// an account each, and returns it with the path of a wallet's file.
func damagedWallets(t *testing.T, ns *nodes, o *owner) (dir string, path func(name string) string) {
	t.Helper()
	dir = t.TempDir()
	var ignored any
	d, c := ns.startSynced(t, dir)
	for _, name := range []string{wallet.DefaultName, "shop"} {
		if name == "shop" {
			c.mustCall(t, "createwallet", `["shop"]`, &ignored)
		}
		c.of(name).mustCall(t, "importxpub", `["a","`+o.xpub()+`"]`, &ignored)
		c.of(name).mustCall(t, "rescanwallet", `[]`, &ignored)
	}
	d.stop()
	if code := d.end(); code != exitClean {
		t.Fatalf("exit code %d: %s", code, d.err)
	}
	return dir, func(name string) string { return filepath.Join(dir, "simnet", spvd.WalletDir, name+".db") }
}

// TestDaemonServesTheOtherWallets: a wallet file that cannot be opened ends nothing. The status
// names it with its file, listwallets lists it with what is wrong, calls for it say so too, the
// other wallet is served, and loadwallet takes it back once it is mended.
func TestDaemonServesTheOtherWallets(t *testing.T) {
	o := newOwner(t, 1)
	ns := servePlan(t, 1, o.pay())
	for _, name := range []string{wallet.DefaultName, "shop"} {
		t.Run(name, func(t *testing.T) {
			dir, path := damagedWallets(t, ns, o)
			other := map[string]string{wallet.DefaultName: "shop", "shop": wallet.DefaultName}[name]
			sound, err := os.ReadFile(path(name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path(name), 9000); err != nil {
				t.Fatal(err)
			}
			d, c := ns.startSynced(t, dir)
			c.of(other).assertSpendable(t, 145e7)
			var st api.SyncStatus
			if err := c.call(t, "syncstatus", &st); err != nil {
				t.Fatal(err)
			}
			said := false
			var ignored any
			for _, w := range st.Warnings {
				said = said || strings.Contains(w.Text, path(name)) && strings.Contains(w.Hint, "wallet load")
			}
			if !said {
				t.Errorf("warnings %+v", st.Warnings)
			}
			var list []api.WalletFile
			if err := c.callWith(t, "listwallets", `[true]`, &list); err != nil {
				t.Fatal(err)
			}
			for _, f := range list {
				if (f.Name == name) != (f.State == api.WalletDamaged && strings.Contains(f.Trouble, path(name)) && !f.Loaded) {
					t.Errorf("list %+v", list)
				}
			}
			for _, method := range []string{"getbalance", "walletinfo", "listtransactions", "loadwallet"} {
				params := `[]`
				if method == "loadwallet" {
					params = `["` + name + `"]`
				}
				if err := c.of(name).callWith(t, method, params, &ignored); err == nil || err.Code != api.CodeWallet || !strings.Contains(err.Message, path(name)) {
					t.Errorf("%s says %v", method, err)
				}
			}
			if err := c.of(name).callWith(t, "importxpub", `["b","`+newOwner(t, 2).xpub()+`"]`, &ignored); err == nil || !strings.Contains(err.Message, "damaged") {
				t.Errorf("importing into it says %v", err)
			}
			if err := os.WriteFile(path(name), sound, 0o600); err != nil {
				t.Fatal(err)
			}
			c.mustCall(t, "loadwallet", `["`+name+`"]`, &ignored)
			c.of(name).assertSpendable(t, 145e7)
			d.stop()
			if code := d.end(); code != exitClean {
				t.Errorf("exit code %d: %s", code, d.err)
			}
		})
	}
}

// TestAccountsOfADamagedWallet: --account is for the default wallet. If that cannot be opened
// the daemon ends when it is the only one, with a line that says what to do, and serves the
// others when there are some.
func TestAccountsOfADamagedWallet(t *testing.T) {
	o := newOwner(t, 1)
	ns := servePlan(t, 1, o.pay())
	dir, path := damagedWallets(t, ns, o)
	if err := os.Truncate(path(wallet.DefaultName), 0); err != nil {
		t.Fatal(err)
	}
	d, c := ns.startSynced(t, dir, "--account", "a="+o.xpub())
	c.of("shop").assertSpendable(t, 145e7)
	d.stop()
	if code := d.end(); code != exitClean {
		t.Errorf("exit code %d: %s", code, d.err)
	}
	if err := os.Remove(path("shop")); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := runOnce(t, "--simnet", "--appdata", dir, "--rpclisten", "127.0.0.1:0", "--account", "a="+o.xpub())
	if code != exitFatal {
		t.Errorf("exit code %d", code)
	}
	assertOneLine(t, stderr, "accounts", path(wallet.DefaultName), "move the file away")
	if err := os.Remove(path(wallet.DefaultName)); err != nil {
		t.Fatal(err)
	}
	_, c = ns.startSynced(t, dir, "--account", "a="+o.xpub(), "--birthday", "0")
	c.assertSpendable(t, 145e7)
}
