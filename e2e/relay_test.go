package e2e

import (
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/node"
)

// spender has a key that a daemon watches the address of.
type spender struct {
	t      *testing.T
	priv   []byte
	script []byte
}

func newSpender(t *testing.T) *spender {
	t.Helper()
	s := &spender{t: t, priv: chainhash.HashB([]byte("somebody who is watched"))}
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(s.pub()), chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, s.script = addr.PaymentScript()
	return s
}

func (s *spender) pub() []byte {
	return secp256k1.PrivKeyFromBytes(s.priv).PubKey().SerializeCompressed()
}

// spend returns a signed transaction that spends an output of the key but for a
// fee, and pays part of it back.
func (s *spender) spend(from chainhash.Hash, index uint32, amount, back int64) *wire.MsgTx {
	s.t.Helper()
	const fee = 20_000
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&from, index, wire.TxTreeRegular), amount, nil))
	tx.AddTxOut(wire.NewTxOut(amount-back-fee, scriptOf(s.t, "somebody")))
	tx.AddTxOut(wire.NewTxOut(back, s.script))
	sig, err := sign.SignatureScript(tx, 0, s.script, txscript.SigHashAll, s.priv, dcrec.STEcdsaSecp256k1, true)
	if err != nil {
		s.t.Fatal(err)
	}
	tx.TxIn[0].SignatureScript = sig
	return tx
}

// shown is what gettransaction shows of a transaction.
type shown struct {
	Confirmations   int64    `json:"confirmations"`
	WalletConflicts []string `json:"walletconflicts"`
	Publishing      *published
}

// published is what listpublished shows.
type published struct {
	TxID      string `json:"txid"`
	Outcome   string `json:"outcome"`
	Own       bool   `json:"own"`
	OfferedTo int    `json:"offeredto"`
	FetchedBy int    `json:"fetchedby"`
}

// awaitTx waits until a transaction is known to a daemon's wallet and shows as it
// should.
func awaitTx(t *testing.T, d *daemon.Daemon, hash chainhash.Hash, what string, is func(*shown) bool) shown {
	t.Helper()
	ctx := deadline(t)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var tx shown
		err := d.Call(ctx, "gettransaction", &tx, hash.String())
		if err == nil && is(&tx) {
			return tx
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s is not %s: %+v, %v", hash, what, tx, err)
		}
	}
}

func isUnconfirmed(tx *shown) bool { return tx.Confirmations == 0 }
func isConfirmed(tx *shown) bool   { return tx.Confirmations > 0 }

// awaitPool waits until a transaction is in a node's mempool.
func awaitPool(t *testing.T, n *node.Node, hash chainhash.Hash) {
	t.Helper()
	ctx := deadline(t)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var ids []string
		if err := n.Call(ctx, "getrawmempool", &ids); err != nil {
			t.Fatalf("%s is not in the mempool: %v\n%s", hash, err, n.Output())
		}
		if slices.Contains(ids, hash.String()) {
			return
		}
		<-tick.C
	}
}

// publish publishes a transaction through a daemon.
func publish(t *testing.T, d *daemon.Daemon, tx *wire.MsgTx) {
	t.Helper()
	raw, err := tx.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var id string
	if err := d.Call(deadline(t), "sendrawtransaction", &id, hex.EncodeToString(raw)); err != nil {
		t.Fatal(err)
	}
	if id != tx.TxHash().String() {
		t.Fatalf("sendrawtransaction answers %s, the hash is %s", id, tx.TxHash())
	}
}

// confirmedBalance returns the spendable coins of a daemon's wallet.
func confirmedBalance(t *testing.T, d *daemon.Daemon) float64 {
	t.Helper()
	var b struct {
		Spendable float64 `json:"totalspendable"`
	}
	if err := d.Call(deadline(t), "getbalance", &b); err != nil {
		t.Fatal(err)
	}
	return b.Spendable
}

