package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
)

// signed signs the only input of a transaction that was built from the payment of the daemon.
func (d *paidDaemon) signed(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var built api.BuiltTransaction
	if err := json.Unmarshal(raw, &built); err != nil {
		t.Fatal(err)
	}
	serialized, err := hex.DecodeString(built.Hex)
	if err != nil {
		t.Fatal(err)
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(serialized)); err != nil {
		t.Fatal(err)
	}
	path := built.Inputs[0].Keys[0]
	tx.TxIn[0].SignatureScript, err = sign.SignatureScript(&tx, 0, d.owner.Script(path.Branch, path.Index), txscript.SigHashAll,
		d.owner.Key(path.Branch, path.Index), dcrec.STEcdsaSecp256k1, true)
	if err != nil {
		t.Fatal(err)
	}
	if serialized, err = tx.Bytes(); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(serialized)
}

// TestBuildSignCheckSend goes the way of a user whose keys are elsewhere.
func TestBuildSignCheckSend(t *testing.T) {
	d := newPaidDaemon(t)
	flags, foreign, dir := daemon(t, d.Registry), rpctestAddress(t), t.TempDir()
	unsigned, signed := filepath.Join(dir, "unsigned.json"), filepath.Join(dir, "signed.hex")
	expect := func(code int, args string, want ...string) {
		t.Helper()
		got := spvctl(t, "", append(flags, strings.Fields(args)...)...)
		for _, text := range want {
			if got.code != code || !strings.Contains(got.out+got.err, text) {
				t.Errorf("%s gave %+v, want %q", args, got, text)
			}
		}
	}
	expect(exitOK, "tx build "+foreign+" 0.5 --expiry=100 --out="+unsigned, "pays         0.5 DCR to "+foreign+"\n", "change       0.7499747 DCR to Ss",
		" of account default\n", "from         1.25 DCR at "+d.address+" of account default, "+d.payment+":0\n",
		"fee          0.0000253 DCR, 0.0001 DCR for 1,000 bytes (estimatesmartfee: the least that nodes relay;",
		"size         253 bytes at most once it is signed\n", "expires      at height 100\n", "locked       the coins, until 2", "written to   "+unsigned)
	expect(exitError, "tx build "+foreign+" 0.5", "not enough coins: 0 DCR in 0 coins")
	expect(exitError, "tx build "+foreign+" 0.5 --out="+unsigned, "file exists")
	expect(exitOK, "tx show "+unsigned, "pays         0.5 DCR", "from         1.25 DCR at "+d.address+" of account default, "+d.payment+":0, signature missing\n", "problem      input 0 is not signed\n")
	expect(exitError, "tx check "+unsigned, "not signed")

	raw := d.signed(t, unsigned)
	if err := os.WriteFile(signed, []byte(raw+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(exitOK, "tx check "+signed, "signature valid\n", "ready        every input is rightly signed")
	expect(exitOK, "tx check --json --with="+unsigned+" "+signed, `"ready": true`)
	spoiled := raw[:len(raw)-80] + "00" + raw[len(raw)-78:]
	if got := spvctl(t, spoiled, append(flags, "tx", "check", "-")...); got.code != exitError || !strings.Contains(got.out, "input 0 is signed wrongly") {
		t.Errorf("a spoiled signature gave %+v", got)
	}
	expect(exitOK, "send "+raw, "offered to ")
	expect(exitOK, "tx check "+signed, "ready")
	expect(exitOK, "balance", "default")
}

// TestBuildSweep spends all of the wallet's coins, or the one that is named.
func TestBuildSweep(t *testing.T) {
	d := newPaidDaemon(t)
	flags, foreign := daemon(t, d.Registry), rpctestAddress(t)
	for _, args := range []string{"--sweep=" + foreign, "--sweep=" + foreign + " --coin=" + d.payment + ":0 --feerate=0.0001 --account=default"} {
		got := spvctl(t, "", append(flags, strings.Fields("tx build --reserve=0 --json "+args)...)...)
		var built api.BuiltTransaction
		if err := json.Unmarshal([]byte(got.out), &built); err != nil || got.code != exitOK {
			t.Fatalf("%s gave %+v", args, got)
		}
		if len(built.Outputs) != 1 || built.Outputs[0].Address != foreign || built.Outputs[0].Amount+built.Fee != 125e6 || built.ReservedUntil != 0 {
			t.Errorf("%s gave %+v", args, built)
		}
	}
}

// TestBuildSweepOfManyCoins: a sweep of more coins than a transaction holds builds several, each in a
// file of its own.
func TestBuildSweepOfManyCoins(t *testing.T) {
	race.Skip(t)
	const coins = 1300
	owner, plan := rpctest.NewOwner(t, 1), testnet.Plan{}
	for range coins {
		plan.Pay(30, owner.Script(0, 0), 1e6)
	}
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 40, Plan: plan, Xpub: owner.Xpub()})
	flags, foreign, dir := daemon(t, d.Registry), rpctestAddress(t), t.TempDir()
	out := filepath.Join(dir, "unsigned.json")
	build := func(args ...string) outcome {
		return spvctl(t, "", append(flags, append([]string{"tx", "build", "--sweep=" + foreign}, args...)...)...)
	}
	if got := build("--reserve=0"); got.code != exitError || !strings.Contains(got.err, "leave out --reserve=0") {
		t.Errorf("without a reservation: %+v", got.err)
	}
	got := build("--out=" + out)
	if got.code != exitOK || strings.Count(got.out, "written to") != 3 || strings.Count(got.out, "for further transactions") != 2 {
		t.Fatalf("it gave %d: %s", got.code, got.err)
	}
	spent := make(map[string]bool)
	for _, name := range []string{"unsigned.json", "unsigned-2.json", "unsigned-3.json"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		var built api.BuiltTransaction
		if err == nil {
			err = json.Unmarshal(raw, &built)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range built.Inputs {
			spent[fmt.Sprint(in.TxID, in.Vout)] = true
		}
	}
	if len(spent) != coins {
		t.Errorf("%d coins are spent, not %d", len(spent), coins)
	}
}
