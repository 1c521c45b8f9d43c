package wallet

import (
	"testing"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/ledger"
)

// fillOfMined returns how much of the leaves of the mined bucket is in use, 0 to 1.
func fillOfMined(t *testing.T, x *Wallet) float64 {
	t.Helper()
	var fill float64
	err := x.store.DB.View(func(tx *bolt.Tx) error {
		s := tx.Bucket(ledger.MinedBucket).Stats()
		fill = float64(s.LeafInuse) / float64(s.LeafAlloc)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fill
}

// TestMinedTransactionsFillTheirPages: the transactions of blocks that are applied one by
// one, or many at once, leave little of the pages empty that they are stored in.
func TestMinedTransactionsFillTheirPages(t *testing.T) {
	for _, step := range []int{1, 100} {
		w := newWorld(t, 1)
		w.unsigned = true
		x := openTest(t, Birthday{})
		if err := x.ImportScript(t.Context(), anyone(), nil); err != nil {
			t.Fatal(err)
		}
		for range 400 {
			txs := []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(anyone(), 100), w.pay(anyone(), 50)}
			w.mine(nil, txs, true)
		}
		w.sync(x, step)
		fill := fillOfMined(t, x)
		t.Logf("steps of %d blocks: %.0f %%", step, 100*fill)
		if fill < 0.8 {
			t.Errorf("steps of %d blocks: %.0f %% of the pages are in use", step, 100*fill)
		}
	}
}
