package main

import (
	"fmt"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestAddressesAreDescribed: validateaddress says what dcrwallet's says.
func TestAddressesAreDescribed(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir, "--account=default="+o.xpub())
	describe := func(address string) (info api.AddressInfo) {
		t.Helper()
		c.mustCall(t, "validateaddress", fmt.Sprintf("[%q]", address), &info)
		return info
	}
	derived, _ := o.address(0, 3)
	info := describe(derived)
	if info.Script != "pubkeyhash" || info.PubKey == "" || !info.IsCompressed || info.IsScript || *info.Index != 3 {
		t.Errorf("an address of the account: %+v", info)
	}
	if named := describe(info.PubKeyAddr); !named.IsValid || named.PubKey != info.PubKey || named.PubKeyAddr != named.Address || named.Script != "pubkey" {
		t.Errorf("the address of its key: %+v", named)
	}
	stranger, _ := newOwner(t, 2).address(0, 0)
	if info := describe(stranger); info.IsMine || !info.IsCompressed || info.Script != "pubkeyhash" || info.PubKey != "" {
		t.Errorf("the address of another wallet: %+v", info)
	}
	two, _ := o.address(0, 4)
	redeem := "5221" + info.PubKey + "21" + describe(two).PubKey + "52ae"
	var nothing any
	c.mustCall(t, "importscript", fmt.Sprintf("[%q]", redeem), &nothing)
	var list []string
	c.mustCall(t, "getaddressesbyaccount", `["imported"]`, &list)
	if len(list) != 1 {
		t.Fatalf("imported: %v", list)
	}
	if info := describe(list[0]); !info.IsScript || info.Script != "multisig" || info.SigsRequired != 2 || len(info.Addresses) != 2 || info.Hex != redeem {
		t.Errorf("the address of a script: %+v", info)
	}
}

// TestOutputsThatAreSpent: gettxout is null for what the wallet knows to be spent, and
// an error for what it knows nothing of.
func TestOutputsThatAreSpent(t *testing.T) {
	o := newOwner(t, 1)
	plan := o.pay()
	ns, dir := servePlan(t, 1, plan), t.TempDir()
	_, c := ns.startSynced(t, dir, "--account=default="+o.xpub())
	first, _ := o.address(0, 0)
	var lines []api.ListedTransaction
	c.mustCall(t, "listaddresstransactions", fmt.Sprintf("[[%q]]", first), &lines)
	if len(lines) != 1 {
		t.Fatalf("payments to the first address: %+v", lines)
	}
	out := &api.TxOut{}
	c.mustCall(t, "gettxout", fmt.Sprintf("[%q,%d,0]", lines[0].TxID, lines[0].Vout), &out)
	if out != nil {
		t.Errorf("an output that is spent: %+v", out)
	}
	for _, params := range []string{fmt.Sprintf("[%q,%d,0]", lines[0].TxID, lines[0].Vout+7), fmt.Sprintf("[%q,0,0]", lines[0].BlockHash)} {
		out = &api.TxOut{}
		c.mustCall(t, "gettxout", params, &out)
		if out != nil {
			t.Errorf("gettxout %s: %+v, want null", params, out)
		}
	}
}

// TestNextIndex: accountaddressindex is the index of the address that comes next.
func TestNextIndex(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir, "--account=default="+o.xpub())
	var next uint32
	for branch, want := range []uint32{51, 1} {
		if c.mustCall(t, "accountaddressindex", fmt.Sprintf(`["default",%d]`, branch), &next); next != want {
			t.Errorf("branch %d: %d, want %d", branch, next, want)
		}
	}
	c.mustCall(t, "importxpub", fmt.Sprintf(`["other",%q,"new"]`, newOwner(t, 2).xpub()), new(any))
	for want := range uint32(3) {
		var address string
		if c.mustCall(t, "accountaddressindex", `["other",0]`, &next); next != want {
			t.Errorf("%d, want %d", next, want)
		}
		c.mustCall(t, "getnewaddress", `["other"]`, &address)
		if should, _ := newOwner(t, 2).address(0, want); address != should {
			t.Errorf("address %d is %s, want %s", want, address, should)
		}
	}
}
