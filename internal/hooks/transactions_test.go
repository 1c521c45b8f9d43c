package hooks

import (
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// TestTransactionsAreNotifiedOnce checks for which transactions of successive reads the command runs.
func TestTransactionsAreNotifiedOnce(t *testing.T) {
	hash := func(n byte) chainhash.Hash { return chainhash.Hash{n} }
	tx := func(n, block byte) *wallet.Transaction { // the number of a block is also its height
		return &wallet.Transaction{Hash: hash(n), Block: hash(block), Place: wallet.Place{Height: consensus.Height(block)}}
	}
	var n notified
	for i, step := range []struct {
		recent []*wallet.Transaction // newest first
		want   []chainhash.Hash
	}{
		{[]*wallet.Transaction{tx(2, 0), tx(6, 8), tx(1, 7)}, []chainhash.Hash{hash(6)}}, // what is there at height 7, and what is newer
		{[]*wallet.Transaction{tx(2, 0), tx(1, 7)}, nil},
		{[]*wallet.Transaction{tx(4, 0), tx(3, 0), tx(2, 8), tx(1, 7)}, []chainhash.Hash{hash(2), hash(3), hash(4)}},
		{[]*wallet.Transaction{tx(3, 0), tx(2, 0), tx(3, 0)}, []chainhash.Hash{hash(2)}}, // of two wallets; one is deep now
		{nil, nil},
		{[]*wallet.Transaction{tx(5, 9)}, []chainhash.Hash{hash(5)}},
	} {
		if got := n.update(step.recent, 7); !slices.Equal(got, step.want) {
			t.Errorf("step %d: got %v, want %v", i, got, step.want)
		}
	}
}
