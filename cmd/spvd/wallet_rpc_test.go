package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/internal/rpc/api"
)

// mustCall calls a method that has to succeed.
func (c client) mustCall(t *testing.T, method, params string, result any) {
	t.Helper()
	if err := c.callWith(t, method, params, result); err != nil {
		t.Fatalf("%s %s: %v", method, params, err)
	}
}

func TestWalletIsMadeByTheFirstImport(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir)
	var balance api.Balance
	if err := c.call(t, "getbalance", &balance); err == nil || err.Code != api.CodeWallet || !strings.Contains(err.Message, "spvctl account import") {
		t.Errorf("getbalance without a wallet: %v", err)
	}
	var info api.Info
	c.mustCall(t, "getinfo", "[]", &info)

	var nothing any
	if err := c.callWith(t, "importxpub", fmt.Sprintf(`["savings",%q]`, o.account.String()), &nothing); err == nil || err.Code != api.CodeWallet {
		t.Errorf("importing a private key: %v", err)
	}
	var names []string
	if c.mustCall(t, "listwallets", "[]", &names); len(names) != 0 {
		t.Errorf("an import that was refused made %v", names)
	}
	c.mustCall(t, "importxpub", fmt.Sprintf(`["savings",%q]`, o.xpub()), &nothing)
	c.mustCall(t, "rescanwallet", "[]", &nothing)
	c.mustCall(t, "getbalance", "[]", &balance)
	if balance.TotalSpendable != 145e7 {
		t.Errorf("after the import: %+v", balance)
	}
	var accounts map[string]api.Amount
	c.mustCall(t, "listaccounts", "[]", &accounts)
	if len(accounts) != 2 || accounts["savings"] != 145e7 {
		t.Errorf("listaccounts: %v", accounts)
	}
	var unspent []api.Unspent
	c.mustCall(t, "listunspent", "[]", &unspent)
	if len(unspent) != 4 {
		t.Fatalf("listunspent: %+v", unspent)
	}
	var out api.TxOut
	of := func(tree int) string { return fmt.Sprintf("[%q,0,%d]", unspent[0].TxID, tree) }
	c.mustCall(t, "gettxout", of(0), &out)
	if out.Value != unspent[0].Amount || out.Confirmations != unspent[0].Confirmations || len(out.ScriptPubKey.Addresses) != 1 {
		t.Errorf("gettxout: %+v, want %+v", out, unspent[0])
	}
	if n := len(out.ScriptPubKey.Addresses); n != 1 || out.ScriptPubKey.Type != "pubkeyhash" || out.ScriptPubKey.ReqSigs != 1 {
		t.Errorf("gettxout: %+v", out.ScriptPubKey)
	}
	none := &out
	c.mustCall(t, "gettxout", of(1), &none)
	if none != nil {
		t.Errorf("gettxout in the wrong tree: %+v", none)
	}
	var done bool
	c.mustCall(t, "lockunspent", fmt.Sprintf(`[false,[{"txid":%q,"vout":0,"tree":0}]]`, unspent[0].TxID), &done)
	locked := unspent[0]
	c.mustCall(t, "listunspent", "[]", &unspent)
	if len(unspent) != 3 || unspent[0].TxID == locked.TxID {
		t.Errorf("listunspent with a lock: %+v", unspent)
	}
}

