package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestJobsOverRPC follows a rescan as a job, and finds it again after a restart.
func TestJobsOverRPC(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	account := "--account=default=" + o.xpub()
	d, c := ns.startSynced(t, dir, account)
	var jobs []api.Job
	c.mustCall(t, "listjobs", "[]", &jobs)
	if len(jobs) == 0 || jobs[0].Kind != "import" || jobs[0].State != api.JobDone || jobs[0].Progress != 1 || jobs[0].Wallet != "default" {
		t.Fatalf("listjobs: %+v", jobs)
	}
	var j api.Job
	c.mustCall(t, "rescanwallet", "[1,true]", &j)
	if j.Kind != "rescan" || j.From != 1 || j.Target != blocks || j.Began == 0 {
		t.Errorf("rescanwallet: %+v", j)
	}
	var nothing any
	c.mustCall(t, "rescanwallet", "[1]", &nothing) // the other one is done no later
	if c.mustCall(t, "getjob", fmt.Sprintf("[%d]", j.ID), &j); j.State != api.JobDone || j.At != blocks || j.Ended == 0 || j.ETA != 0 {
		t.Errorf("getjob: %+v", j)
	}
	for params, code := range map[string]api.Code{
		fmt.Sprintf("[%d]", j.ID): api.CodeInvalid, "[99]": api.CodeInvalid, "[-1]": api.CodeInvalid, "[1]": api.CodeInvalid, `["x"]`: api.CodeParams,
	} {
		if err := c.callWith(t, "canceljob", params, &nothing); err == nil || err.Code != code {
			t.Errorf("canceljob %s: %v, want code %d", params, err, code)
		}
	}
	d.stop()
	d.end()
	_, c = ns.startSynced(t, dir, account)
	var again []api.Job
	c.mustCall(t, "listjobs", `{"all":true}`, &again)
	if i := slices.IndexFunc(again, func(a api.Job) bool { return a.ID == j.ID }); i < 0 || again[i] != j {
		t.Errorf("after a restart: %+v, want %+v among them", again, j)
	}
	c.assertSpendable(t, 145e7)
}

// TestLabelsAndBirthdays imports an address of every standard type, with labels
// and with a birthday of each form.
func TestLabelsAndBirthdays(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir)
	params := chaincfg.SimNetParams()
	hash := stdaddr.Hash160([]byte("somebody"))
	var all []string
	take := func(a stdaddr.Address, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a.String())
	}
	key := o.child(o.child(o.account, 0), 7).SerializedPubKey()
	ecdsa, err := stdaddr.NewAddressPubKeyEcdsaSecp256k1V0Raw(key, params)
	take(ecdsa, err)
	schnorr, err := stdaddr.NewAddressPubKeySchnorrSecp256k1V0Raw(key, params)
	take(schnorr, err)
	pkh, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(hash, params)
	take(pkh, err)
	schnorrHash, err := stdaddr.NewAddressPubKeyHashSchnorrSecp256k1V0(hash, params)
	take(schnorrHash, err)
	edHash, err := stdaddr.NewAddressPubKeyHashEd25519V0(hash, params)
	take(edHash, err)
	sh, err := stdaddr.NewAddressScriptHashV0FromHash(hash, params)
	take(sh, err)
	births := []string{`0`, `"7"`, `"2014-01-31"`, `"new"`, `null`, `1`}
	var nothing any
	for i, address := range all {
		c.mustCall(t, "importaddress", fmt.Sprintf(`[%q,"label %d",true,-1,%s]`, address, i, births[i]), &nothing)
		var info api.AddressInfo
		c.mustCall(t, "validateaddress", fmt.Sprintf("[%q]", address), &info)
		if !info.IsMine || info.Label != fmt.Sprint("label ", i) || info.Account != "imported" {
			t.Errorf("%s: %+v", address, info)
		}
	}

	paid, _ := o.address(0, 50)
	c.mustCall(t, "importaddress", fmt.Sprintf(`{"address":%q,"scanfrom":200}`, paid), &nothing)
	c.mustCall(t, "rescanwallet", "[]", &nothing)
	c.mustCall(t, "setlabel", fmt.Sprintf(`[%q,"rent"]`, paid), &nothing)
	var lines []api.ListedTransaction
	if c.mustCall(t, "listtransactions", "[]", &lines); len(lines) != 1 || lines[0].AddressLabel != "rent" || lines[0].Label != "" {
		t.Fatalf("listtransactions: %+v", lines)
	}
	c.mustCall(t, "setlabel", fmt.Sprintf(`[%q,"May"]`, lines[0].TxID), &nothing)
	if c.mustCall(t, "listtransactions", "[]", &lines); len(lines) != 1 || lines[0].AddressLabel != "rent" || lines[0].Label != "May" {
		t.Errorf("listtransactions: %+v", lines)
	}
	var unspent []api.Unspent
	if c.mustCall(t, "listunspent", "[]", &unspent); len(unspent) != 1 || unspent[0].Label != "rent" {
		t.Errorf("listunspent: %+v", unspent)
	}
	labels := make(map[string]string)
	if c.mustCall(t, "listlabels", "[]", &labels); len(labels) != len(all)+2 || labels[paid] != "rent" {
		t.Errorf("listlabels: %v", labels)
	}
	c.mustCall(t, "setlabel", fmt.Sprintf(`[%q,""]`, paid), &nothing)
	clear(labels)
	if c.mustCall(t, "listlabels", "[]", &labels); labels[paid] != "" {
		t.Errorf("listlabels: %v", labels)
	}
}

