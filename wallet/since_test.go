package wallet

import (
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// TestSinceRepeated: a block repeats a payment of a block that the wallet does not count, and
// leaves the chain. Then the wallet comes to count the first one. Clients that have read the
// wallet before, and know the payment in either block, come to know it in the first.
func TestSinceRepeated(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	block := func(txs ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), true)
	}
	payment := w.pay(anyone(), 500)
	block()
	block(payment)
	for range 8 {
		block()
	}
	importScript(t, x, anyone(), 5)
	w.sync(x, 100)
	old := w.tip().BlockID
	block(payment)
	w.sync(x, 100)
	repeated := w.tip().BlockID
	w.cut(1)
	block()
	w.sync(x, 100)
	importScript(t, x, anyone(), 1)
	w.sync(x, 100)
	for _, at := range []chainhash.Hash{old.Hash, repeated.Hash} {
		var removed, listed bool
		err := x.Since(t.Context(), at, 1, store{w}, func(s Since) {
			removed = len(s.Removed) == 1 && s.Removed[0].Hash == payment.TxHash() && s.Fork == old
		}, func(tx *Transaction) bool {
			listed = listed || tx.Hash == payment.TxHash() && tx.Place.Height == 2
			return true
		})
		if err != nil || !removed || !listed {
			t.Errorf("since %v: removed %v, listed %v (%v)", at, removed, listed, err)
		}
	}
}