// TestWalletRefusals is the table of bad input: the code, and that nothing has
// changed.
func TestWalletRefusals(t *testing.T) {
	o, other := newOwner(t, 1), newOwner(t, 2)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	d, c := ns.startSynced(t, dir, "--account=default="+o.xpub())
	private := other.account.String()
	wif := newWIF(t)
	known, _ := o.address(0, 0)
	fresh, _ := other.address(0, 0)
	var before, after, answer json.RawMessage
	c.mustCall(t, "walletinfo", "[]", &before)
	for _, tt := range []struct {
		method, params string
		code           api.Code
	}{
		{"importxpub", fmt.Sprintf(`["mine",%q]`, private), api.CodeWallet},
		{"createnewaccount", fmt.Sprintf(`["mine",%q]`, private), api.CodeWallet},
		{"validateaddress", `[]`, api.CodeParams},
		{"importxpub", fmt.Sprintf(`["again",%q]`, o.xpub()), api.CodeWallet},
		{"importxpub", fmt.Sprintf(`["default",%q]`, other.xpub()), api.CodeWallet},
		{"importxpub", fmt.Sprintf(`["*",%q]`, other.xpub()), api.CodeInvalid},
		{"importxpub", fmt.Sprintf(`["mine",%q]`, other.xpub()[:40]), api.CodeNotFound},
		{"importxpub", `["mine","dpubZFwxDHxkMYMqXhxc2ZAiT4KWUgrJLBYxqmnZE9qAwBWMoCFbYfWgT2gd1gQSH6vNfUXQsVCv2YWoPoHRcr3z3u6kj1kVPh6JjcPNQwf1kxc"]`, api.CodeNotFound},
		{"importpubkey", `["02"]`, api.CodeNotFound},
		{"importpubkey", `["` + strings.Repeat("01", 32) + `"]`, api.CodeNotFound}, // a private key
		{"importpubkey", `["x"]`, api.CodeHex},
		{"importxpub", fmt.Sprintf(`["mine",[%q]]`, private), api.CodeParams},
		{"importxpub", fmt.Sprintf(`["mine",%q,%q]`, other.xpub(), private), api.CodeInvalid},
		{"importpubkey", fmt.Sprintf(`["02","imported",%q]`, wif), api.CodeParams},
		{"importaddress", fmt.Sprintf(`[%q]`, wif), api.CodeWallet},
		{"importaddress", fmt.Sprintf(`[%q]`, private), api.CodeWallet},
		{"importaddress", fmt.Sprintf(`[%q]`, known), api.CodeWallet},
		{"importaddress", fmt.Sprintf(`[%q]`, known[:30]+"1"), api.CodeNotFound},
		{"importaddress", `["DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg"]`, api.CodeNotFound}, // of mainnet
		{"importaddress", fmt.Sprintf(`{"address":%q,"birthday":"soon"}`, fresh), api.CodeInvalid},
		{"importaddress", fmt.Sprintf(`{"address":%q,"birthday":-1}`, fresh), api.CodeParams},
		{"importaddress", fmt.Sprintf(`{"address":%q,"birthday":"2999-01-01"}`, fresh), api.CodeInvalid},
		{"importxpub", fmt.Sprintf(`["mine",%q,%d]`, other.xpub(), blocks+2), api.CodeInvalid},
		{"importxpub", fmt.Sprintf(`[" mine",%q]`, other.xpub()), api.CodeInvalid},
		{"createwallet", fmt.Sprintf(`["later",%d]`, blocks+2), api.CodeInvalid},
		{"importaddress", fmt.Sprintf(`{"address":%q,"label":%q}`, fresh, private), api.CodeWallet},
		{"importaddress", fmt.Sprintf(`{"address":%q,"birthday":"1","scanfrom":1}`, fresh), api.CodeInvalid},
		{"importaddress", fmt.Sprintf(`{"address":%q,"scanfrom":%d}`, fresh, blocks+1), api.CodeInvalid},
		{"importxpub", fmt.Sprintf(`["mine",%q,"2024-13-01"]`, other.xpub()), api.CodeInvalid},
		{"importxpub", fmt.Sprintf(`["mine",%q]`, other.xpub()[:len(other.xpub())-1]+"1"), api.CodeNotFound},
		{"setlabel", `["nothing","x"]`, api.CodeNotFound},
		{"setlabel", fmt.Sprintf(`[%q,%q]`, known, strings.Repeat("x", 501)), api.CodeInvalid},
		{"setlabel", fmt.Sprintf(`[%q,"x"]`, wif), api.CodeWallet},
		{"decoderawtransaction", `["00"]`, api.CodeHex},
		{"importscript", `[""]`, api.CodeInvalid},
		{"discoverusage", `["",false,10001]`, api.CodeInvalid},
		{"renameaccount", `["nobody","somebody"]`, api.CodeAccount},
		{"getnewaddress", `["imported"]`, api.CodeWallet},
		{"getbalance", `["nobody"]`, api.CodeAccount},
		{"getreceivedbyaddress", `["Dsnothing"]`, api.CodeNotFound},
		{"gettransaction", `["` + strings.Repeat("ab", 32) + `"]`, api.CodeNotFound},
		{"abandontransaction", `["` + strings.Repeat("ab", 32) + `"]`, api.CodeNotFound},
		{"lockunspent", `[false,[{"txid":"` + strings.Repeat("ab", 32) + `","vout":0,"tree":0}]]`, api.CodeInvalid},
		{"rescanwallet", fmt.Sprintf(`[%d]`, blocks+1), api.CodeInvalid},
	} {
		err := c.callWith(t, tt.method, tt.params, &answer)
		switch {
		case err == nil || err.Code != tt.code:
			t.Errorf("%s %s: %s, %v; want code %d", tt.method, tt.params, answer, err, tt.code)
		case strings.Contains(err.Message, private), strings.Contains(err.Message, wif):
			t.Errorf("%s repeats the key: %v", tt.method, err)
		}
	}
	c.mustCall(t, "walletinfo", "[]", &after)
	if string(before) != string(after) {
		t.Errorf("the wallet was changed from\n%s to\n%s", before, after)
	}
	if strings.Contains(d.out.String(), private) || strings.Contains(d.out.String(), wif) {
		t.Error("the log has the private key")
	}
}

// newWIF returns a single private key in the form wallets exchange it in.
func newWIF(t *testing.T) string {
	t.Helper()
	wif, err := dcrutil.NewWIF(bytes.Repeat([]byte{7}, 32), chaincfg.SimNetParams().PrivateKeyID, dcrec.STEcdsaSecp256k1)
	if err != nil {
		t.Fatal(err)
	}
	return wif.String()
}
