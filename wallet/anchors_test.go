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

// TestOnlyNewBehind: a wallet at 5 imports an address for blocks after 10, which the chain then
// leaves at 7. What the blocks of the other branch up to 10 pay the address counts, though it was
// not looked for: only with its own block 10 does the wallet find that the other one is left.
func TestOnlyNewBehind(t *testing.T) {
	for _, limit := range []int{1, 2, 20} {
		w := newWorld(t, 1)
		x := openTest(t, Birthday{})
		if err := x.ImportScript(t.Context(), w.stranger(), nil); err != nil { // so that it follows the chain
			t.Fatal(err)
		}
		grow := func(n int, pay []byte) {
			for range n {
				w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), w.pay(pay, 1)}, true)
			}
		}
		pay := w.stranger()
		grow(5, pay)
		w.sync(x, limit)
		grow(5, pay)
		if err := x.ImportScript(t.Context(), pay, &Birthday{After: w.tip().BlockID}); err != nil {
			t.Fatal(err)
		}
		w.cut(3)
		grow(6, pay)
		w.sync(x, limit)
		b, err := x.Balances(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		// It knows no fork above the block at which it stood.
		if total := b.Accounts[len(b.Accounts)-1].Total; total != 8 {
			t.Errorf("steps of %d: total %d, want that of the blocks 6 to 13", limit, total)
		}
	}
}
