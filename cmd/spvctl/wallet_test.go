package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// payment is the hash of the one payment to the wallet of the test daemon.
const payment = "2a00000000000000000000000000000000000000000000000000000000000000"

// rawTx is a transaction that the test daemon publishes.
const rawTx = "0100000001000000000000000000000000000000000000000000000000000000000000002a0000000000ffffffff014059730700000000000001510000000000000000015080730700000000000000000000000000"

func TestWalletCommands(t *testing.T) {
	flags := daemon(t, rpctest.New())
	const address = "DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg"
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"wallet", []string{"accounts  1\n", "scripts   80\n", "birthday  1\n", "scanned   2 of 2\n"}},
		{"account", []string{"ACCOUNT", "default         1   20          1       0\n"}},
		{"account import savings dpubKey", []string{"Watching."}},
		{"account import savings dpubKey --gap=100", []string{"Watching."}},
		{"account gap default 100", []string{"Searching as job 1 (run: spvctl job 1).\n"}},
		{"address import 51 --script --birthday=new", []string{"Watching."}},
		{"address import 51 --redeem", []string{"Watching."}},
		{"account rename default savings", []string{"Renamed.\n"}},
		{"address", []string{address + "\n"}},
		{"address list default", []string{address + "\n"}},
		{"address new", []string{address + "\n"}},
		{"address show " + address, []string{"watched, in account default, branch 0, index 0\n"}},
		{"address show Ds", []string{"not an address"}},
		{"address new --beyond", []string{address + "\n"}},
		{"address import " + address + " --label=rent --birthday=new", []string{"Watching."}},
		{"label", []string{"ADDRESS OR TRANSACTION", address + "  rent\n"}},
		{"label " + address + " home", []string{"Labelled.\n"}},
		{"account import savings dpubKey --birthday=2024-01-31", []string{"Watching."}},
		{"wallet list", []string{"WALLET", "default  yes\n", "savings  yes\n"}},
		{"wallet create savings --birthday=new", []string{"spvctl -w savings account import"}},
		{"wallet unload savings", []string{"Unloaded.\n"}},
		{"wallet load savings", []string{"Loaded.\n"}},
		{"job", []string{"ID  WALLET", "1   default  rescan  done     1     2   2       100.0%", "2   default  rescan  running  1     1   2       50.0%   1s    2020-09-13"}},
		{"job --all", []string{"rescan"}},
		{"job 2", []string{"running"}},
		{"job cancel 2", []string{"Canceled."}},
		{"rescan --background", []string{"job 1 (run: spvctl job 1)"}},
		{"rescan --json", []string{`"state": "done"`}},
		{"balance", []string{"default        1.25         0", "(all)          1.25", "imported       0            0"}},
		{"balance default", []string{"default       1.25"}},
		{"history", []string{"2020-09-13 12:26:40              2  receive    1.25  default  " + address + "  " + payment}},
		{"history --count=0", []string{"nothing yet"}},
		{"utxo", []string{"  1.25              2  default  " + address + "  " + payment + ":0"}},
		{"tx " + payment, []string{"type           regular\n", "block          1\n", "receive        1.25 " + address + " default\n"}},
		{"rescan --from=1", []string{"Done.\n"}},
		{"send " + rawTx, []string{"\noffered to 1 peer, fetched by 1, echoed by 2\n"}},
		{"send --json --allowhighfees " + rawTx, []string{`"outcome": "seen"`}},
	} {
		got := spvctl(t, "", append(flags, strings.Fields(tt.args)...)...)
		for _, want := range tt.want {
			if got.code != exitOK || got.err != "" || !strings.Contains(got.out, want) {
				t.Errorf("%s gave %+v, want %q", tt.args, got, want)
			}
		}
	}
	for _, args := range []string{"wallet", "wallet list", "account", "address", "balance", "history", "utxo", "tx " + payment, "label", "job", "job 1"} {
		got := spvctl(t, "", append(flags, append(strings.Fields(args), "--json")...)...)
		if got.code != exitOK || !json.Valid([]byte(got.out)) {
			t.Errorf("%s --json gave %+v", args, got)
		}
	}
}

