package wallet

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/remembered"
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
		err := x.Since(t.Context(), at, 1, chainBranches{w}, func(s Since) {
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

// TestSinceBelowWhatIsRemembered: the chain is left below the blocks that a wallet remembers
// without gaps. A client that goes on from a block of the left branch that it does not remember
// comes to know that a payment of that branch is gone.
func TestSinceBelowWhatIsRemembered(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	importScript(t, x, anyone(), 0)
	payment := w.pay(anyone(), 500)
	var at chainhash.Hash
	for h := 1; h <= remembered.Dense+50; h++ {
		regular := []*wire.MsgTx{w.coinbase(w.stranger(), 1)}
		if h == 20 {
			regular = append(regular, payment)
		}
		if b := w.mine(nil, regular, true); h == 30 {
			at = b.Hash
		}
	}
	w.sync(x, 1000)
	w.cut(len(w.main) - 11)
	for range remembered.Dense + 60 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	}
	w.sync(x, 1000)
	removed := false
	err := x.Since(t.Context(), at, 1, chainBranches{w}, func(s Since) {
		removed = len(s.Removed) == 1 && s.Removed[0].Hash == payment.TxHash() && s.Fork.Height <= 10
	}, func(*Transaction) bool { return true })
	if err != nil || !removed {
		t.Errorf("removed %v (%v)", removed, err)
	}
}

// TestSinceListsWhatASearchFinds: a client that has read the wallet at its tip goes on after an
// import, which finds payments in older blocks. They are listed until the client has gone on after
// the next block, and what is below the first of them is not.
func TestSinceListsWhatASearchFinds(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	block := func(txs ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.theirs, 1)}, txs...), true)
	}
	ours, more := w.stranger(), w.stranger()
	first, old, last := w.pay(ours, 1), w.pay(more, 2), w.pay(ours, 3)
	block(first)
	block(old)
	block(last)
	block()
	importScript(t, x, ours, 1)
	w.sync(x, 10)
	since := func(id consensus.BlockID) (list []chainhash.Hash, next consensus.BlockID) {
		t.Helper()
		err := x.Since(t.Context(), id.Hash, 1, nil, func(s Since) { next = s.Last }, func(tx *Transaction) bool {
			list = append(list, tx.Hash)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return list, next
	}
	_, at := since(consensus.BlockID{})
	importScript(t, x, more, 1)
	w.sync(x, 10)
	want := []chainhash.Hash{last.TxHash(), old.TxHash()}
	if list, _ := since(at); !slices.Equal(list, want) {
		t.Errorf("after the import: %v, want %v", list, want)
	}
	if list, _ := since(w.main[1].BlockID); !slices.Equal(list, want) {
		t.Errorf("since the first block: %v, want %v", list, want)
	}
	block()
	w.sync(x, 10)
	list, at := since(at)
	if !slices.Equal(list, want) {
		t.Errorf("after a block: %v, want %v", list, want)
	}
	if list, _ := since(at); len(list) > 0 {
		t.Errorf("since that block: %v", list)
	}
}

// TestSinceAfterACrash: a client reads a wallet up to blocks in which that found nothing, and the daemon
// is killed. Before the wallet has caught up again, more scripts are imported. The client
// goes on from the block that it was told of, and comes to know what they were paid below it.
func TestSinceAfterACrash(t *testing.T) {
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	other := []byte{txscript.OP_3, txscript.OP_DROP, txscript.OP_TRUE}
	payment := w.pay(other, 500)
	importScript(t, x, anyone(), 0)
	for _, txs := range [][]*wire.MsgTx{nil, {payment}, nil, nil} {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, txs...), true)
		w.sync(x, 100)
	}
	var last consensus.BlockID
	none := func(tx *Transaction) bool {
		t.Errorf("the wallet has %v", tx.Hash)
		return true
	}
	if err := x.Since(t.Context(), chainhash.Hash{}, 1, chainBranches{w}, func(s Since) { last = s.Last }, none); err != nil || last != w.tip().BlockID {
		t.Fatalf("read up to %v, %v, want %v", last, err, w.tip().BlockID)
	}
	raw, err := os.ReadFile(x.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "killed.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	y, err := Open(testConfig(path, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	importScript(t, y, other, 0)
	w.sync(y, 100)
	listed := false
	if err := y.Since(t.Context(), last.Hash, 1, chainBranches{w}, func(Since) {}, func(tx *Transaction) bool {
		listed = listed || tx.Hash == payment.TxHash()
		return true
	}); err != nil || !listed {
		t.Errorf("listed %v, %v", listed, err)
	}
}
