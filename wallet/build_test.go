package wallet

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/txbuild"
)

// spending is a wallet whose account has been paid coins of 1, 2 and so on up to 5 DCR at its
// first addresses.
type spending struct {
	*world
	*Wallet
	now  time.Time
	path string
}

func newSpending(t *testing.T) *spending {
	f := &spending{world: newWorld(t, 1), now: time.Unix(1_700_000_000, 0), path: filepath.Join(t.TempDir(), "funded.db")}
	f.open(t)
	importTest(t, f.Wallet, "a", 1, AccountOptions{})
	txs := []*wire.MsgTx{f.coinbase(f.stranger(), 1)}
	for i, pay := range derived(t, 1, hd.External, 5) {
		txs = append(txs, f.pay(pay, int64(i+1)*1e8))
	}
	f.mine(nil, txs, true)
	f.sync(f.Wallet, 100)
	return f
}

func (f *spending) open(t *testing.T) {
	t.Helper()
	c := testConfig(f.path, Birthday{})
	c.Now = func() time.Time { return f.now }
	x, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	f.Wallet = x
	t.Cleanup(func() {
		if err := x.Check(context.Background()); err != nil && !errors.Is(err, ErrClosed) && !t.Failed() {
			t.Error(err)
		}
		if err := x.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

// paying returns a request that pays a stranger.
func (f *spending) paying(amount int64) BuildRequest {
	return BuildRequest{Outputs: []*wire.TxOut{wire.NewTxOut(amount, f.stranger())}, MinConf: 1, Reserve: time.Hour}
}

// verify has the script engine judge a transaction.
func (f *spending) verify(t *testing.T, tx *wire.MsgTx) {
	t.Helper()
	err := errors.Join(txbuild.Verify(tx, func(op wire.OutPoint) *wire.TxOut { return f.txs[op.Hash].TxOut[op.Index] })...)
	if err != nil {
		t.Fatal(err)
	}
}

// TestBuildToBlock: a transaction is built, signed, published and mined, and the wallet has
// what is left.
func TestBuildToBlock(t *testing.T) {
	f := newSpending(t)
	built, err := f.Build(t.Context(), f.paying(7e8))
	if err != nil {
		t.Fatal(err)
	}
	f.world.sign(built.Tx)
	f.verify(t, built.Tx)
	if err := txbuild.Refused(built.Tx, f.params.ChainParams.MaxTxSize); err != nil {
		t.Error(err)
	}
	if own, err := f.publish(t.Context(), built.Tx, 0); !own || err != nil {
		t.Fatal(own, err)
	}
	f.mine(nil, []*wire.MsgTx{f.coinbase(f.stranger(), 1), built.Tx}, true)
	f.sync(f.Wallet, 100)
	b, err := f.Balances(t.Context(), 1)
	if want := 8e8 - built.Fee; err != nil || b.Sum.Spendable != want {
		t.Errorf("%v can be spent, want %v: %v", b.Sum.Spendable, want, err)
	}
	tx, err := f.Transaction(t.Context(), built.Tx.TxHash())
	if err != nil || !tx.FeeKnown || tx.Fee != built.Fee {
		t.Fatalf("fee %v, want %v: %v", tx.Fee, built.Fee, err)
	}
}

// TestBuildNamesKeysAndPrevious derives the keys that a result names from the seed, and finds
// each coin in the previous transaction.
func TestBuildNamesKeysAndPrevious(t *testing.T) {
	f := newSpending(t)
	r := f.paying(14e8)
	built, err := f.Build(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(built.Inputs) != 5 {
		t.Fatalf("%d inputs", len(built.Inputs))
	}
	for i, in := range built.Inputs {
		op := built.Tx.TxIn[i].PreviousOutPoint
		if in.OutPoint != op || in.Previous.TxHash() != op.Hash || in.Previous.TxOut[op.Index].Value != int64(in.Amount) || len(in.Keys) != 1 {
			t.Fatalf("input %d: %+v", i, in)
		}
		k := in.Keys[0]
		key := must(must(testAccount(1).Child(k.Branch)).Child(k.Index))
		if k.Account != "a" || k.AccountIndex != 0 || !bytes.Equal(key.SerializedPubKey(), k.PublicKey) ||
			!bytes.Contains(in.PkScript, stdaddr.Hash160(k.PublicKey)) {
			t.Errorf("input %d: key %+v", i, k)
		}
	}
	if to := built.ChangeTo; to == nil || to.Account != "a" || to.Branch != hd.Internal || to.Index != 0 || built.Change < 0 ||
		!bytes.Equal(built.Tx.TxOut[built.Change].PkScript, derived(t, 1, hd.Internal, 1)[0]) {
		t.Errorf("change %d to %+v", built.Change, built.ChangeTo)
	}
}

// TestReservation: what one transaction spends no other one does, until the time is over or
// the lock is taken back, also after a restart.
func TestReservation(t *testing.T) {
	f := newSpending(t)
	ctx := t.Context()
	first, err := f.Build(ctx, f.paying(45e7))
	if err != nil {
		t.Fatal(err)
	}
	coin := first.Inputs[0].OutPoint
	list, err := f.Locked(ctx, "")
	if err != nil || len(list) != 1 || list[0].OutPoint != coin || list[0].Account != "a" || !list[0].Until.Equal(f.now.Add(time.Hour)) {
		t.Fatalf("locked: %v, %v", list, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.open(t)
	given := f.paying(1e8)
	given.Coins = []wire.OutPoint{coin}
	if _, err := f.Build(ctx, given); !errors.Is(err, ErrLocked) {
		t.Errorf("a reserved coin: %v", err)
	}
	if second, err := f.Build(ctx, f.paying(45e7)); err != nil || second.Inputs[0].OutPoint == coin {
		t.Fatalf("the coin is spent twice: %v", err)
	}
	if err := f.LockOutputs(ctx, false, coin); err != nil {
		t.Fatal(err)
	}
	if again, err := f.Build(ctx, f.paying(45e7)); err != nil || again.Inputs[0].OutPoint != coin {
		t.Fatalf("the coin is free: %v", err)
	}
	f.now = f.now.Add(time.Hour)
	if again, err := f.Build(ctx, given); err != nil || again.Inputs[0].OutPoint != coin {
		t.Fatalf("the time is over: %v", err)
	}
	if list, err := f.Locked(ctx, ""); err != nil || len(list) != 1 {
		t.Fatalf("locked: %v, %v", list, err)
	}
	if err := f.UnlockAll(ctx); err != nil {
		t.Fatal(err)
	}
	if list, err := f.Locked(ctx, ""); err != nil || len(list) != 0 {
		t.Fatalf("locked: %v, %v", list, err)
	}
}

// TestBuildChangesNothingWhenRefused holds the file against itself.
func TestBuildChangesNothingWhenRefused(t *testing.T) {
	f := newSpending(t)
	ctx := t.Context()
	free := f.Status()
	outputs, err := f.Unspent(ctx, OutputFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.LockOutputs(ctx, true, outputs[4].OutPoint); err != nil {
		t.Fatal(err)
	}
	before := contents(t, f.Wallet)
	for _, test := range []struct {
		name   string
		change func(r *BuildRequest)
		want   error
	}{
		{"too much", func(r *BuildRequest) { r.Outputs[0].Value = 12e8 }, txbuild.ErrFunds},
		{"too few confirmations", func(r *BuildRequest) { r.MinConf = 100 }, txbuild.ErrFunds},
		{"no account", func(r *BuildRequest) { r.Account = "b" }, ErrNoAccount},
		{"no account for change", func(r *BuildRequest) { r.ChangeAccount = "b" }, ErrNoAccount},
		{"imported addresses for change", func(r *BuildRequest) { r.ChangeAccount = ImportedName }, ErrImported},
		{"change to a wrong address", func(r *BuildRequest) { r.ChangeAddress = "Ds" }, ErrBadAddress},
		{"sweep to a wrong address", func(r *BuildRequest) { r.Outputs, r.Sweep = nil, "Ds" }, ErrBadAddress},
		{"no such coin", func(r *BuildRequest) { r.Coins = []wire.OutPoint{{Index: 1}} }, ErrNoOutput},
		{"a locked coin", func(r *BuildRequest) { r.Coins = []wire.OutPoint{outputs[4].OutPoint} }, ErrLocked},
		{"a coin twice", func(r *BuildRequest) { r.Coins = []wire.OutPoint{outputs[0].OutPoint, outputs[0].OutPoint} }, txbuild.ErrRequest},
		{"expired", func(r *BuildRequest) { r.Expiry = 2 }, txbuild.ErrExpiry},
		{"a high fee", func(r *BuildRequest) { r.FeeRate = 100_001 }, txbuild.ErrFeeRate},
	} {
		r := f.paying(1e7)
		test.change(&r)
		if built, err := f.Build(ctx, r); !errors.Is(err, test.want) || built != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	sameContents(t, "after refusals", contents(t, f.Wallet), before)
	if got := f.Status(); got.Scripts != free.Scripts {
		t.Errorf("%d scripts are watched, %d before", got.Scripts, free.Scripts)
	}
}

// TestChangeStaysInsideTheGap: however many transactions are built and never sent, a wallet
// restored from the key finds the change.
func TestChangeStaysInsideTheGap(t *testing.T) {
	f := newSpending(t)
	var last uint32
	for i := range 3 * hd.DefaultGap {
		r := f.paying(1e7)
		r.Reserve = 0
		built, err := f.Build(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if to := built.ChangeTo; to.Index >= hd.DefaultGap || to.BeyondGap || i < hd.DefaultGap && to.Index != uint32(i) {
			t.Fatalf("change %d goes to %+v", i, built.ChangeTo)
		}
		last = built.ChangeTo.Index
	}
	if last != 0 {
		t.Errorf("the last change goes to index %d, the oldest one that was never paid is 0", last)
	}
}

// TestSweep sends all of the wallet's coins away.
func TestSweep(t *testing.T) {
	f := newSpending(t)
	address := hd.ScriptAddress(f.params.ChainParams, f.theirs)
	built, err := f.Build(t.Context(), BuildRequest{Sweep: address, MinConf: 1})
	if err != nil {
		t.Fatal(err)
	}
	out := built.Tx.TxOut
	if len(built.Inputs) != 5 || len(out) != 1 || !bytes.Equal(out[0].PkScript, f.theirs) || dcrutil.Amount(out[0].Value) != 15e8-built.Fee || built.Change != -1 || built.ChangeTo != nil {
		t.Errorf("%+v", built)
	}
	f.world.sign(built.Tx)
	f.verify(t, built.Tx)
}

// TestSweepOfManyCoins sends 1,200 coins away, in as many transactions as they need, which spend each of
// them once.
func TestSweepOfManyCoins(t *testing.T) {
	f := newSpending(t)
	from := f.pay(derived(t, 1, hd.External, 1)[0], 1e6)
	for range 1199 {
		from.AddTxOut(wire.NewTxOut(1e6, derived(t, 1, hd.External, 1)[0]))
	}
	f.mine(nil, []*wire.MsgTx{f.coinbase(f.stranger(), 1), from}, true)
	f.sync(f.Wallet, 100)
	address := hd.ScriptAddress(f.params.ChainParams, f.theirs)
	spent, left := make(map[wire.OutPoint]bool), -1
	for turns := 0; left != 0; turns++ {
		built, err := f.Build(t.Context(), BuildRequest{Sweep: address, MinConf: 1, Reserve: time.Hour})
		if err != nil || turns > 10 {
			t.Fatalf("turn %d: %v", turns, err)
		}
		for _, in := range built.Inputs {
			spent[in.OutPoint] = true
		}
		if left = built.Left; left != 1205-len(spent) {
			t.Fatalf("turn %d: %d coins are spent, and %d left", turns, len(spent), left)
		}
	}
	if _, err := f.Build(t.Context(), BuildRequest{Sweep: address, MinConf: 1}); !errors.Is(err, txbuild.ErrFunds) {
		t.Errorf("after the last coin: %v", err)
	}
}

// TestBuildFromMultisig spends a script of several keys that was imported, and names the keys
// that are the wallet's.
func TestBuildFromMultisig(t *testing.T) {
	f := newSpending(t)
	ctx := t.Context()
	mine, _ := testKey(1, 3)
	other, _ := testKey(2, 0)
	redeem, err := stdscript.MultiSigScriptV0(2, mine, other)
	if err != nil {
		t.Fatal(err)
	}
	address, err := f.ImportRedeemScript(ctx, redeem, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.PaymentTo(address, 9e8)
	if err != nil {
		t.Fatal(err)
	}
	f.mine(nil, []*wire.MsgTx{f.coinbase(f.stranger(), 1), f.pay(out.PkScript, 9e8)}, true)
	f.sync(f.Wallet, 100)
	r := f.paying(8e8)
	r.Account = ImportedName
	built, err := f.Build(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	in := built.Inputs[0]
	if len(built.Inputs) != 1 || !bytes.Equal(in.RedeemScript, redeem) || len(in.Keys) != 1 || in.Keys[0].Index != 3 || built.ChangeTo.Account != "a" {
		t.Fatalf("%+v", built)
	}
	builder := txscript.NewScriptBuilder()
	for _, key := range [][]byte{testKeys()[string(payToKey(mine))], testKeys()[string(payToKey(other))]} {
		builder.AddData(rawSignature(t, built.Tx, redeem, key))
	}
	if built.Tx.TxIn[0].SignatureScript, err = builder.AddData(redeem).Script(); err != nil {
		t.Fatal(err)
	}
	f.verify(t, built.Tx)
}

// rawSignature signs the first input.
func rawSignature(t *testing.T, tx *wire.MsgTx, script, key []byte) []byte {
	t.Helper()
	sig, err := sign.RawTxInSignature(tx, 0, script, txscript.SigHashAll, key, dcrec.STEcdsaSecp256k1)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}