// TestVoidTransaction holds that a transaction in a block without effect is not shown
// like one that counts.
func TestVoidTransaction(t *testing.T) {
	var out strings.Builder
	if err := writeTx(&out, api.Transaction{BlockHash: payment, BlockHeight: 7, Disapproved: true}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "void: the votes of the next block disapprove of it\nconfirmations  0\n") {
		t.Errorf("it is shown as\n%s", got)
	}
}

// A key that must not be seen in a list of processes comes on standard input,
// and a private one is refused.
func TestAccountKeyFromStandardInput(t *testing.T) {
	flags := daemon(t, rpctest.New())
	got := spvctl(t, "dprvSecret\n", append(flags, "account", "import", "savings", "-")...)
	if got.code != exitError || !strings.Contains(got.err, "private key") || strings.Contains(got.err+got.out, "dprvSecret") {
		t.Errorf("got %+v", got)
	}
}

func TestWalletCommandsWithWrongWords(t *testing.T) {
	flags := daemon(t, rpctest.New())
	for _, args := range []string{
		"wallet x", "wallet create", "wallet list x", "wallet create a b", "wallet --birthday=1", "account --birthday=1", "address --beyond",
		"address import", "address show --label=x", "job x", "job cancel", "job 1 2", "label x", "account x", "account import x", "account drop a b", "account gap a", "account gap a b", "account gap a 0", "account rename a b --gap=1",
		"address import a --script --redeem", "address import a --script --label=x", "address show a --redeem", "address x", "address show", "balance a b",
		"history a b", "history --count=x", "utxo a b", "tx", "tx a b", "send", "send a b", "send --what a", "rescan x", "rescan --from=-1",
	} {
		if got := spvctl(t, "", append(flags, strings.Fields(args)...)...); got.code != exitUsage {
			t.Errorf("%s gave %+v", args, got)
		}
	}
	for args, want := range map[string]string{
		"balance nobody": "no such account", "account gap nobody 5": "no such account", "tx " + genesis: "no such transaction", "send zz": "hex", "rescan --from=3": "above the wallet's tip",
		"job 3": "there is no job 3", "job cancel 1": "over already", "wallet load nobody": "no such wallet", "address import nothing": "not a valid address",
	} {
		if got := spvctl(t, "", append(flags, strings.Fields(args)...)...); got.code != exitError || !strings.Contains(got.err, want) {
			t.Errorf("%s gave %+v", args, got)
		}
	}
}

// Whoever looks for money is told when not all of it may have been found yet.
func TestMoneyBeforeTheSyncIsComplete(t *testing.T) {
	syncing := rpctest.SyncedStatus()
	syncing.Synced, syncing.Reason = false, "No peer is connected."
	d := rpctest.New()
	d.SetStatus(syncing)
	flags := daemon(t, d)
	for _, args := range []string{"balance", "history", "utxo", "balance --json"} {
		got := spvctl(t, "", append(flags, strings.Fields(args)...)...)
		if got.code != exitOK || !strings.Contains(got.out, "1.25") || !strings.Contains(got.err, "not be all yet. No peer is connected. (run: spvctl status)\n") {
			t.Errorf("%s gave %+v", args, got)
		}
	}
}

func TestChoose(t *testing.T) {
	for want, names := range map[string][]string{
		"imported": nil,
		"savings":  {"savings"},
		"default":  {"savings", "default"},
		"":         {"savings", "spending"},
	} {
		var all []api.Account
		for _, name := range names {
			all = append(all, api.Account{Name: name})
		}
		if got, err := choose(all); got != want || (err != nil) != (want == "") {
			t.Errorf("of %q: %q, %v", names, got, err)
		}
	}
}

// The wallet that is named is the one that is asked.
func TestWalletIsNamed(t *testing.T) {
	flags := daemon(t, rpctest.New())
	if got := spvctl(t, "", append(flags, "--wallet", "default", "wallet")...); got.code != exitOK || !strings.Contains(got.out, "accounts  1") {
		t.Errorf("got %+v", got)
	}
	for _, name := range []string{"nobody", "a/b?c"} {
		if got := spvctl(t, "", append(flags, "--wallet", name, "wallet")...); got.code != exitError || !strings.Contains(got.err, "no such wallet") {
			t.Errorf("%s gave %+v", name, got)
		}
	}
}
