package wallet

import (
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// headersOnly returns n blocks on top of one.
func headersOnly(b testing.TB, on consensus.BlockID, n int) []chain.Block {
	blocks := make([]chain.Block, n)
	for i := range blocks {
		h := wire.BlockHeader{PrevBlock: on.Hash, Height: uint32(on.Height) + 1, VoteBits: 1}
		raw, err := h.Bytes()
		if err != nil {
			b.Fatal(err)
		}
		header := consensus.Header(raw)
		on = consensus.BlockID{Height: on.Height + 1, Hash: header.Hash()}
		blocks[i] = chain.Block{BlockID: on, Header: header}
	}
	return blocks
}

// BenchmarkApplyUnmatched measures an update of 2,000 blocks none of which
// matched, with and without the file being synced to the disk.
func BenchmarkApplyUnmatched(b *testing.B) {
	for _, sync := range []bool{false, true} {
		name := "memory"
		if sync {
			name = "disk"
		}
		b.Run(name, func(b *testing.B) {
			x := openTest(b, Birthday{})
			x.db.NoSync = !sync
			importTest(b, x, "a", 1, AccountOptions{Gap: 200})
			for b.Loop() {
				b.StopTimer()
				u := chain.Update{Applied: headersOnly(b, x.Locator()[0], 2000), More: true}
				b.StartTimer()
				if grown, err := x.Apply(b.Context(), u); grown || err != nil {
					b.Fatal(grown, err)
				}
			}
		})
	}
}

// BenchmarkBalances measures the balances of a wallet with 1,000 unspent
// outputs.
func BenchmarkBalances(b *testing.B) {
	w := newWorld(b, 1)
	x := openTest(b, Birthday{})
	importTest(b, x, "a", 1, AccountOptions{})
	pays := derived(b, 1, External, 20)
	for i := range 100 {
		regular := []*wire.MsgTx{w.coinbase(w.stranger(), 1)}
		for range 10 {
			regular = append(regular, w.pay(pays[i%20], 100))
		}
		w.mine(nil, regular, true)
	}
	w.sync(x, 1000)
	for b.Loop() {
		if _, err := x.Balances(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
	}
}
