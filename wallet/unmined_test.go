package wallet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// anyone is a script that anyone may spend.
func anyone() []byte { return []byte{txscript.OP_2, txscript.OP_DROP, txscript.OP_TRUE} }

// confirmed returns what unmined transactions must not change.
func confirmed(t *testing.T, x *Wallet) []AccountBalance {
	t.Helper()
	b, err := x.Balances(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Accounts {
		b.Accounts[i].Unconfirmed, b.Accounts[i].Spending, b.Accounts[i].Total = 0, 0, 0
	}
	return b.Accounts
}

// totals plays the unmined transactions on top of the chain and returns what
// the accounts would have then.
func (w *world) totals(t *testing.T, x *Wallet) map[string]dcrutil.Amount {
	t.Helper()
	pool, err := x.Unmined(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unspent := w.coins(false)
	for _, u := range pool {
		play(unspent, u.Tx, w.tip().Height+1, txn.TreeOf(txn.KindOf(u.Tx)), false)
	}
	totals := make(map[string]dcrutil.Amount)
	for _, c := range unspent {
		if c.ticket != nil {
			for i := 1; i < len(c.ticket.TxOut); i += 2 {
				if name, ok := x.ownerName(txn.CommittedScript(c.ticket.TxOut[i].PkScript)); ok {
					totals[name] += amountOf(committedAmount(c.ticket.TxOut[i].PkScript))
				}
			}
		} else if name, ok := x.ownerName(c.pay); ok {
			totals[name] += amountOf(c.amount)
		}
	}
	return totals
}

// propose returns an unmined transaction that spends something of the chain or
// of the pool.
func (w *world) propose(t *testing.T, x *Wallet) *wire.MsgTx {
	t.Helper()
	unspent := w.coins(false)
	pool, err := x.Unmined(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range pool {
		w.txs[u.Hash] = u.Tx
		if w.rng.IntN(3) > 0 { // sometimes it is a double spend
			play(unspent, u.Tx, 0, txn.TreeOf(txn.KindOf(u.Tx)), false)
		}
	}
	var coins []coin
	for _, c := range unspent {
		script := string(c.pay)
		if c.ticket == nil && c.amount >= 8 && (script == string(anyone()) || !slices.ContainsFunc(w.ours, func(s []byte) bool { return string(s) == script })) {
			coins = append(coins, c)
		}
	}
	if len(coins) == 0 {
		return nil
	}
	slices.SortFunc(coins, func(a, b coin) int { return slices.Compare(rows.OutPointKey(a.op), rows.OutPointKey(b.op)) })
	c := coins[w.rng.IntN(len(coins))]
	var tx *wire.MsgTx
	if w.rng.IntN(4) == 0 {
		tx = w.ticket([]coin{c}, w.staker(), [][]byte{w.staker()}, [][]byte{w.staker()})
	} else {
		tx = w.payment(c)
	}
	if w.rng.IntN(4) == 0 {
		tx.Expiry = uint32(w.tip().Height) + 1 + uint32(w.rng.IntN(6))
	}
	w.txs[tx.TxHash()] = tx
	return tx
}

func TestUnminedNeverChangesWhatIsConfirmed(t *testing.T) {
	refusals := 0
	for seed := range seeds(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			x := openTest(t, Birthday{})
			importTest(t, x, "a", 1, AccountOptions{})
			if err := x.ImportScript(t.Context(), anyone(), nil); err != nil {
				t.Fatal(err)
			}
			w.ours = append(derived(t, 1, hd.External, 5), anyone(), anyone(), anyone())
			taken := 0
			for range 60 {
				switch w.rng.IntN(4) {
				case 0:
					w.random()
				case 1:
					w.mineSome(t, x)
				case 2:
					if len(w.main) > 5 {
						w.reorganise(1 + w.rng.IntN(3))
					}
				case 3:
					before := confirmed(t, x)
					if tx := w.propose(t, x); tx != nil {
						early, from := w.immature(tx), Origin(w.rng.IntN(2))
						ours, err := x.addTx(t.Context(), tx, from, 0)
						switch {
						case errors.Is(err, ErrImmature):
							if !early || from != Published {
								t.Fatal(err)
							}
							refusals++
						case err != nil && !errors.Is(err, ErrDoubleSpend) && !errors.Is(err, ErrExpired):
							t.Fatal(err)
						}
						if ours {
							taken++
						}
					}
					if after := confirmed(t, x); !slices.Equal(after, before) {
						t.Fatalf("confirmed %+v, was %+v", after, before)
					}
				}
				w.sync(x, 5)
				checkBalances(t, w, x)
				w.checkTotals(t, x)
			}
			if taken == 0 {
				t.Error("no unmined transaction was taken")
			}
		})
	}
	if refusals == 0 {
		t.Error("nothing was published too early")
	}
}

// immature reports whether a transaction spends what the next block may not.
func (w *world) immature(tx *wire.MsgTx) bool {
	unspent := w.coins(false)
	return slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool {
		c, ok := unspent[in.PreviousOutPoint]
		return ok && int64(w.tip().Height-c.height)+1 < c.need()
	})
}

