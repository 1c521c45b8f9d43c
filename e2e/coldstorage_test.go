package e2e

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
)

// cold is the account whose keys only the signer has.
const cold = "cold"

// unsigned is what a signer reads of the file that spvctl tx build writes.
type unsigned struct {
	Hex    string
	TxID   string
	Fee    float64
	Inputs []struct {
		TxID, ScriptPubKey string
		Vout               uint32
		Amount             float64
		Keys               []struct{ AccountIndex, Branch, Index uint32 }
	}
	Previous []struct{ TxID, Hex string }
}

// coldStorage is a daemon that watches an account, and a signer that has its seed and is
// connected with nothing.
type coldStorage struct {
	*testing.T
	daemon *daemon.Daemon
	signer *keys.Account
	dir    string
	files  int
}

// testColdStorage goes the whole way of a user whose keys are on a machine without a network:
// build, sign, check, send, until it is mined; with a reorganisation and a competing spend
// between.
func (s *stage) testColdStorage(t *testing.T) {
	a, b := s.newNode(t), s.newNode(t)
	minerA := s.newMiner(t, a)
	signer, err := keys.NewAccount(cold)
	if err != nil {
		t.Fatal(err)
	}
	for index := range uint32(2) {
		key, err := signer.Key(keys.External, index)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := minerA.Pay(t.Context(), key.Script(), coinOf*int64(index+1)); err != nil {
			t.Fatal(err)
		}
	}
	extend(t, minerA, 1)
	linkAndPart(t, a, b)
	c := &coldStorage{T: t, signer: signer, dir: t.TempDir(),
		daemon: s.startDaemonWith(t, t.TempDir(), []string{"--account=" + cold + "=" + signer.Xpub()}, a.Addr())}
	awaitTip(t, c.daemon, a)
	shop, err := keys.NewKey("a shop")
	if err != nil {
		t.Fatal(err)
	}

	first := c.build(shop.Address(), "0.4")
	c.spvctl(1, "tx", "build", shop.Address(), "2.5") // the coin of the first is locked
	c.checkAndSend(first, a)
	extend(t, minerA, 1)
	awaitTx(t, c.daemon, first.TxHash(), "confirmed", isConfirmed)

	// The second is built before a reorganisation takes the first one back.
	second := c.build(shop.Address(), "1.5")
	extend(t, s.newMiner(t, b), 2)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, a, b)
	awaitTip(t, c.daemon, a)
	awaitTx(t, c.daemon, first.TxHash(), "unmined after the reorganisation", isUnconfirmed)
	awaitPool(t, a, first.TxHash())
	c.checkAndSend(second, a)
	extend(t, minerA, 2)
	awaitTx(t, c.daemon, first.TxHash(), "confirmed again", isConfirmed)
	awaitTx(t, c.daemon, second.TxHash(), "confirmed", isConfirmed)
	agree(t, b, a)

	c.competingSpend(a, minerA, shop.Address())
	c.sweep(a, shop.Address())
	extend(t, minerA, 1)
	awaitTip(t, c.daemon, a)
	if got := confirmedBalance(t, c.daemon); got != 0 {
		t.Errorf("%v can be spent after all was sent away", got)
	}
}

// linkAndPart makes node b agree with a, and parts them.
func linkAndPart(t *testing.T, a, b *node.Node) {
	t.Helper()
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, b, a)
	if err := a.Unlink(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// spvctl runs a command that ends with a code, and returns what it prints.
func (c *coldStorage) spvctl(code int, args ...string) string {
	c.Helper()
	r, err := c.daemon.Control(deadline(c.T), args...)
	if err != nil || r.Code != code {
		c.Fatalf("spvctl %s: %+v, %v", strings.Join(args, " "), r, err)
	}
	return r.Stdout + r.Stderr
}

// build has the daemon build a transaction, and signs it.
func (c *coldStorage) build(args ...string) *wire.MsgTx {
	c.Helper()
	c.files++
	file := filepath.Join(c.dir, fmt.Sprintf("unsigned-%d.json", c.files))
	told := c.spvctl(0, append([]string{"tx", "build", "--account=" + cold, "--out=" + file}, args...)...)
	if !strings.Contains(told, "locked       the coins, until ") {
		c.Errorf("tx build says:\n%s", told)
	}
	if told := c.spvctl(1, "tx", "check", file); !strings.Contains(told, "input 0 is not signed") {
		c.Errorf("tx check of an unsigned one says:\n%s", told)
	}
	return c.sign(file)
}

// sign signs what a file says, with keys from the seed alone, once the previous transactions
// have proven the amounts and the fee.
func (c *coldStorage) sign(file string) *wire.MsgTx {
	c.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		c.Fatal(err)
	}
	var u unsigned
	if err := json.Unmarshal(raw, &u); err != nil {
		c.Fatal(err)
	}
	previous := make(map[string]*wire.MsgTx)
	for _, p := range u.Previous {
		tx := c.decode(p.Hex)
		previous[tx.TxHash().String()] = tx
	}
	tx, ring, fee := c.decode(u.Hex), keys.NewRing(), int64(0)
	for i, in := range u.Inputs {
		out := previous[in.TxID].TxOut[in.Vout]
		path := in.Keys[0]
		key, err := c.signer.Key(path.Branch, path.Index)
		if err != nil || path.AccountIndex != 0 || hex.EncodeToString(out.PkScript) != in.ScriptPubKey || tx.TxIn[i].PreviousOutPoint.Hash.String() != in.TxID {
			c.Fatalf("input %d: %+v, %v", i, in, err)
		}
		ring.Add(key)
		if err := ring.Sign(tx, i, out.PkScript); err != nil {
			c.Fatal(err)
		}
		fee += out.Value
	}
	for _, out := range tx.TxOut {
		fee -= out.Value
	}
	if dcrutil.Amount(fee).ToCoin() != u.Fee || tx.TxHash().String() != u.TxID {
		c.Errorf("the fee is %d atoms, the file says %v", fee, u.Fee)
	}
	return tx
}

