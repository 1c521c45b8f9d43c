package consensus

import (
	"testing"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/wire"
)

// someTx returns a transaction that differs from all with another number.
func someTx(n uint32) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.LockTime = n
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: n}, 1, []byte{byte(n)}))
	tx.AddTxOut(wire.NewTxOut(int64(n), []byte{byte(n), 2}))
	return tx
}

// someBlock returns a block with the given numbers of transactions that
// commits to them as blocks of its height do, and its header.
func someBlock(t *testing.T, p *Params, height Height, regular, stake int) (*wire.MsgBlock, *Header) {
	t.Helper()
	b := &wire.MsgBlock{Header: p.ChainParams.GenesisBlock.Header}
	for i := range regular {
		if err := b.AddTransaction(someTx(uint32(i))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range stake {
		if err := b.AddSTransaction(someTx(uint32(1000 + i))); err != nil {
			t.Fatal(err)
		}
	}
	b.Header.Height = uint32(height)
	if height >= p.DCP0005 {
		b.Header.MerkleRoot = standalone.CalcCombinedTxTreeMerkleRoot(b.Transactions, b.STransactions)
		b.Header.StakeRoot = mustHash("1234")
	} else {
		b.Header.MerkleRoot = standalone.CalcTxTreeMerkleRoot(b.Transactions)
		b.Header.StakeRoot = standalone.CalcTxTreeMerkleRoot(b.STransactions)
	}
	h := headerOf(&b.Header)
	return b, &h
}

func TestBlocksPass(t *testing.T) {
	p := MainNet()
	for _, height := range []Height{1, p.DCP0005 - 1, p.DCP0005, p.DCP0005 + 1} {
		for _, n := range [][2]int{{1, 0}, {1, 5}, {2, 1}, {7, 8}, {16, 3}} {
			b, h := someBlock(t, p, height, n[0], n[1])
			if err := CheckBlock(p, h, b); err != nil {
				t.Errorf("%d and %d transactions: %v", n[0], n[1], err)
			}
		}
	}
}

func TestGenesisBlocksPass(t *testing.T) {
	for _, p := range []*Params{MainNet(), TestNet3(), SimNet()} {
		h := p.Genesis()
		if err := CheckBlock(p, &h, p.ChainParams.GenesisBlock); err != nil {
			t.Errorf("%s: %v", p.ChainParams.Name, err)
		}
		forged := *p.ChainParams.GenesisBlock
		forged.Transactions = []*wire.MsgTx{someTx(1)}
		wantRule(t, CheckBlock(p, &h, &forged), RuleMerkleRoot)
		forged = *p.ChainParams.GenesisBlock
		forged.STransactions = []*wire.MsgTx{someTx(1)}
		wantRule(t, CheckBlock(p, &h, &forged), RuleMerkleRoot)
	}
}

func TestForgedBlocksAreRefused(t *testing.T) {
	p := MainNet()
	for _, tt := range []struct {
		name  string
		forge func(b *wire.MsgBlock)
		want  Rule
	}{
		{"other header", func(b *wire.MsgBlock) { b.Header.Nonce++ }, RuleBlockHeader},
		{"other output", func(b *wire.MsgBlock) { b.Transactions[1].TxOut[0].Value++ }, RuleMerkleRoot},
		{"other signature", func(b *wire.MsgBlock) { b.Transactions[1].TxIn[0].SignatureScript[0]++ }, RuleMerkleRoot},
		{"other stake transaction", func(b *wire.MsgBlock) { b.STransactions[2].TxOut[0].PkScript[0]++ }, RuleMerkleRoot},
		{"missing", func(b *wire.MsgBlock) { b.Transactions = b.Transactions[:2] }, RuleMerkleRoot},
		{"no stake transactions", func(b *wire.MsgBlock) { b.STransactions = nil }, RuleMerkleRoot},
		{"in another order", func(b *wire.MsgBlock) { x := b.Transactions; x[0], x[1] = x[1], x[0] }, RuleMerkleRoot},
		{"trees exchanged", func(b *wire.MsgBlock) { b.Transactions, b.STransactions = b.STransactions, b.Transactions }, RuleMerkleRoot},
		{"last repeated", func(b *wire.MsgBlock) { b.Transactions = append(b.Transactions, b.Transactions[2]) }, RuleMerkleRoot},
		{"last stake transaction repeated", func(b *wire.MsgBlock) { b.STransactions = append(b.STransactions, b.STransactions[2]) }, RuleMerkleRoot},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, height := range []Height{p.DCP0005 - 1, p.DCP0005} {
				b, h := someBlock(t, p, height, 3, 3)
				tt.forge(b)
				wantRule(t, CheckBlock(p, h, b), tt.want)
			}
		})
	}
}
