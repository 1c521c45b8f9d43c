package spvd_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// within is how long a client on loopback may take for anything here.
const within = 60 * time.Second

// awaitStatus waits for a condition of the status.
func awaitStatus(t *testing.T, c *spvd.Client, what string, cond func(spv.Status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if err := c.Sync().Wait(ctx, cond); err != nil {
		t.Fatalf("%s: %v; status %+v", what, err, c.Sync().Status())
	}
}

// eventually waits until a condition holds that nothing announces.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !cond(); {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
		if err := wait.For(t.Context(), 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// TestClientServesAnother: a second client whose only peer is the first one syncs, finds its
// payment, follows the tip, and publishes a transaction, which reaches the node behind and the
// wallet of the first one that it pays. When the first one stops, it has served all it was asked.
func TestClientServesAnother(t *testing.T) {
	addr, err := stdaddr.DecodeAddress("SseVhoKToL5qvof5b9CXni8TjJmrdSBnYyR", chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	plan := testnet.Plan{}
	plan.Pay(30, script, 5e8)
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 300, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	node := testnet.NewNode(testnet.NodeConfig{Chain: chain})
	network := testnet.NewNetwork(1, nil)
	network.Add(nodeAddr, node, link.Shape{})
	defer running(t, network.Run)()
	ahead := time.Until(chain.Now()) + time.Hour
	now := func() time.Time { return time.Now().Add(ahead) }
	first, err := spvd.Open(spvd.Config{
		Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial, Now: now,
		Listen: []string{"127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	w, err := first.Wallet(wallet.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	mine := foreign(9)
	if err := w.ImportAddress(t.Context(), mine.String(), "", &wallet.Birthday{}); err != nil {
		t.Fatal(err)
	}
	stopFirst := running(t, first.Run)
	awaitStatus(t, first, "the first client syncs", spv.Synced)
	eventually(t, "it listens", func() bool { return first.Server().Listeners()[0].Bound != "" })

	second, err := spvd.Open(spvd.Config{
		Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{first.Server().Listeners()[0].Bound}, Now: now,
		Accounts: []spvd.Account{{Name: "default", Xpub: xpub}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	stopSecond := running(t, second.Run)
	awaitStatus(t, second, "the second client syncs", func(st spv.Status) bool { return st.Synced && st.Tip.Height == 300 })
	wantBalance(t, second)
	if s := first.Server().Stats(); s.Fetched != 1 || s.Blocks != 1 {
		t.Errorf("served %+v, want the one block with the payment", s)
	}
	eventually(t, "the second client asks for announcements by headers", func() bool {
		list := first.Server().Clients()
		return len(list) == 1 && list[0].Headers && list[0].UserAgent != "" && list[0].Sent > 300*180
	})

	node.SetChain(chain.Extend(2))
	awaitStatus(t, second, "the second client follows", func(st spv.Status) bool { return st.Synced && st.Tip.Height == 302 })

	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{7}}, 3e8, make([]byte, 107)))
	_, pays := mine.PaymentScript()
	tx.AddTxOut(wire.NewTxOut(2e8, pays))
	if _, err := second.Sync().Publish(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	hash := tx.TxHash()
	eventually(t, "the node has the transaction", func() bool {
		return slices.ContainsFunc(node.Mempool(), func(tx *wire.MsgTx) bool { return tx.TxHash() == hash })
	})
	eventually(t, "the wallet of the first client shows it", func() bool {
		shown, err := w.Transaction(t.Context(), hash)
		return err == nil && !shown.Mined()
	})
	if p := first.Sync().Publications(); len(p) != 1 || p[0].Source != "127.0.0.1" || p[0].Own {
		t.Errorf("publications of the first client: %+v", p)
	}
	if err := errors.Join(stopFirst(), stopSecond()); err != nil {
		t.Error(err)
	}
	if list := first.Server().Clients(); len(list) != 0 {
		t.Errorf("clients after the end: %+v", list)
	}
}
