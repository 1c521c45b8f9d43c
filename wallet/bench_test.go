package wallet

import (
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
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
			x.store.DB.NoSync = !sync
			importTest(b, x, "a", 1, AccountOptions{Gap: 200})
			for b.Loop() {
				b.StopTimer()
				u := chain.Update{Applied: headersOnly(b, x.steps.Locator()[0], 2000), More: true}
				b.StartTimer()
				if grown, err := x.applier.Apply(b.Context(), u); grown || err != nil {
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
	pays := derived(b, 1, hd.External, 20)
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

// BenchmarkOwnInputs measures the scan of two blocks with 1,000 transactions each. Those
// of the first pay the wallet. Those of the second pay it again, or spend what it got, which
// takes the check of 1,000 signatures, or do so in the wallet's books without that: spends
// of an output that needs no signature.
func BenchmarkOwnInputs(b *testing.B) {
	const each = 1000
	own := derived(b, 1, hd.External, 1)[0]
	for _, kind := range []string{"payments", "spends", "signed"} {
		b.Run(kind, func(b *testing.B) {
			w := newWorld(b, 1)
			w.ours = [][]byte{own}
			from := own
			if kind == "spends" {
				from = anyone()
			}
			block := func(of func(i int) *wire.MsgTx) []*wire.MsgTx {
				txs := []*wire.MsgTx{w.coinbase(w.stranger(), 1)}
				for i := range each {
					txs = append(txs, of(i))
				}
				w.mine(nil, txs, true)
				return txs[1:]
			}
			paid := block(func(int) *wire.MsgTx { return w.pay(from, 1000) })
			block(func(i int) *wire.MsgTx {
				if kind == "payments" {
					return w.pay(from, 1000)
				}
				return spend([]wire.OutPoint{{Hash: paid[i].TxHash()}}, wire.NewTxOut(900, w.theirs))
			})
			for b.Loop() {
				b.StopTimer()
				x := openTest(b, Birthday{})
				x.store.DB.NoSync = true
				if err := x.ImportScript(b.Context(), from, nil); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				w.sync(x, 10)
			}
		})
	}
}