// testRelay: payments show before they are mined, a transaction that is sent
// through the daemon reaches the node and is mined, and neither a restart, nor a
// reorganisation, nor a double spend confuses it.
func (s *stage) testRelay(t *testing.T) {
	a, b := s.newNode(t), s.newNode(t)
	minerA := s.newMiner(t, a)
	who := newSpender(t)
	dir := t.TempDir()
	d := s.startDaemon(t, dir, a.Addr())
	awaitTip(t, d, a)

	// A payment that the node has before its key is imported shows at once, and its amount
	// is not confirmed.
	const amount = 5_000_000
	paid, err := minerA.Pay(t.Context(), who.script, amount)
	if err != nil {
		t.Fatal(err)
	}
	awaitPool(t, a, paid)
	if err := d.Call(deadline(t), "importpubkey", nil, hex.EncodeToString(who.pub())); err != nil {
		t.Fatal(err)
	}
	awaitTx(t, d, paid, "unconfirmed", isUnconfirmed) // a new connection is made for it
	if got := confirmedBalance(t, d); got != 0 {
		t.Errorf("an unconfirmed payment makes %v spendable", got)
	}

	// It is still there after a restart, and then it is mined.
	stopDaemon(t, d)
	d = s.startDaemon(t, dir, a.Addr())
	awaitTx(t, d, paid, "unconfirmed after a restart", isUnconfirmed)
	awaitTip(t, d, a)
	extend(t, minerA, 1)
	awaitTx(t, d, paid, "confirmed", isConfirmed)

	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, b, a) // its miner spends the same coins otherwise
	if err := a.Unlink(t.Context(), b); err != nil {
		t.Fatal(err)
	}

	// A transaction that is sent through the daemon reaches the node and is mined.
	first := who.spend(paid, 0, amount, 3_000_000)
	publish(t, d, first)
	awaitPool(t, a, first.TxHash())
	tx := awaitTx(t, d, first.TxHash(), "fetched", func(tx *shown) bool {
		return isUnconfirmed(tx) && tx.Publishing != nil && tx.Publishing.FetchedBy == 1
	})
	if p := tx.Publishing; !p.Own || p.Outcome != "offered" || p.OfferedTo != 1 {
		t.Errorf("published: %+v", *p)
	}
	extend(t, minerA, 1)
	awaitTx(t, d, first.TxHash(), "mined", func(tx *shown) bool {
		return isConfirmed(tx) && tx.Publishing != nil && tx.Publishing.Outcome == "mined"
	})
	s.testRejections(t, d, first)

	// The chain is left for one without it. It is unmined again, and mined again.
	minerB := s.newMiner(t, b)
	extend(t, minerB, 2)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, a, b)
	awaitTip(t, d, a)
	awaitTx(t, d, first.TxHash(), "unmined after the reorganisation", isUnconfirmed)
	awaitPool(t, a, first.TxHash())
	extend(t, minerA, 2)
	awaitTx(t, d, first.TxHash(), "confirmed again", isConfirmed)
	agree(t, b, a)

	// The other node mines a double spend.
	if err := a.Unlink(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	change := first.TxHash()
	rival := who.spend(change, 1, 3_000_000, 1_000_000)
	loser := who.spend(change, 1, 3_000_000, 2_000_000)
	publish(t, d, loser)
	awaitPool(t, a, loser.TxHash())
	raw, err := rival.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Call(t.Context(), "sendrawtransaction", nil, hex.EncodeToString(raw)); err != nil {
		t.Fatal(err)
	}
	extend(t, minerB, 2)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, a, b)
	tx = awaitTx(t, d, rival.TxHash(), "confirmed", isConfirmed)
	if !slices.Equal(tx.WalletConflicts, []string{loser.TxHash().String()}) {
		t.Errorf("conflicts of the double spend: %v", tx.WalletConflicts)
	}
	var refusal *daemon.Refusal
	err = d.Call(deadline(t), "gettransaction", nil, loser.TxHash().String())
	if !errors.As(err, &refusal) || refusal.Code != -5 {
		t.Errorf("asked for what was double spent: %v", err)
	}
	if got := confirmedBalance(t, d); got != 0.01 {
		t.Errorf("%v spendable, want 0.01", got)
	}
}

// testRejections: what cannot be published is refused with the code for it.
func (s *stage) testRejections(t *testing.T, d *daemon.Daemon, mined *wire.MsgTx) {
	t.Helper()
	raw, err := mined.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	spoilt := mined.Copy()
	spoilt.TxOut[0].Value++
	bad, err := spoilt.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, hex string
		code      int
	}{
		{"no hex", "zz", -22},
		{"no transaction", "0102", -22},
		{"mined already", hex.EncodeToString(raw), -25},
		{"spent already", hex.EncodeToString(bad), -25},
	} {
		var refusal *daemon.Refusal
		err := d.Call(deadline(t), "sendrawtransaction", nil, c.hex)
		if !errors.As(err, &refusal) || refusal.Code != c.code {
			t.Errorf("%s: %v, want code %d", c.name, err, c.code)
		}
	}
}
