package sim_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// purse is a chain on which a holder was paid twice, and spent the first payment.
var purse = sync.OnceValue(func() (p struct {
	best        *testnet.Chain
	spent, free wire.OutPoint
}) {
	ada, plan := holders()[0], testnet.Plan{}
	p.spent = plan.Pay(20, ada.scripts[0][0], 3e8)
	p.free = plan.Pay(30, ada.scripts[0][1], 5e8)
	plan.Spend(40, p.spent, mine(0), 3e8)
	signInput(plan[40][0].Msg, ada, ada.scripts[0][0])
	c, err := testnet.Generate(context.Background(), testnet.Config{Seed: 15, Blocks: 60, Plan: plan})
	if err != nil {
		panic(err)
	}
	p.best = c
	return p
})

// signInput signs the first input of a transaction, which spends a script of a holder.
func signInput(tx *wire.MsgTx, h *holder, script []byte) {
	sig, err := sign.SignatureScript(tx, 0, script, txscript.SigHashAll, h.keys[string(script)], dcrec.STEcdsaSecp256k1, true)
	if err != nil {
		panic(err)
	}
	tx.TxIn[0].SignatureScript = sig
}

// badTxs are transactions that no full node accepts, each of which would change what the
// holder has.
func badTxs() map[string]testnet.Tx {
	p, ada := purse(), holders()[0]
	next, first, second := ada.scripts[0][2], ada.scripts[0][0], ada.scripts[0][1]
	somebodys := []byte{txscript.OP_TRUE, txscript.OP_TRUE}
	tx := func(from wire.OutPoint, spends []byte, amounts ...int64) testnet.Tx {
		msg := wire.NewMsgTx()
		msg.AddTxIn(wire.NewTxIn(&from, 5e8, make([]byte, 107)))
		for _, amount := range amounts {
			msg.AddTxOut(wire.NewTxOut(amount, next))
		}
		return testnet.Tx{Msg: msg, Spends: [][]byte{spends}}
	}
	stranger := wire.OutPoint{Hash: chainhash.Hash{7}}
	negative := tx(stranger, somebodys, 9e8, -5)
	twice := tx(p.spent, first, 3e8)
	signInput(twice.Msg, ada, first)
	inflated := tx(p.free, second, 9e8)
	signInput(inflated.Msg, ada, second)
	coinbase := tx(wire.OutPoint{Index: wire.MaxPrevOutIndex}, nil, 9e8)
	coinbase.Msg.TxIn[0].SignatureScript = []byte{1, 2}
	coinbase.Spends = nil
	expired := tx(stranger, somebodys, 9e8)
	expired.Msg.Expiry = 50
	return map[string]testnet.Tx{
		"an output of -5 atoms":    negative,
		"a coin is spent again":    twice,
		"a coin without signature": tx(p.free, second, 5e8),
		"more than its inputs":     inflated,
		"a second coinbase":        coinbase,
		"an expired transaction":   expired,
	}
}

