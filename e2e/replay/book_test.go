package replay

import (
	"encoding/json"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// script returns the script that pays to a hash of one repeated byte.
func script(n byte) []byte {
	s := []byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}
	for range 20 {
		s = append(s, n)
	}
	return append(s, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// tx returns a transaction that spends outputs.
func tx(outs []*wire.TxOut, ops ...wire.OutPoint) *wire.MsgTx {
	m := wire.NewMsgTx()
	for _, op := range ops {
		m.AddTxIn(wire.NewTxIn(&op, 0, nil))
	}
	m.TxOut = outs
	return m
}

func pay(value int64, script []byte) *wire.TxOut { return wire.NewTxOut(value, script) }

func outs(list ...*wire.TxOut) []*wire.TxOut { return list }

// from names an output of a transaction.
func from(m *wire.MsgTx, index uint32) wire.OutPoint {
	return wire.OutPoint{Hash: m.TxHash(), Index: index}
}

// reward returns a block reward.
func reward(value int64, script []byte) *wire.MsgTx {
	return tx(outs(pay(value, script)), wire.OutPoint{Index: wire.MaxPrevOutIndex})
}

// chainOf returns a chain of blocks with the given regular and stake transactions,
// and whether each approves of the one before.
func chainOf(blocks ...*wire.MsgBlock) []*wire.MsgBlock {
	chain := []*wire.MsgBlock{{}}
	for i, b := range blocks {
		b.Header.Height = uint32(i + 1)
		chain = append(chain, b)
	}
	return chain
}

func block(approves uint16, regular []*wire.MsgTx, stakes ...*wire.MsgTx) *wire.MsgBlock {
	return &wire.MsgBlock{Header: wire.BlockHeader{VoteBits: approves}, Transactions: regular, STransactions: stakes}
}

// watching returns an account with so many external addresses, of which the first
// is script(1).
func watching(n int) *Watch {
	a := &Account{Name: "a"}
	for i := range n {
		a.Branches[0] = append(a.Branches[0], Address{Address: "ext", Script: script(byte(i + 1))})
	}
	a.Branches[Internal] = []Address{{Address: "int", Script: script(200)}}
	return &Watch{Accounts: []*Account{a}}
}

// TestBookOfAKnownChain reads a chain whose meaning is worked out by hand.
func TestBookOfAKnownChain(t *testing.T) {
	stranger := wire.OutPoint{Hash: chainhash.Hash{9}}
	first := tx(outs(pay(1000, script(1))), stranger)
	second := tx(outs(pay(300, script(250)), pay(650, script(200))), from(first, 0)) // 50 is the fee
	void := tx(outs(pay(7777, script(2))), wire.OutPoint{Hash: chainhash.Hash{8}})
	b := Read(chainOf(
		block(1, []*wire.MsgTx{reward(50, script(1)), first}),
		block(1, []*wire.MsgTx{reward(50, script(250)), second}),
		block(1, []*wire.MsgTx{reward(50, script(250)), void}),
		block(0, []*wire.MsgTx{reward(50, script(250))}),
	), watching(5))

	got := b.Balances(1).Accounts[0]
	want := Balance{AccountName: "a", ImmatureCoinbase: 50, Spendable: 650, Total: 700}
	if got != want {
		t.Errorf("balance %+v, want %+v", got, want)
	}
	if got := b.Balances(4).Accounts[0]; got.Unconfirmed != 650 || got.Spendable != 0 {
		t.Errorf("with four confirmations: %+v", got)
	}
	txs := b.Transactions()
	if len(txs) != 3 || txs[0].TxID != second.TxHash().String() || txs[0].Amount != -350 || *txs[0].Fee != -50 {
		t.Errorf("history %+v", txs)
	}
	lines := b.Lines(1)
	if len(lines) != 1 || lines[0].Category != "send" || lines[0].Amount != -300 || lines[0].Confirmations != 3 {
		t.Errorf("lines above block 1: %+v", lines)
	}
	if sum := b.ReceivedBy("a", 1); sum != 1700 {
		t.Errorf("received %d, want 1700", sum)
	}
	if list := b.Unspent(1); len(list) != 1 || list[0].Amount != 650 || list[0].Address != "int" {
		t.Errorf("unspent %+v", list)
	}
}

// TestGapIsFoundInAnyOrder: what is behind the first window counts, although it is
// paid first; what is behind any gap does not.
func TestGapIsFoundInAnyOrder(t *testing.T) {
	var blocks []*wire.MsgBlock
	for i, index := range []byte{60, 38, 19} {
		op := wire.OutPoint{Hash: chainhash.Hash{byte(i + 1)}}
		blocks = append(blocks, block(1, []*wire.MsgTx{reward(1, script(250)), tx(outs(pay(int64(index), script(index+1))), op)}))
	}
	if got := Read(chainOf(blocks...), watching(80)).Balances(1).Spendable; got != 19+38 {
		t.Errorf("spendable %d, want 57", got)
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]Amount{"1": 1e8, "0.00000001": 1, "-2.5": -25e7, "1e-08": 1, "21000000.00000001": 2100000000000001} {
		var got Amount
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s coins are %d atoms (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0.000000001", `"1"`, "1e20"} {
		var got Amount
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is taken for %d atoms", text, got)
		}
	}
}
