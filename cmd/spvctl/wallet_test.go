package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
)

// paidDaemon is a daemon whose wallet has one account, to which block 30 pays 1.25 coins.
type paidDaemon struct {
	*rpctest.Daemon
	owner            *rpctest.Owner
	address, payment string
}

func newPaidDaemon(t *testing.T) *paidDaemon {
	t.Helper()
	d := &paidDaemon{owner: rpctest.NewOwner(t, 1)}
	plan := testnet.Plan{}
	d.payment = plan.Pay(30, d.owner.Script(0, 0), 125e6).Hash.String()
	d.address, _ = d.owner.Address(0, 0)
	d.Daemon = rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 40, Plan: plan, Xpub: d.owner.Xpub()})
	return d
}

// rawTx is a transaction that does not concern the wallet.
const rawTx = "0100000001000000000000000000000000000000000000000000000000000000000000002a0000000000ffffffff014059730700000000000001510000000000000000015080730700000000000000000000000000"

func TestWalletCommands(t *testing.T) {
	d := newPaidDaemon(t)
	flags, address, payment := daemon(t, d.Registry), d.address, d.payment
	next, _ := d.owner.Address(0, 1)
	xpub := rpctest.NewOwner(t, 2).Xpub()
	foreign, _ := rpctest.NewOwner(t, 3).Address(0, 0)
	exported := filepath.Join(t.TempDir(), "exported")
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"wallet", []string{"accounts  1\n", "scripts   80\n", "birthday  1\n", "scanned   40 of 40\n"}},
		{"account", []string{"ACCOUNT", "default         0   20          1       0\n"}},
		{"balance", []string{"default        1.25         0", "(all)          1.25", "imported       0            0"}},
		{"balance default", []string{"default       1.25"}},
		{"history", []string{"             11  receive    1.25  default  " + address + "  " + payment}},
		{"history --lines", []string{"             11  receive    1.25  default  " + address + "  " + payment}},
		{"history --count=0", []string{"nothing yet"}},
		{"utxo", []string{"  1.25             11  default  " + address + "  " + payment + ":0"}},
		{"tx " + payment, []string{"type           regular\n", "block          30\n", "receive        1.25 " + address + " default\n"}},
		{"account import savings " + xpub, []string{"Watching."}},
		{"account import third " + rpctest.NewOwner(t, 4).Xpub() + " --gap=100 --birthday=2024-01-31", []string{"Watching."}},
		{"account gap default 100", []string{"Searching as job "}},
		{"address import 51 --script --birthday=new", []string{"Watching."}},
		{"address import 52 --redeem", []string{"Watching."}},
		{"address list default", []string{address + "\n"}},
		{"address new default", []string{next + "\n"}},
		{"address show " + address, []string{"watched, in account default, branch 0, index 0\n"}},
		{"address show Ds", []string{"not an address"}},
		{"address new default --beyond", []string{"Ss"}},
		{"address import " + foreign + " --label=rent --birthday=new", []string{"Watching."}},
		{"label", []string{"ADDRESS OR TRANSACTION", foreign + "  rent\n"}},
		{"label " + address + " home", []string{"Labelled.\n"}},
		{"account rename savings spending", []string{"Renamed.\n"}},
		{"wallet create savings --birthday=new", []string{"spvctl -w savings account import"}},
		{"wallet list", []string{"WALLET", "default  loaded\n", "savings  loaded\n"}},
		{"account show default", []string{"gap limit  100\n", "xpub       " + d.owner.Xpub() + "\n"}},
		{"wallet export " + exported, []string{"Written to " + exported + ", with 3 accounts and 3 scripts."}},
		{"wallet import moved " + exported, []string{"Watching."}},
		{"-w moved account show default", []string{"xpub       " + d.owner.Xpub() + "\n"}},
		{"-w moved label", []string{address + "  home\n"}},
		{"wallet export", []string{`"xpub": "` + d.owner.Xpub() + `"`}},
		{"wallet backup copy.db", []string{"Copied to ", "copy.db.\n"}},
		{"wallet unload savings", []string{"Unloaded.\n"}},
		{"wallet load savings", []string{"Loaded.\n"}},
		{"rescan --background", []string{"(run: spvctl job "}},
		{"rescan --json", []string{`"state": "done"`}},
		{"rescan --from=1", []string{"Done.\n"}},
		{"job", []string{"ID  WALLET", "1   default  import     done   1     40  40      100.0%"}},
		{"job --all", []string{"rescan"}},
		{"job 1", []string{"done"}},
		{"send " + rawTx, []string{"\noffered to "}},
		{"send --json --allowhighfees " + rawTx, []string{`"outcome": "`}},
	} {
		got := spvctl(t, "", append(flags, strings.Fields(tt.args)...)...)
		for _, want := range tt.want {
			if got.code != exitOK || got.err != "" || !strings.Contains(got.out, want) {
				t.Errorf("%s gave %+v, want %q", tt.args, got, want)
			}
		}
	}
	d.Hold() // the rescan waits for block 30
	got := spvctl(t, "", append(flags, "rescan", "--background", "--from=30")...)
	_, number, _ := strings.Cut(got.out, "spvctl job ")
	number, _, _ = strings.Cut(number, ")")
	if got := spvctl(t, "", append(flags, "job", "cancel", number)...); got.code != exitOK || !strings.HasPrefix(got.out, "Canceled.") {
		t.Errorf("job cancel %s gave %+v", number, got)
	}
	d.Release()
	for _, args := range []string{"wallet", "wallet list", "wallet export", "account", "account show default", "address list default", "balance", "history", "utxo", "tx " + payment, "label", "job", "job 1"} {
		got := spvctl(t, "", append(flags, append(strings.Fields(args), "--json")...)...)
		if got.code != exitOK || !json.Valid([]byte(got.out)) {
			t.Errorf("%s --json gave %+v", args, got)
		}
	}
}