// TestBeyondTheGap hands out addresses behind the gap limit, which are watched at
// once and told to be there.
func TestBeyondTheGap(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir, "--account=default="+o.xpub())
	var address string
	for i := range 20 { // 50 is used
		c.mustCall(t, "getnewaddress", `["default"]`, &address)
		if want, _ := o.address(0, uint32(51+i)); address != want {
			t.Fatalf("address %d is %s, want %s", i, address, want)
		}
	}
	if err := c.callWith(t, "getnewaddress", `["default"]`, &address); err == nil || err.Code != api.CodeWallet {
		t.Errorf("getnewaddress behind the gap limit: %v", err)
	}
	c.mustCall(t, "getnewaddress", `["default","ignore"]`, &address)
	var info api.AddressInfo
	c.mustCall(t, "validateaddress", fmt.Sprintf("[%q]", address), &info)
	if !info.IsMine || !info.BeyondGap || info.Index == nil || *info.Index != 71 {
		t.Errorf("validateaddress: %+v", info)
	}
	within, _ := o.address(0, 70)
	info = api.AddressInfo{}
	if c.mustCall(t, "validateaddress", fmt.Sprintf("[%q]", within), &info); !info.IsMine || info.BeyondGap {
		t.Errorf("validateaddress: %+v", info)
	}
}

// TestScriptsAreWatched imports the script of an output as it is, and as what an
// output pays to the hash of.
func TestScriptsAreWatched(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir)
	_, script := o.address(0, 50)
	var nothing any
	c.mustCall(t, "importscript", fmt.Sprintf(`["%x",true,-1,null,true]`, script), &nothing) // no block pays to its hash
	c.mustCall(t, "rescanwallet", "[]", &nothing)
	var unspent []api.Unspent
	if c.mustCall(t, "listunspent", "[]", &unspent); len(unspent) != 0 {
		t.Errorf("listunspent: %+v", unspent)
	}
	c.mustCall(t, "importscript", fmt.Sprintf(`{"hex":"%x","p2sh":false}`, script), &nothing)
	c.mustCall(t, "rescanwallet", "[]", &nothing)
	if c.mustCall(t, "listunspent", "[]", &unspent); len(unspent) != 1 || unspent[0].ScriptPubKey != fmt.Sprintf("%x", script) || unspent[0].Amount != 4e8 {
		t.Errorf("listunspent: %+v", unspent)
	}
	var before, after json.RawMessage
	c.mustCall(t, "walletinfo", "[]", &before)
	c.mustCall(t, "importscript", fmt.Sprintf(`{"hex":"%x","p2sh":false}`, script), &nothing) // again, as clients do at each start
	if c.mustCall(t, "walletinfo", "[]", &after); string(after) != string(before) {
		t.Errorf("importscript again has changed %s to %s", before, after)
	}
}

