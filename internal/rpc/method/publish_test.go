package method

import (
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
)

// TestEstimate checks that the fee follows from policy unless blocks were full,
// and that the source says which.
func TestEstimate(t *testing.T) {
	params := chaincfg.MainNetParams()
	limit := params.MaximumBlockSizes[0]
	empty := spv.BlockFees{Size: limit / 2, Txs: 100, Lowest: 5e4, Median: 9e4}
	full := spv.BlockFees{Size: limit - 1000, Txs: 900, Lowest: 3e4, Median: 7e4}
	cheap := spv.BlockFees{Size: limit, Txs: 900, Lowest: 100, Median: 200}
	coinbase := spv.BlockFees{Size: limit}
	for _, c := range []struct {
		name  string
		seen  []spv.BlockFees
		least bool
		rate  api.Amount
		full  int
		from  string
	}{
		{"nothing seen", nil, false, 1e4, 0, "the least that nodes relay; 0 of the newest 144 blocks were seen, and 0 of those were full"},
		{"room in all", []spv.BlockFees{empty, empty}, false, 1e4, 0, "the least that nodes relay; 2 of the newest 144 blocks were seen, and 0 of those were full"},
		{"one full", []spv.BlockFees{empty, full}, false, 7e4, 1, "what was paid in full blocks: 2 of the newest 144 blocks were seen, and 1 of those were full"},
		{"one full, least", []spv.BlockFees{full}, true, 3e4, 1, "what was paid in full blocks: 1 of the newest 144 blocks were seen, and 1 of those were full"},
		{"never below policy", []spv.BlockFees{cheap, coinbase}, false, 1e4, 1, "the least that nodes relay; 2 of the newest 144 blocks were seen, and 1 of those were full"},
	} {
		got := estimate(params, c.seen, c.least)
		if got.FeeRate != c.rate || got.FullBlocks != c.full || got.SeenBlocks != len(c.seen) || got.Source != c.from {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// TestHighFee checks what counts as a mistake.
func TestHighFee(t *testing.T) {
	pays := func(in, out int64) *wire.MsgTx {
		tx := wire.NewMsgTx()
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{}, in, nil))
		tx.AddTxOut(wire.NewTxOut(out, []byte{0x51}))
		return tx
	}
	for _, c := range []struct {
		in, out int64
		high    bool
	}{
		{1e8, 1e8 - 1e4, false}, {1e8, 0, true}, {1e8, 1e8 - 2e6, true}, {wire.NullValueIn, 0, false}, {0, 1e8, false}, {1e8, 2e8, false},
	} {
		if _, high := paysHighFee(pays(c.in, c.out)); high != c.high {
			t.Errorf("in %d, out %d: high is %v", c.in, c.out, high)
		}
	}
}
