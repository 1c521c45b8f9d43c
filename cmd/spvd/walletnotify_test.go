//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/testnet"
)

// TestWalletNotify pays a wallet of a synced daemon: what was paid before is no news.
func TestWalletNotify(t *testing.T) {
	o := newOwner(t, 1)
	plan := o.pay()
	ns, dir := servePlan(t, 1, plan), t.TempDir()
	d, _ := ns.startSynced(t, dir, "--debuglevel=debug", "--account=savings="+o.xpub(), "--walletnotify=echo tx %s.")
	next := testnet.Plan{}
	paid := next.Pay(blocks+1, o.script(0, 3), 1e8)
	ns.all[0].SetChain(ns.chain.Grow(testnet.Branch{At: blocks, Blocks: 1, Seed: 7, Plan: next}))
	d.await(t, fmt.Sprintf(`output="tx %v.\n"`, paid.Hash))
	if n := strings.Count(d.out.String(), "option=--walletnotify"); n != 1 {
		t.Errorf("the command ran %d times for one payment:\n%s", n, d.out)
	}
}

// TestWalletNotifyOfUnminedAndTakenBack has a payment that is announced, mined, taken
// back and mined again.
func TestWalletNotifyOfUnminedAndTakenBack(t *testing.T) {
	o := newOwner(t, 1)
	ns := serveNodes(t, 1)
	node := ns.all[0]
	d, c := ns.startSynced(t, t.TempDir(), "--debuglevel=debug", "--account=default="+o.xpub(), "--walletnotify=echo tx %s.")
	next := testnet.Plan{}
	paid := next.Pay(blocks+1, o.script(0, 3), 1e8)
	told := fmt.Sprintf(`output="tx %v.\n"`, paid.Hash)

	next[blocks+1][0].Msg.TxIn[0].ValueIn += 100_000 // a fee: without one nodes relay nothing
	node.AddTx(next[blocks+1][0].Msg)
	d.awaitTimes(t, told, 1)
	c.assertConfirmations(t, paid.Hash, 0)

	with := ns.chain.Grow(testnet.Branch{At: blocks, Blocks: 1, Seed: 7, Plan: next})
	node.SetChain(with)
	d.awaitTimes(t, told, 2)
	c.assertConfirmations(t, paid.Hash, 1)

	without := ns.chain.Fork(blocks, 2, 8)
	node.SetChain(without)
	d.awaitTimes(t, told, 3)
	c.assertConfirmations(t, paid.Hash, 0)

	again := testnet.Plan{blocks + 3: next[blocks+1]}
	node.SetChain(without.Grow(testnet.Branch{At: blocks + 2, Blocks: 1, Seed: 9, Plan: again}))
	d.awaitTimes(t, told, 4)
	c.assertConfirmations(t, paid.Hash, 1)
}

// awaitTimes waits until a text was written so many times, and fails when it was more
// often.
func (d *daemon) awaitTimes(t *testing.T, text string, times int) {
	t.Helper()
	for {
		out, changed := d.out.read()
		switch n := strings.Count(out, text); {
		case n == times:
			return
		case n > times:
			t.Fatalf("%q came %d times, not %d", text, n, times)
		}
		select {
		case <-changed:
		case <-d.ended:
			t.Fatalf("the daemon ended with code %d: %s", d.code, d.err)
		}
	}
}

// assertConfirmations compares how often a transaction is confirmed.
func (c client) assertConfirmations(t *testing.T, hash chainhash.Hash, want int64) {
	t.Helper()
	var tx struct{ Confirmations int64 }
	c.mustCall(t, "gettransaction", fmt.Sprintf(`["%v"]`, hash), &tx)
	if tx.Confirmations != want {
		t.Errorf("%d confirmations, want %d", tx.Confirmations, want)
	}
}
