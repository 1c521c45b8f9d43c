package wallet

import (
	"testing"

	"github.com/decred/dcrd/wire"
)

// TestOnlyNewAfterALeftBlock: an address is imported for new blocks only, which are those
// after a block that the wallet has left by then. Its birthday falls to the fork, so that a
// payment of the block beside it counts.
func TestOnlyNewAfterALeftBlock(t *testing.T) {
	for _, higher := range []int{0, 3} { // how many blocks the wallet is above that block
		w := newWorld(t, 1)
		x := openTest(t, Birthday{})
		if err := x.ImportScript(t.Context(), w.stranger(), nil); err != nil { // so that it follows the chain
			t.Fatal(err)
		}
		for range 10 {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
		}
		w.sync(x, 5)
		left := w.tip().BlockID
		pay := w.stranger()
		w.cut(1)
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), w.pay(pay, 7)}, true)
		for range higher {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
		}
		w.sync(x, 5)
		after := Birthday{After: left}
		if err := x.ImportScript(t.Context(), pay, &after); err != nil {
			t.Fatal(err)
		}
		w.sync(x, 5)
		for range 2 {
			w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
			w.sync(x, 5)
		}
		b, err := x.Balances(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if total := b.Accounts[len(b.Accounts)-1].Total; total != 7 {
			t.Errorf("%d blocks above: total %d, want 7", higher, total)
		}
	}
}