// checkTotals compares the totals of a wallet with those of the twin, and
// holds what its history adds up to against them.
func (w *world) checkTotals(t *testing.T, x *Wallet) {
	t.Helper()
	got := make(map[string]dcrutil.Amount)
	b, err := x.Balances(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	zero, err := x.Balances(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range b.Accounts {
		if a.Total != 0 {
			got[a.Account] = a.Total
		}
		if z := zero.Accounts[i]; z.Total != a.Total || z.Unconfirmed != 0 {
			t.Fatalf("with no confirmations: %+v, with one: %+v", z, a)
		}
	}
	want := w.totals(t, x)
	maps.DeleteFunc(want, func(_ string, a dcrutil.Amount) bool { return a == 0 })
	if !maps.Equal(got, want) {
		t.Fatalf("at %d: totals %v, want %v", w.tip().Height, got, want)
	}
	history, err := x.History(t.Context(), HistoryFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var sum dcrutil.Amount
	for _, h := range history {
		sum += h.Net()
	}
	if sum != b.Sum.Total {
		t.Fatalf("the history adds up to %s, the total is %s", sum, b.Sum.Total)
	}
}

// mineSome mines some of the unmined transactions.
func (w *world) mineSome(t *testing.T, x *Wallet) {
	t.Helper()
	pool, err := x.Unmined(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	regular, stakes := []*wire.MsgTx{w.coinbase(w.someone(), 50_000)}, []*wire.MsgTx(nil)
	for _, u := range pool {
		if w.rng.IntN(2) == 0 {
			continue
		}
		if txn.KindOf(u.Tx) == Regular && w.spendable(u.Tx, regular) {
			regular = append(regular, u.Tx)
		} else if txn.KindOf(u.Tx) == Ticket && w.spendable(u.Tx, regular[:1]) && w.rng.IntN(2) == 0 {
			stakes = append(stakes, u.Tx)
			break
		}
	}
	if len(stakes) > 0 {
		regular = regular[:1] // no double spends between the trees
	}
	w.mine(stakes, regular, true)
}

// funded returns a wallet with some coins of its first address, and the coins.
func funded(t *testing.T, n int) (*world, *Wallet, []wire.OutPoint) {
	t.Helper()
	w := newWorld(t, 1)
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{})
	pay := derived(t, 1, hd.External, 1)[0]
	var ops []wire.OutPoint
	for range n {
		tx := w.pay(pay, 1000)
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), tx}, true)
		ops = append(ops, wire.OutPoint{Hash: tx.TxHash()})
	}
	w.sync(x, 100)
	return w, x, ops
}

// signed signs the inputs of a transaction with the key of the first address.
func signed(t *testing.T, tx *wire.MsgTx) *wire.MsgTx {
	t.Helper()
	return signedBy(t, 1, tx)
}

// signedBy does the same with the key of the first address of a seed.
func signedBy(t *testing.T, seed byte, tx *wire.MsgTx) *wire.MsgTx {
	t.Helper()
	key := seedKey(t, newWorld(t, 1).params.ChainParams, seed)
	var err error
	for range 2 {
		if key, err = key.Child(0); err != nil {
			t.Fatal(err)
		}
	}
	priv, err := key.SerializedPrivKey()
	if err != nil {
		t.Fatal(err)
	}
	pay := derived(t, seed, hd.External, 1)[0]
	for i := range tx.TxIn {
		tx.TxIn[i].SignatureScript, err = sign.SignatureScript(tx, i, pay, txscript.SigHashAll, priv, dcrec.STEcdsaSecp256k1, true)
		if err != nil {
			t.Fatal(err)
		}
	}
	return tx
}

// add adds an unmined transaction that must be the wallet's.
func add(t *testing.T, x *Wallet, tx *wire.MsgTx, from Origin) chainhash.Hash {
	t.Helper()
	if ours, err := x.addTx(t.Context(), tx, from, 0); err != nil || !ours {
		t.Fatalf("add: %v, %v", ours, err)
	}
	return tx.TxHash()
}

// refused checks that a transaction is refused and changes nothing.
func refused(t *testing.T, x *Wallet, tx *wire.MsgTx, from Origin, want error) {
	t.Helper()
	before := dump(t, x)
	if ours, err := x.addTx(t.Context(), tx, from, 0); !errors.Is(err, want) || ours {
		t.Fatalf("got %v, %v, want %v", ours, err, want)
	}
	if dump(t, x) != before {
		t.Fatal("a refused transaction changed the wallet")
	}
}

func TestUnsignedSpendsAreRefused(t *testing.T) {
	w, x, ops := funded(t, 1)
	refused(t, x, spend(ops, wire.NewTxOut(900, w.stranger())), Relayed, ErrBadTransaction)
	tx := signed(t, spend(ops, wire.NewTxOut(900, w.stranger())))
	tx.TxOut[0].Value++
	refused(t, x, tx, Relayed, ErrBadTransaction)
	refused(t, x, signed(t, spend(ops, wire.NewTxOut(1001, w.stranger()))), Published, ErrBadTransaction)
	refused(t, x, spend(nil, wire.NewTxOut(1, derived(t, 1, hd.External, 1)[0])), Relayed, ErrBadTransaction)
	add(t, x, signed(t, spend(ops, wire.NewTxOut(900, w.stranger()))), Relayed)
	if list, err := x.Unspent(t.Context(), OutputFilter{}); err != nil || len(list) != 0 {
		t.Fatalf("a spent output shows as unspent: %v, %v", list, err)
	}
}

