package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/replay"
)

// The codes of what abandontransaction refuses.
const (
	codeNoTransaction = -5
	codeIsMined       = -4
)

// unknownHere is why abandontransaction refuses what the wallet does not know.
const unknownHere = "no such transaction in this wallet; run: spvctl history"

// abandonment: what can never be mined is published and given up, in one wallet
// after the other, and everything is as if it had never been.
func (s *story) abandonment() {
	s.mineRewards(1)
	s.agree("before something is given up")
	coin := s.coin(s.T, s.a, spending, coinOf/2) // of both wallets
	stuck := s.stuck(coin, 30)
	change := replay.Coin{Op: wire.OutPoint{Hash: stuck.TxHash(), Index: 1}, Script: stuck.TxOut[1].PkScript, Amount: stuck.TxOut[1].Value}
	child := s.pay(s.T, change, s.script(s.T, savings, keys.External, 40), change.Amount/2, s.script(s.T, spending, keys.Internal, 31))
	publish(s.T, s.daemon, stuck)
	publish(s.T, s.daemon, child)
	s.mine(2)
	s.agreeOnMined("something is stuck", stuck, child)
	mirrored := s.daemon.Wallet(mirror)
	for _, d := range []teller{s.daemon, mirrored} {
		s.counts(d, stuck, true)
		s.counts(d, child, true)
	}

	s.call("abandontransaction", stuck.TxHash().String())
	s.counts(s.daemon, stuck, false)
	s.counts(s.daemon, child, false)
	sameBooks(s.T, "given up in one wallet", s.daemon, s.a, s.book(s.T, s.a))
	s.counts(mirrored, stuck, true)
	awaitOutcome(s.T, s.daemon, stuck, "offered")
	if err := mirrored.Call(s.Context(), "abandontransaction", nil, stuck.TxHash().String()); err != nil {
		s.Fatal(err)
	}
	s.agree("given up in both wallets")
	awaitOutcome(s.T, s.daemon, stuck, "dropped")
	awaitOutcome(s.T, s.daemon, child, "dropped")

	s.refuses(stuck.TxHash(), codeNoTransaction, unknownHere)
	s.refuses(child.TxHash(), codeNoTransaction, unknownHere)
	s.refuses(chainhash.HashH([]byte("nobody's")), codeNoTransaction, unknownHere)
	s.refuses(coin.Op.Hash, codeIsMined, fmt.Sprintf("transaction is mined, at height %d", s.heightOf(coin.Op.Hash)))

	stopDaemon(s.T, s.daemon)
	s.start()
	s.agree("started after something was given up")
	send(s.T, s.a, s.pay(s.T, coin, s.script(s.T, savings, keys.External, 41), coinOf/5, s.script(s.T, spending, keys.Internal, 32)))
	s.mine(1)
	s.agree("what was given up is spent otherwise")
}

// stuck returns a transaction that spends a coin, and an output that exists nowhere:
// a node that gets it waits for that output in vain.
func (s *story) stuck(coin replay.Coin, change int) *wire.MsgTx {
	s.Helper()
	key := s.newKey("nobody")
	s.ring.Add(key)
	nowhere := replay.Coin{Op: wire.OutPoint{Hash: chainhash.HashH([]byte("nowhere"))}, Script: key.Script(), Amount: coinOf}
	tx := wire.NewMsgTx()
	from := []replay.Coin{coin, nowhere}
	for i := range from {
		tx.AddTxIn(wire.NewTxIn(&from[i].Op, from[i].Amount, nil))
	}
	tx.AddTxOut(wire.NewTxOut(coinOf, scriptOf(s.T, "a shop")))
	tx.AddTxOut(wire.NewTxOut(coin.Amount-holderFee, s.script(s.T, spending, keys.Internal, change)))
	s.sign(s.T, tx, from...)
	return tx
}

// counts wants a wallet to list a transaction as unmined, or not to know it.
func (s *story) counts(d teller, tx *wire.MsgTx, want bool) {
	s.Helper()
	var got shown
	err := d.Call(s.Context(), "gettransaction", &got, tx.TxHash().String())
	if r := refusalOf(err); want && (err != nil || !isUnconfirmed(&got)) || !want && (r == nil || r.Code != codeNoTransaction) {
		s.Errorf("%s should count: %v, but %+v, %v", tx.TxHash(), want, got, err)
	}
}

// refuses wants abandontransaction to be refused, with these words, and to change
// nothing.
func (s *story) refuses(hash chainhash.Hash, code int, because string) {
	s.Helper()
	err := s.daemon.Call(s.Context(), "abandontransaction", nil, hash.String())
	want := fmt.Sprintf("abandon transaction %s: %s", hash, because)
	if r := refusalOf(err); r == nil || r.Code != code || r.Message != want {
		s.Errorf("abandontransaction %s: %v, want %q (code %d)", hash, err, want, code)
	}
	s.agree("abandontransaction was refused")
}

// heightOf returns the height of the block that holds a transaction.
func (s *story) heightOf(hash chainhash.Hash) int {
	s.Helper()
	for height, block := range s.chain(s.T, s.a) {
		for _, tx := range block.Transactions {
			if tx.TxHash() == hash {
				return height
			}
		}
		for _, tx := range block.STransactions {
			if tx.TxHash() == hash {
				return height
			}
		}
	}
	s.Fatalf("%s is in no block", hash)
	return 0
}

// awaitOutcome waits until listpublished shows an outcome of a transaction.
func awaitOutcome(t *testing.T, d teller, tx *wire.MsgTx, want string) {
	t.Helper()
	ctx := deadline(t)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var list []published
		if err := d.Call(ctx, "listpublished", &list); err != nil {
			t.Fatal(err)
		}
		outcome := "nothing"
		for _, p := range list {
			if p.TxID == tx.TxHash().String() {
				outcome = p.Outcome
			}
		}
		if outcome == want {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s is %s, want %s", tx.TxHash(), outcome, want)
		}
	}
}
