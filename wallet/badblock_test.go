package wallet

import (
	"errors"
	"fmt"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// badBlocks are the ways in which a block is bad that pays and spends what a wallet has.
// Each makes of an output of the wallet that may be spent, and one that is spent, a
// transaction that no full node accepts.
func badBlocks() map[string]func(w *world, free coin, spent *wire.MsgTx) *wire.MsgTx {
	return map[string]func(w *world, free coin, spent *wire.MsgTx) *wire.MsgTx{
		"unsigned": func(w *world, free coin, _ *wire.MsgTx) *wire.MsgTx {
			w.unsigned = true
			return spend([]wire.OutPoint{free.op}, wire.NewTxOut(free.amount, w.stranger()))
		},
		"twice": func(w *world, _ coin, spent *wire.MsgTx) *wire.MsgTx {
			tx := spend([]wire.OutPoint{spent.TxIn[0].PreviousOutPoint}, wire.NewTxOut(1, w.stranger()))
			w.sign(tx)
			return tx
		},
		"inflation": func(w *world, free coin, _ *wire.MsgTx) *wire.MsgTx {
			return spend([]wire.OutPoint{free.op}, wire.NewTxOut(free.amount+1, w.stranger()))
		},
		"again": func(_ *world, _ coin, spent *wire.MsgTx) *wire.MsgTx { return spent },
	}
}

// TestBadBlocks: a block that no full node accepts is named, and changes nothing.
func TestBadBlocks(t *testing.T) {
	for name, make := range badBlocks() {
		t.Run(name, func(t *testing.T) {
			w, x, ops := funded(t, 2)
			first := spend(ops[:1], wire.NewTxOut(900, w.stranger()))
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), first}, true)
			w.sync(x, 10)
			before := dump(t, x)
			bad := make(w, coin{op: ops[1], amount: 1000}, first)
			b := w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), bad}, true)
			u := w.since(x.Locator(), 10)
			scripts, _ := x.Scripts()
			w.fill(&u, scripts)
			_, err := x.Apply(t.Context(), u)
			var invalid *consensus.InvalidBlock
			if !errors.As(err, &invalid) || invalid.Block != b.BlockID || invalid.Tx != bad.TxHash() {
				t.Errorf("got %v", err)
			}
			if dump(t, x) != before {
				t.Error("it has changed the wallet")
			}
			w.cut(1)
			w.unsigned = false
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
			w.sync(x, 10)
		})
	}
}

// badBlock mines a block that no full node accepts, and takes it back once the wallet
// has refused it.
func (l *lifetime) badBlock() {
	l.sync(l.x, 1+l.rng.IntN(30))
	list, err := l.x.Unspent(l.t.Context(), OutputFilter{MinConf: 1})
	history, err2 := l.x.History(l.t.Context(), HistoryFilter{})
	if err := errors.Join(err, err2); err != nil {
		l.fail("%v", err)
	}
	var free *coin
	for _, o := range list {
		if o.Source == FromPayment && o.Amount > 0 && testKeys()[string(o.PkScript)] != nil {
			free = &coin{op: o.OutPoint, amount: int64(o.Amount)}
		}
	}
	var spent *wire.MsgTx
	for _, h := range history {
		if h.Mined() && h.Kind == Regular && len(h.Debits) > 0 && h.Debits[0].Index == 0 {
			spent = h.Tx
		}
	}
	if free == nil || spent == nil {
		return
	}
	names := []string{"unsigned", "twice", "inflation", "again"}
	name := names[l.rng.IntN(len(names))]
	l.note("bad block: %s", name)
	bad := badBlocks()[name](l.world, *free, spent)
	b := l.mine(nil, []*wire.MsgTx{l.coinbase(l.stranger(), 1), bad}, true)
	l.unsigned = false
	u := l.since(l.x.Locator(), 10)
	scripts, _ := l.x.Scripts()
	l.fill(&u, scripts)
	_, err = l.x.Apply(l.t.Context(), u)
	var invalid *consensus.InvalidBlock
	if !errors.As(err, &invalid) || invalid.Block != b.BlockID {
		l.fail("bad block (%s): %v", name, fmt.Sprint(err))
	}
	l.cut(1)
}