func TestConflicts(t *testing.T) {
	w, x, ops := funded(t, 1)
	change := derived(t, 1, hd.Internal, 1)[0]
	first := signed(t, spend(ops, wire.NewTxOut(500, w.stranger()), wire.NewTxOut(400, change)))
	child := w.payment(coin{op: wire.OutPoint{Hash: first.TxHash()}, amount: 500})
	child.TxOut[0].PkScript = derived(t, 1, hd.External, 2)[1]
	rival := signed(t, spend(ops, wire.NewTxOut(700, w.stranger()), wire.NewTxOut(250, change)))
	third := signed(t, spend(ops, wire.NewTxOut(600, w.stranger())))
	add(t, x, first, Relayed)
	add(t, x, child, Relayed)
	refused(t, x, rival, Relayed, ErrDoubleSpend)
	hash := add(t, x, rival, Published) // takes the place of what was only relayed, and its child
	refused(t, x, third, Published, ErrDoubleSpend)
	pool, err := x.Unmined(t.Context())
	if err != nil || len(pool) != 1 || pool[0].Hash != hash || pool[0].Origin != Published {
		t.Fatalf("pool %+v, %v", pool, err)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), third}, true)
	w.sync(x, 1)
	if pool, err := x.Unmined(t.Context()); err != nil || len(pool) != 0 {
		t.Fatalf("pool %+v, %v", pool, err)
	}
	refused(t, x, rival, Published, ErrDoubleSpend)
	add(t, x, third, Relayed) // it is known, and mined
	if pool, _ := x.Unmined(t.Context()); len(pool) != 0 {
		t.Fatal("a mined transaction is unmined")
	}
	if err := x.Abandon(t.Context(), third.TxHash()); !errors.Is(err, ErrMined) {
		t.Fatalf("abandon a mined transaction: %v", err)
	}
}

func TestExpiryAndAbandonment(t *testing.T) {
	w, x, ops := funded(t, 2)
	change := derived(t, 1, hd.Internal, 1)[0]
	late := spend(ops[:1], wire.NewTxOut(500, change))
	late.Expiry = uint32(w.tip().Height) + 1
	refused(t, x, signed(t, late), Published, ErrExpired)
	soon := spend(ops[:1], wire.NewTxOut(500, change))
	soon.Expiry = uint32(w.tip().Height) + 2
	add(t, x, signed(t, soon), Published)
	hash := add(t, x, signed(t, spend(ops[1:], wire.NewTxOut(600, change))), Published)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	w.sync(x, 1)
	if pool, _ := x.Unmined(t.Context()); len(pool) != 1 || pool[0].Hash != hash {
		t.Fatalf("after the expiry: %+v", pool)
	}
	if err := x.Abandon(t.Context(), hash); err != nil {
		t.Fatal(err)
	}
	if err := x.Abandon(t.Context(), hash); !errors.Is(err, ErrNoTransaction) {
		t.Fatalf("abandoned twice: %v", err)
	}
	if list, _ := x.Unspent(t.Context(), OutputFilter{}); len(list) != 2 {
		t.Fatalf("after abandonment: %+v", list)
	}
}

func TestPaymentsToOthersAreIgnored(t *testing.T) {
	w, x, _ := funded(t, 1)
	pay := derived(t, 1, hd.External, 1)[0]
	before := dump(t, x)
	for _, tx := range []*wire.MsgTx{w.pay(w.stranger(), 10), w.coinbase(pay, 10), w.treasurySpend(w.stranger(), 1)} {
		if ours, err := x.addTx(t.Context(), tx, Relayed, 0); ours || err != nil {
			t.Fatalf("took %v, %v", ours, err)
		}
	}
	if dump(t, x) != before {
		t.Fatal("a transaction of somebody else changed the wallet")
	}
}

func TestReorganisedPaymentIsUnminedAgain(t *testing.T) {
	w, x, ops := funded(t, 1)
	tx := w.tip().Msg.Transactions[1]
	w.cut(1)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	w.sync(x, 1)
	got, err := x.Transaction(t.Context(), ops[0].Hash)
	if err != nil || got.Mined() || got.Confirmations != 0 || got.Origin != Released || got.Net() != 1000 {
		t.Fatalf("%+v, %v", got, err)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), tx}, true)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, false) // voids it
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), tx}, true)
	w.sync(x, 1)
	got, err = x.Transaction(t.Context(), ops[0].Hash)
	if err != nil || got.Place.Height != w.tip().Height || got.Confirmations != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if history, _ := x.History(t.Context(), HistoryFilter{}); len(history) != 1 {
		t.Fatalf("%d transactions", len(history))
	}
}
