package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// of returns the client for another wallet of the same daemon.
func (c client) of(wallet string) client {
	c.url += "wallet/" + wallet
	return c
}

// TestWalletsShareADaemon keeps two wallets apart that follow one chain, over
// real requests and a restart.
func TestWalletsShareADaemon(t *testing.T) {
	mine, other := newOwner(t, 1), newOwner(t, 2)
	plan := mine.pay()
	plan.Pay(30, other.script(0, 0), 3e8)
	ns, dir := servePlan(t, 1, plan), t.TempDir()
	account := "--account=default=" + mine.xpub()
	d, c := ns.startSynced(t, dir, account)
	var made api.WalletName
	c.mustCall(t, "createwallet", `["savings","0"]`, &made)
	if made.Name != "savings" {
		t.Errorf("createwallet: %+v", made)
	}
	savings := c.of("savings")
	var nothing any
	savings.mustCall(t, "importxpub", fmt.Sprintf(`["default",%q]`, other.xpub()), &nothing)
	savings.mustCall(t, "rescanwallet", "[]", &nothing)
	c.assertSpendable(t, 145e7)
	savings.assertSpendable(t, 3e8)
	c.of("default").assertSpendable(t, 145e7)

	var names []string
	if c.mustCall(t, "listwallets", "[]", &names); !slices.Equal(names, []string{"default", "savings"}) {
		t.Errorf("listwallets: %v", names)
	}
	c.mustCall(t, "unloadwallet", `["savings"]`, &nothing)
	var balance api.Balance
	for _, name := range []string{"savings", "nobody", "..%2fdefault"} {
		if err := c.of(name).callWith(t, "getbalance", "[]", &balance); err == nil || err.Code != api.CodeNoWallet {
			t.Errorf("getbalance of %s: %v", name, err)
		}
		if err := c.of(name).callWith(t, "importscript", `["51"]`, &nothing); err == nil || err.Code != api.CodeNoWallet {
			t.Errorf("importscript to %s: %v", name, err)
		}
	}
	c.mustCall(t, "loadwallet", `["savings"]`, &made)
	savings.assertSpendable(t, 3e8)
	d.stop()
	d.end()
	_, c = ns.startSynced(t, dir, account)
	c.of("savings").assertSpendable(t, 3e8)
	for params, code := range map[string]api.Code{
		`["savings"]`: api.CodeWallet, `["../x"]`: api.CodeInvalid, `[""]`: api.CodeInvalid, `["x","soon"]`: api.CodeInvalid,
	} {
		if err := c.callWith(t, "createwallet", params, &made); err == nil || err.Code != code {
			t.Errorf("createwallet %s: %v, want code %d", params, err, code)
		}
	}
}

// assertSpendable compares the spendable balance.
func (c client) assertSpendable(t *testing.T, want api.Amount) {
	t.Helper()
	var balance api.Balance
	c.mustCall(t, "getbalance", "[]", &balance)
	if balance.TotalSpendable != want {
		t.Errorf("%s has %v, want %v", c.url, balance.TotalSpendable, want)
	}
}
