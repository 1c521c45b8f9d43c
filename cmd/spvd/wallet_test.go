package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// owner is an account with its private keys.
type owner struct {
	t       testing.TB
	account *hdkeychain.ExtendedKey
}

// newOwner returns an owner whose keys follow from a number.
func newOwner(t testing.TB, n byte) *owner {
	t.Helper()
	key, err := hdkeychain.NewMaster(bytes.Repeat([]byte{n}, 32), chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	o := &owner{t: t, account: key}
	const hardened = hdkeychain.HardenedKeyStart
	for _, index := range []uint32{44 + hardened, chaincfg.SimNetParams().SLIP0044CoinType + hardened, hardened} {
		o.account = o.child(o.account, index)
	}
	return o
}

func (o *owner) child(key *hdkeychain.ExtendedKey, index uint32) *hdkeychain.ExtendedKey {
	o.t.Helper()
	child, err := key.Child(index)
	if err != nil {
		o.t.Fatal(err)
	}
	return child
}

func (o *owner) xpub() string { return o.account.Neuter().String() }

// address returns an address of the account, and the script that pays to it.
func (o *owner) address(branch, index uint32) (string, []byte) {
	o.t.Helper()
	key := o.child(o.child(o.account, branch), index)
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(
		stdaddr.Hash160(key.SerializedPubKey()), chaincfg.SimNetParams())
	if err != nil {
		o.t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	return addr.String(), script
}

func (o *owner) script(branch, index uint32) []byte {
	_, script := o.address(branch, index)
	return script
}

// pay plans payments of 1, 2, 4 and 8 coins to the owner, of which the first is
// spent: half of it goes to change. The last but one is beyond the gap limit as
// long as the one before it is not known.
func (o *owner) pay() testnet.Plan {
	plan := testnet.Plan{}
	first := plan.Pay(20, o.script(0, 0), 1e8)
	plan.Pay(150, o.script(0, 19), 2e8)
	plan.Spend(200, first, o.script(1, 0), 5e7)
	spending := plan[200][0].Msg
	key, err := o.child(o.child(o.account, 0), 0).SerializedPrivKey()
	if err != nil {
		o.t.Fatal(err)
	}
	spending.TxIn[0].ValueIn = 1e8
	spending.TxIn[0].SignatureScript, err = sign.SignatureScript(spending, 0, o.script(0, 0), txscript.SigHashAll, key, dcrec.STEcdsaSecp256k1, true)
	if err != nil {
		o.t.Fatal(err)
	}
	plan.Pay(300, o.script(0, 50), 4e8)
	plan.Pay(blocks-2, o.script(0, 1), 8e8)
	return plan
}

// books reads the wallet of a daemon that has stopped.
func books(t *testing.T, dir string) (wallet.Balances, []*wallet.Transaction) {
	t.Helper()
	w, err := wallet.Open(wallet.Config{
		Path:   filepath.Join(dir, "simnet", spvd.WalletDir, "default.db"),
		Params: consensus.SimNet(),
		Log:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	balances, err := w.Balances(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	history, err := w.History(t.Context(), wallet.HistoryFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return balances, history
}

// assertBooks stops the daemon and compares its wallet with the heights, newest
// first, at which it should have transactions.
func (d *daemon) assertBooks(t *testing.T, dir string, spendable dcrutil.Amount, heights ...consensus.Height) {
	t.Helper()
	d.stop()
	if code := d.end(); code != exitClean {
		t.Fatalf("exit code %d: %s", code, d.err)
	}
	balances, history := books(t, dir)
	if balances.Sum.Spendable != spendable || balances.Sum.Total != spendable {
		t.Errorf("balance is %+v, want %v spendable", balances.Sum, spendable)
	}
	var got []consensus.Height
	for _, tx := range history {
		got = append(got, tx.Place.Height)
	}
	if fmt.Sprint(got) != fmt.Sprint(heights) {
		t.Errorf("transactions at %v, want %v", got, heights)
	}
}

func TestWalletHoldsWhatTheChainPays(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 2, o.pay()), t.TempDir()
	account := "--account=savings=" + o.xpub()
	d, _ := ns.startSynced(t, dir, account)
	d.assertBooks(t, dir, 145e7, blocks-2, 300, 200, 150, 20)

	// A reorganisation takes the newest payment away, which the new branch does
	// not hold. The daemon meets it while it runs.
	d, _ = ns.startSynced(t, dir, account)
	for _, node := range ns.all {
		node.Reorg(5, 8)
	}
	d.await(t, fmt.Sprintf("hash=%v", ns.all[0].Chain().Tip().Hash))
	d.stop()
	d.end()
	assertPlan(t, ns.all[0].Chain(), dir, o)
}

// assertPlan compares the wallet with what a replay of the chain gives.
func assertPlan(t *testing.T, c *testnet.Chain, dir string, o *owner) {
	t.Helper()
	assertPlanSince(t, c, dir, o, 1)
}

// assertPlanSince does so with a wallet that is searched for from a block on.
func assertPlanSince(t *testing.T, c *testnet.Chain, dir string, o *owner, from consensus.Height) {
	t.Helper()
	ours := make(map[string]bool)
	for branch := range uint32(2) {
		for index := range uint32(60) {
			ours[string(o.script(branch, index))] = true
		}
	}
	unspent := make(map[string]int64)
	for h := max(1, from); h <= c.Height(); h++ {
		for _, tx := range c.Block(h).Transactions {
			for _, in := range tx.TxIn {
				delete(unspent, fmt.Sprint(in.PreviousOutPoint.Hash, in.PreviousOutPoint.Index))
			}
			for i, out := range tx.TxOut {
				if ours[string(out.PkScript)] {
					unspent[fmt.Sprint(tx.TxHash(), i)] = out.Value
				}
			}
		}
	}
	var want dcrutil.Amount
	for _, value := range unspent {
		want += dcrutil.Amount(value)
	}
	got, _ := books(t, dir)
	if got.Tip != c.Tip() || got.Sum.Spendable != want {
		t.Errorf("at %v the wallet has %v, want %v at %v", got.Tip, got.Sum.Spendable, want, c.Tip())
	}
}

func TestDaemonWithoutAccountsHasNoWallet(t *testing.T) {
	ns, dir := serveNodes(t, 1), t.TempDir()
	ns.startSynced(t, dir)
	if _, err := os.Stat(filepath.Join(dir, "simnet", spvd.WalletDir)); !os.IsNotExist(err) {
		t.Errorf("there is a wallet directory: %v", err)
	}
}

func TestPrivateKeyIsRefusedAndNeverTold(t *testing.T) {
	dir := t.TempDir()
	key := newOwner(t, 2).account.String()
	code, out, err := runOnce(t, "--simnet", "--rpclisten=127.0.0.1:0", "--appdata", dir, "--account=mine="+key)
	if code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	assertOneLine(t, err, "--account", "private key")
	if strings.Contains(out+err, key) {
		t.Error("the key was printed")
	}
	if walk := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if bytes.Contains(content, []byte(key)) {
			t.Errorf("the key is in %s", name)
		}
		return err
	}); walk != nil {
		t.Error(walk)
	}
}

func TestWrongWalletFlags(t *testing.T) {
	for flag, want := range map[string]string{
		"--account=xpub-alone":  "NAME=XPUB",
		"--birthday=yesterday":  "neither a height",
		"--birthday=2999-01-01": "in the future",
	} {
		code, _, err := runOnce(t, "--simnet", "--appdata", t.TempDir(), flag)
		if code != exitUsage {
			t.Errorf("%s: exit code %d, want %d", flag, code, exitUsage)
		}
		assertOneLine(t, err, want)
	}
}

// TestBirthdayLeavesOutWhatIsOlder counts only what was paid from the birthday
// on, also for an account that comes to a wallet with another birthday. The
// payment in block 300 is behind the gap limit without the older ones.
func TestBirthdayLeavesOutWhatIsOlder(t *testing.T) {
	o, other := newOwner(t, 1), newOwner(t, 2)
	plan := o.pay()
	plan.Pay(30, other.script(0, 0), 3e8)
	ns, dir := servePlan(t, 1, plan), t.TempDir()
	d, _ := ns.startSynced(t, dir, "--account=young="+o.xpub(), "--birthday=300")
	d.assertBooks(t, dir, 8e8, blocks-2)
	d, _ = ns.startSynced(t, dir, "--account=old="+other.xpub(), "--birthday=0")
	d.assertBooks(t, dir, 11e8, blocks-2, 30)
}