// TestExportsOfAnySize: an export that is larger than a request may be is imported in parts.
func TestExportsOfAnySize(t *testing.T) {
	race.Skip(t)
	flags := daemon(t, newPaidDaemon(t).Registry)
	height := int64(39)
	e := api.WalletExport{Version: api.ExportVersion, Network: "simnet"}
	for n := range 4200 {
		e.Scripts = append(e.Scripts, api.ExportedScript{
			Script: fmt.Sprintf("04%08x%0999x51", n, n)[:1000], Birthday: api.ExportedBirthday{Height: &height}})
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if got := spvctl(t, string(raw), append(flags, "wallet", "import", "many", "-")...); got.code != exitOK || len(raw) < 4<<20 {
		t.Fatalf("%d bytes: %+v", len(raw), got)
	}
	got := spvctl(t, "", append(flags, "-w", "many", "wallet", "export")...)
	var again api.WalletExport
	if err := json.Unmarshal([]byte(got.out), &again); err != nil || !reflect.DeepEqual(again.Scripts, e.Scripts) {
		t.Errorf("it has %d scripts, want the same %d (%v)", len(again.Scripts), len(e.Scripts), err)
	}
}

// TestVoidTransaction holds that a transaction in a block without effect is not shown
// like one that counts.
func TestVoidTransaction(t *testing.T) {
	var out strings.Builder
	if err := writeTx(&out, api.Transaction{BlockHash: genesis(), BlockHeight: 7, Disapproved: true}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "void: the votes of the next block disapprove of it\nconfirmations  0\n") {
		t.Errorf("it is shown as\n%s", got)
	}
}

// A key that must not be seen in a list of processes comes on standard input,
// and a private one is refused.
func TestAccountKeyFromStandardInput(t *testing.T) {
	flags, secret := daemon(t, newPaidDaemon(t).Registry), rpctest.NewOwner(t, 2).Xpriv()
	got := spvctl(t, secret+"\n", append(flags, "account", "import", "savings", "-")...)
	if got.code != exitError || !strings.Contains(got.err, "private key") || strings.Contains(got.err+got.out, secret) {
		t.Errorf("got %+v", got)
	}
}

func TestWalletCommandsWithWrongWords(t *testing.T) {
	flags := daemon(t, newPaidDaemon(t).Registry)
	for _, args := range []string{
		"wallet x", "wallet create", "wallet list x", "wallet export a b", "wallet import a", "wallet backup", "account show", "account show a b", "wallet create a b", "wallet --birthday=1", "account --birthday=1", "address --beyond",
		"address import", "address show --label=x", "job x", "job cancel", "job 1 2", "label x", "account x", "account import x", "account drop a b", "account gap a", "account gap a b", "account gap a 0", "account rename a b --gap=1",
		"address import a --script --redeem", "address import a --script --label=x", "address show a --redeem", "address x", "address show", "balance a b",
		"history a b", "history --count=x", "utxo a b", "tx", "tx a b", "tx build", "tx build a", "tx build a b", "tx build a 1 --sweep=b", "tx build a 1 --coin=x", "tx build a 1 --feerate=x", "tx build a -1", "tx build a 1 --verify", "tx show", "tx check a b", "send", "send a b", "send --what a", "rescan x", "rescan --from=-1",
	} {
		if got := spvctl(t, "", append(flags, strings.Fields(args)...)...); got.code != exitUsage {
			t.Errorf("%s gave %+v", args, got)
		}
	}
	for args, want := range map[string]string{
		"balance nobody": "no such account", "account gap nobody 5": "no such account", "tx " + genesis(): "no such transaction", "send zz": "hex", "rescan --from=41": "above the wallet's tip",
		"job 9": "there is no job 9", "job cancel 1": "over already", "wallet load nobody": "no such wallet", "account show nobody": "no such account", "wallet import a nothing": "no such file",
		"wallet import a wallet_test.go": "not what spvctl wallet export has written", "wallet backup ../a": "neither an absolute path nor a name", "address import nothing": "not a valid address",
		"tx show nothing": "no such file", "tx build nothing 1": "number 1 of the addresses", "tx build --sweep=nothing": "not a valid address",
		"tx build " + rpctestAddress(t) + " 2": "not enough coins", "tx build " + rpctestAddress(t) + " 1 --change=nobody": "no such account",
	} {
		if got := spvctl(t, "", append(flags, strings.Fields(args)...)...); got.code != exitError || !strings.Contains(got.err, want) {
			t.Errorf("%s gave %+v", args, got)
		}
	}
}

// rpctestAddress returns an address that is not the wallet's.
func rpctestAddress(t *testing.T) string {
	address, _ := rpctest.NewOwner(t, 5).Address(0, 0)
	return address
}

// TestMoneyBeforeTheSyncIsComplete checks that commands about money warn while the sync is
// not complete.
func TestMoneyBeforeTheSyncIsComplete(t *testing.T) {
	syncing := api.SyncStatus{Reason: "No peer is connected."}
	d := newPaidDaemon(t)
	d.Find("syncstatus").Handle = func(context.Context, *method.Call) (any, error) { return syncing, nil }
	flags := daemon(t, d.Registry)
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
	flags := daemon(t, newPaidDaemon(t).Registry)
	if got := spvctl(t, "", append(flags, "--wallet", "default", "wallet")...); got.code != exitOK || !strings.Contains(got.out, "accounts  1") {
		t.Errorf("got %+v", got)
	}
	for _, name := range []string{"nobody", "a/b?c"} {
		if got := spvctl(t, "", append(flags, "--wallet", name, "wallet")...); got.code != exitError || !strings.Contains(got.err, "no such wallet") {
			t.Errorf("%s gave %+v", name, got)
		}
	}
}

// TestDamagedWalletIsListed: the list says which wallet is damaged, and what the daemon says
// of it.
func TestDamagedWalletIsListed(t *testing.T) {
	var out strings.Builder
	err := writeWallets(&out, api.WalletDir{Wallets: []api.WalletFile{
		{Name: "a", Loaded: true, State: api.WalletLoaded},
		{Name: "b", State: api.WalletDamaged, Trouble: "open wallet b.db: wallet file is damaged"},
	}})
	want := "WALLET  STATE\na       loaded\nb       damaged\nb: open wallet b.db: wallet file is damaged\n"
	if err != nil || out.String() != want {
		t.Errorf("got %q (%v), want %q", out.String(), err, want)
	}
}
