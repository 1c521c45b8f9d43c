package wallet

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/txbuild"
)

// TestBuildInRandomWorlds builds from wallets that have payments, tickets, votes, disapproved
// blocks and reorganisations behind them. What is built spends only what the twin says that the
// next block may hold, and the wallet takes it once it is signed. Some of it is mined.
func TestBuildInRandomWorlds(t *testing.T) {
	built, refused := 0, 0
	for seed := range seeds(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			x := openTest(t, Birthday{})
			importTest(t, x, "a", 1, AccountOptions{})
			importTest(t, x, "b", 2, AccountOptions{})
			w.ours = append(derived(t, 1, hd.External, 12), derived(t, 1, hd.Internal, 12)...)
			w.ours = append(w.ours, derived(t, 2, hd.External, 12)...)
			for range 30 {
				w.random()
			}
			for range 12 {
				if w.rng.IntN(4) == 0 {
					w.reorganise(1 + w.rng.IntN(3))
				}
				w.random()
				w.sync(x, 7)
				tx := w.build(t, x)
				if tx == nil {
					refused++
					continue
				}
				built++
				if own, err := x.publish(t.Context(), tx, 0); !own || err != nil {
					t.Fatalf("publish: %v, %v", own, err)
				}
				if w.rng.IntN(2) == 0 {
					w.mine(nil, []*wire.MsgTx{w.coinbase(w.someone(), 100_000), tx}, true)
				}
				w.sync(x, 7)
				checkBalances(t, w, x)
				w.checkTotals(t, x)
			}
		})
	}
	if built == 0 || built < refused {
		t.Errorf("%d built, %d refused", built, refused)
	}
}

// build has a wallet build a random transaction, and judges and signs it. It returns nil if the
// coins are not enough.
func (w *world) build(t *testing.T, x *Wallet) *wire.MsgTx {
	t.Helper()
	r := BuildRequest{MinConf: 1 + w.rng.Int64N(2), Account: []string{"", "a", "b"}[w.rng.IntN(3)]}
	if w.rng.IntN(2) == 0 {
		r.Reserve = time.Minute
	}
	if w.rng.IntN(4) == 0 {
		r.Sweep = hd.ScriptAddress(w.params.ChainParams, w.stranger())
	} else {
		r.Outputs = []*wire.TxOut{wire.NewTxOut(6030+w.rng.Int64N(100_000), w.stranger())}
	}
	built, err := x.Build(t.Context(), r)
	if errors.Is(err, txbuild.ErrFunds) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	tx := built.Tx
	unspent, fee := w.coins(false), dcrutil.Amount(0)
	for i, in := range tx.TxIn {
		c, ok := unspent[in.PreviousOutPoint]
		name, ours := x.ownerName(c.pay)
		if !ok || !ours || c.ticket != nil || r.Account != "" && name != r.Account || c.amount != in.ValueIn ||
			int64(w.tip().Height-c.height)+1 < r.MinConf || built.Inputs[i].Account != name {
			t.Fatalf("input %d spends %+v of account %q", i, c, name)
		}
		fee += dcrutil.Amount(c.amount)
	}
	if w.immature(tx) {
		t.Fatal("it spends what the next block may not")
	}
	for _, out := range tx.TxOut {
		fee -= dcrutil.Amount(out.Value)
	}
	w.sign(tx)
	verified := errors.Join(txbuild.Verify(tx, func(op wire.OutPoint) *wire.TxOut { return w.txs[op.Hash].TxOut[op.Index] })...)
	sane := standalone.CheckTransactionSanity(tx, uint64(w.params.ChainParams.MaxTxSize))
	least := (txbuild.RelayFee*dcrutil.Amount(tx.SerializeSize()) + 999) / 1000
	if verified != nil || sane != nil || fee != built.Fee || fee < least {
		t.Fatalf("signatures: %v, sanity: %v, fee %v for %d bytes", verified, sane, fee, tx.SerializeSize())
	}
	return tx
}