func (c *coldStorage) decode(text string) *wire.MsgTx {
	c.Helper()
	raw, err := hex.DecodeString(text)
	tx := wire.NewMsgTx()
	if err == nil {
		err = tx.Deserialize(bytes.NewReader(raw))
	}
	if err != nil {
		c.Fatal(err)
	}
	return tx
}

// write writes a signed transaction to a file.
func (c *coldStorage) write(tx *wire.MsgTx) (file, text string) {
	c.Helper()
	raw, err := tx.Bytes()
	if err != nil {
		c.Fatal(err)
	}
	file, text = filepath.Join(c.dir, tx.TxHash().String()), hex.EncodeToString(raw)
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		c.Fatal(err)
	}
	return file, text
}

// checkAndSend checks and sends a transaction, which a node has to accept.
func (c *coldStorage) checkAndSend(tx *wire.MsgTx, n *node.Node) {
	c.Helper()
	file, text := c.write(tx)
	if told := c.spvctl(0, "tx", "check", file); !strings.Contains(told, "every input is rightly signed") {
		c.Errorf("tx check says:\n%s", told)
	}
	c.spvctl(0, "send", text)
	awaitPool(c.T, n, tx.TxHash())
}

// competingSpend: while a transaction is signed, the holder of the keys spends its coin
// otherwise. The check says so, and once that is mined the transaction cannot be sent.
func (c *coldStorage) competingSpend(n *node.Node, m *miner.Miner, shop string) {
	c.Helper()
	late := c.build(shop, "0.1")
	rival := late.Copy()
	rival.TxOut = rival.TxOut[:1]
	rival.TxOut[0].Value /= 2
	ring := keys.NewRing()
	for branch := range uint32(2) {
		for index := range uint32(20) {
			key, err := c.signer.Key(branch, index)
			if err != nil {
				c.Fatal(err)
			}
			ring.Add(key)
		}
	}
	for i, in := range rival.TxIn {
		var shown struct{ Hex string }
		if err := c.daemon.Call(deadline(c.T), "gettransaction", &shown, in.PreviousOutPoint.Hash.String()); err != nil {
			c.Fatal(err)
		}
		if err := ring.Sign(rival, i, c.decode(shown.Hex).TxOut[in.PreviousOutPoint.Index].PkScript); err != nil {
			c.Fatal(err)
		}
	}
	var id string
	if err := n.Call(c.Context(), "sendrawtransaction", &id, c.hex(rival), true); err != nil {
		c.Fatal(err)
	}
	awaitTx(c.T, c.daemon, rival.TxHash(), "unconfirmed", isUnconfirmed)
	file, text := c.write(late)
	check := func() {
		c.Helper()
		if told := c.spvctl(1, "tx", "check", file); !strings.Contains(told, "input 0 spends what another transaction spends") {
			c.Errorf("tx check says:\n%s", told)
		}
	}
	check()
	extend(c.T, m, 1)
	awaitTx(c.T, c.daemon, rival.TxHash(), "confirmed", isConfirmed)
	check()
	if told := c.spvctl(1, "send", text); !strings.Contains(told, "spends what another one spends") {
		c.Errorf("send says:\n%s", told)
	}
}

func (c *coldStorage) hex(tx *wire.MsgTx) string {
	c.Helper()
	_, text := c.write(tx)
	return text
}

// sweep sends all that is left away.
func (c *coldStorage) sweep(n *node.Node, shop string) {
	c.Helper()
	awaitTip(c.T, c.daemon, n)
	c.checkAndSend(c.build("--sweep="+shop), n)
}