// TestGapLimits gives an account a gap limit of its own, and then all of them.
func TestGapLimits(t *testing.T) {
	o, other := newOwner(t, 1), newOwner(t, 2)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir, "--account=default="+o.xpub())
	var nothing any
	want := func(gaps ...uint32) {
		t.Helper()
		var info api.WalletInfo
		c.mustCall(t, "walletinfo", "[]", &info)
		for i, a := range info.Accounts {
			if len(info.Accounts) != len(gaps) || a.Gap != gaps[i] {
				t.Errorf("accounts: %+v, want gap limits of %d", info.Accounts, gaps)
			}
		}
	}
	c.mustCall(t, "importxpub", fmt.Sprintf(`["other",%q,null,50]`, other.xpub()), &nothing)
	want(20, 50)
	c.mustCall(t, "discoverusage", `["",false,30,"default"]`, &nothing)
	want(30, 50)
	var j api.Job
	if c.mustCall(t, "discoverusage", `{"gaplimit":40,"async":true}`, &j); j.Kind != "rescan" {
		t.Errorf("discoverusage: %+v", j)
	}
	want(40, 40)
	for params, code := range map[string]api.Code{
		`["",false,10001]`:      api.CodeInvalid,
		`["",false,-1]`:         api.CodeInvalid,
		`["",false,5,"nobody"]`: api.CodeAccount,
		`["",false,0,"nobody"]`: api.CodeAccount,
	} {
		if err := c.callWith(t, "discoverusage", params, &nothing); err == nil || err.Code != code {
			t.Errorf("discoverusage %s: %v", params, err)
		}
	}
	third := newOwner(t, 3).xpub()
	for _, gap := range []string{"10001", "-1", "4294967296"} {
		if err := c.callWith(t, "importxpub", fmt.Sprintf(`["third",%q,null,%s]`, third, gap), &nothing); err == nil || err.Code != api.CodeInvalid {
			t.Errorf("importxpub with a gap limit of %s: %v", gap, err)
		}
	}
	want(40, 40)
}

// TestLocksAreAllOrNone: an output that is none keeps the others from being
// locked.
func TestLocksAreAllOrNone(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir, "--account=default="+o.xpub())
	var unspent []api.Unspent
	c.mustCall(t, "listunspent", "[]", &unspent)
	list := func(vouts ...int) string {
		var outs []api.OutPoint
		for i, v := range vouts {
			outs = append(outs, api.OutPoint{TxID: unspent[i].TxID, Vout: unspent[i].Vout + uint32(v), Tree: unspent[i].Tree})
		}
		raw, err := json.Marshal(outs)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	var answer bool
	if err := c.callWith(t, "lockunspent", "[false,"+list(0, 0, 9)+"]", &answer); err == nil || err.Code != api.CodeInvalid {
		t.Errorf("lockunspent: %v", err)
	}
	var locked []api.OutPoint
	if c.mustCall(t, "listlockunspent", "[]", &locked); len(locked) != 0 {
		t.Errorf("locked: %v", locked)
	}
	c.mustCall(t, "lockunspent", "[false,"+list(0, 0)+"]", &answer)
	if c.mustCall(t, "listlockunspent", "[]", &locked); len(locked) != 2 {
		t.Errorf("locked: %v", locked)
	}
	c.mustCall(t, "lockunspent", "[true,"+list(0)+"]", &answer)
	if c.mustCall(t, "listlockunspent", "[]", &locked); len(locked) != 1 {
		t.Errorf("locked: %v", locked)
	}
}

// TestPages: the pages of listtransactions are the whole list.
func TestPages(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	_, c := ns.startSynced(t, dir, "--account=default="+o.xpub())
	var whole, pages, page []api.ListedTransaction
	c.mustCall(t, "listtransactions", `["*",1000,0]`, &whole)
	for from := 0; from == len(pages); from++ {
		if c.mustCall(t, "listtransactions", fmt.Sprintf(`["*",1,%d]`, from), &page); len(page) > 1 {
			t.Fatalf("a page of %d lines", len(page))
		}
		pages = append(pages, page...)
	}
	if len(whole) == 0 || len(pages) != len(whole) {
		t.Fatalf("%d lines in pages, %d in all", len(pages), len(whole))
	}
	for i := range whole {
		if whole[i].TxID != pages[i].TxID || whole[i].Vout != pages[i].Vout {
			t.Errorf("line %d is %+v, in a page %+v", i, whole[i], pages[i])
		}
	}
	if c.mustCall(t, "listtransactions", `["*",0]`, &page); len(page) != 0 {
		t.Errorf("no lines are %+v", page)
	}
}