// TestBadBlocksAreLeft has a peer with more work than the honest one, whose newest blocks hold a
// transaction that no full node accepts: with right work, votes and merkle roots. The peer is
// banned with proof, its branch is left for the honest one, the wallet has the honest balance,
// nothing of the block is published, and the client goes on, also after a restart without the
// list of bans.
func TestBadBlocksAreLeft(t *testing.T) {
	for name, bad := range badTxs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			best := purse().best
			at := best.Height() - 2
			rival := best.Grow(testnet.Branch{At: at, Blocks: 5, Seed: 99, Plan: testnet.Plan{at + 2: {bad}}})
			inWorld(t, best, func(w *world) {
				w.honestNodes(2, near)
				liar := w.node(testnet.Honest{}, near)
				liar.Node.SetChain(rival)
				b := newBank(&plot{world: w, chance: rand.New(rand.NewPCG(1, 1))}, nil, make(map[chainhash.Hash]*wire.MsgBlock), nil)
				b.vaults = []*vault{{name: "default", coming: holders()[:1]}, {name: "other", coming: holders()[1:2]}}
				defer func() {
					b.stopClient()
					if err := b.set.Close(); err != nil {
						b.Error(err)
					}
				}()
				for _, v := range b.vaults {
					b.importNext(v)
				}
				b.startClient()
				b.mustAgree()
				b.mustHaveLeft(liar, rival, bad.Msg.TxHash(), at+2)
				b.extend(1)
				liar.Node.SetChain(rival)
				b.mustAgree()

				b.stopClient()
				b.reopen()
				file := b.cfg.ChainFile
				b.makePool(func(cfg *peer.Config) { cfg.File = filepath.Join(b.TempDir(), "peers.json") })
				b.cfg.ChainFile, b.cfg.Wallet = file, b.set
				b.startClient()
				b.mustAgree()
				b.extend(1)
				liar.Node.SetChain(rival)
				b.mustAgree()
				b.mustHaveLeft(liar, rival, bad.Msg.TxHash(), at+2)
				b.mustNotHaveBanned(b.honest...)
			})
		})
	}
}

// mustHaveLeft demands that a node is banned, and that the client neither follows its chain nor
// knows or has sent a transaction of it.
func (b *bank) mustHaveLeft(liar *testnet.Host, rival *testnet.Chain, tx chainhash.Hash, height consensus.Height) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	err := b.syncer.Wait(ctx, func(spv.Status) bool { _, banned := b.banned(liar); return banned })
	if evidence, banned := b.banned(liar); !banned || !strings.Contains(evidence, "no full node accepts") && !strings.Contains(evidence, "invalid") {
		b.Errorf("the peer is not banned with proof: %q (%v)", evidence, err)
	}
	store, err := b.syncer.Chain()
	if err != nil {
		b.Fatal(err)
	}
	if hash, err := store.Hash(height); err != nil || hash == rival.ID(height).Hash {
		b.Errorf("the chain holds the bad block (%v)", err)
	}
	for _, v := range b.vaults {
		w := b.wallet(v)
		if _, err := w.Transaction(b.Context(), tx); err == nil {
			b.Errorf("wallet %s knows the bad transaction", v.name)
		}
		if left := b.unmined(v); len(left) > 0 {
			b.Errorf("wallet %s has unmined transactions %v", v.name, left)
		}
	}
	if len(b.set.Troubles()) > 0 {
		b.Errorf("troubles %q", b.set.Troubles())
	}
	if n := b.received(wire.CmdTx) + b.received(wire.CmdInv); n > 0 {
		b.Errorf("%d messages with transactions were sent", n)
	}
	if err := errors.Join(store.Check(b.Context())); err != nil {
		b.Error(err)
	}
}

// TestBadBlockIsLeftWithoutAWallet: a bad block that a client of getblock asks for is left too,
// when no wallet needs it.
func TestBadBlockIsLeftWithoutAWallet(t *testing.T) {
	bad := badTxs()["an output of -5 atoms"]
	best := purse().best
	rival := best.Grow(testnet.Branch{At: best.Height() - 2, Blocks: 5, Seed: 99, Plan: testnet.Plan{best.Height(): {bad}}})
	inWorld(t, best, func(w *world) {
		w.honestNodes(1, near)
		liar := w.node(testnet.Honest{}, near)
		liar.Node.SetChain(rival)
		w.startClient()
		w.until("on the rival's chain", func(st spv.Status) bool { return st.Synced && st.Tip == rival.Tip() })
		var invalid *consensus.InvalidBlock
		if _, err := w.syncer.Block(w.Context(), rival.ID(best.Height()).Hash); !errors.As(err, &invalid) {
			t.Errorf("the block: %v", err)
		}
		w.mustSync(time.Minute)
		if _, banned := w.banned(liar); !banned {
			t.Error("the peer is not banned")
		}
	})
}
