package miner

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"
)

// testLedger returns a ledger at the genesis block.
func testLedger(t *testing.T) *ledger {
	t.Helper()
	params := chaincfg.SimNetParams()
	purse, err := openPurse(params)
	if err != nil {
		t.Fatal(err)
	}
	return newLedger(params, purse)
}

// blockOn returns a block that pays a reward to the purse and spends some of
// the coins that the ledger could spend.
func blockOn(t *testing.T, l *ledger, rng *rand.Rand) (chainhash.Hash, *wire.MsgBlock) {
	t.Helper()
	block := &wire.MsgBlock{Header: wire.BlockHeader{PrevBlock: l.tip(), Height: uint32(l.height() + 1), Nonce: rng.Uint32(), VoteBits: approve}}
	base := wire.NewMsgTx()
	base.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex, 0), 0, nil))
	base.AddTxOut(wire.NewTxOut(rng.Int64N(1e9), l.purse.pay))
	block.Transactions = append(block.Transactions, base)
	for c := range l.spendable {
		if len(block.Transactions) > 3 {
			break
		}
		if rng.IntN(3) != 0 || c.amount < 100_000 {
			continue
		}
		tx := wire.NewMsgTx()
		tx.AddTxOut(wire.NewTxOut(c.amount/2, l.purse.pay))
		if err := l.fund(tx, c); err != nil {
			t.Fatal(err)
		}
		block.Transactions = append(block.Transactions, tx)
	}
	return block.BlockHash(), block
}

// holdings returns the unspent coins of a ledger.
func holdings(l *ledger) map[wire.OutPoint]coin {
	out := make(map[wire.OutPoint]coin)
	for _, c := range l.coins {
		if !c.spent {
			out[c.op] = *c
		}
	}
	return out
}

// sameCoin compares coins by value.
func sameCoin(a, b coin) bool {
	return a.op == b.op && a.amount == b.amount && a.born == b.born && a.mature == b.mature && slices.Equal(a.script, b.script)
}

// TestCutUndoesConnect walks at random up and down the chain, and compares with a
// ledger that only ever went up. Now and then a block disapproves of another.
func TestCutUndoesConnect(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	l := testLedger(t)
	var hashes []chainhash.Hash
	var blocks []*wire.MsgBlock
	for range 300 {
		if len(blocks) > 0 && rng.IntN(3) == 0 {
			l.cut(l.height() - 1)
			hashes, blocks = hashes[:len(hashes)-1], blocks[:len(blocks)-1]
			continue
		}
		_, block := blockOn(t, l, rng)
		if rng.IntN(8) == 0 {
			block.Header.VoteBits = 0
		}
		hash := block.BlockHash()
		l.connect(hash, block)
		hashes, blocks = append(hashes, hash), append(blocks, block)
	}
	twin := testLedger(t)
	for i, block := range blocks {
		twin.connect(hashes[i], block)
	}
	if l.tip() != twin.tip() || l.height() != twin.height() {
		t.Fatalf("at %v, height %d, want %v, height %d", l.tip(), l.height(), twin.tip(), twin.height())
	}
	got, want := holdings(l), holdings(twin)
	if len(want) < 10 {
		t.Fatalf("only %d coins: the walk proves little", len(want))
	}
	if !maps.EqualFunc(got, want, sameCoin) {
		t.Errorf("%d coins, want the twin's %d", len(got), len(want))
	}
}

// TestSpendableIsMatureAndFree: a reward can be spent after its maturity, once.
func TestSpendableIsMatureAndFree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	l := testLedger(t)
	for range l.params.CoinbaseMaturity {
		if c := l.pick(0); c != nil {
			t.Fatalf("a coin of height %d can be spent at height %d", c.born, l.height()+1)
		}
		l.connect(blockOn(t, l, rng))
	}
	c := l.pick(0)
	if c == nil || c.born != 1 {
		t.Fatalf("%+v can be spent, want the first reward", c)
	}
	tx := wire.NewMsgTx()
	if err := l.fund(tx, c); err != nil {
		t.Fatal(err)
	}
	l.reserve(tx)
	if again := l.pick(0); again != nil {
		t.Errorf("a coin of height %d can be spent beside the one that waits", again.born)
	}
	l.await(nil)
	if l.pick(0) != c {
		t.Error("a coin whose spender is gone cannot be spent")
	}
}
