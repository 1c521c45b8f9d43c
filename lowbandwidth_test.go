package spvd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// TestLowBandwidth: a client with that setting connects with three of the nodes that it knows, and
// asks none of them for transactions, so that a payment shows when it is mined.
func TestLowBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 40})
		if err != nil {
			t.Fatal(err)
		}
		network := testnet.NewNetwork(1, nil)
		defer running(t, network.Run)()
		dir := t.TempDir()
		var known []map[string]any
		var nodes []*testnet.Node
		for i := range 6 {
			addr := fmt.Sprintf("44.%d.0.1:18555", i+1)
			nodes = append(nodes, testnet.NewNode(testnet.NodeConfig{Chain: chain}))
			network.Add(addr, nodes[i], link.Shape{})
			now := chain.Now().Unix()
			known = append(known, map[string]any{"addr": addr, "sources": []string{"9.9.0.0"}, "services": 1, "added": now, "heard": now})
		}
		raw, err := json.Marshal(map[string]any{"version": 2, "network": "simnet", "addresses": known})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(spvd.Simnet.Dir(dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(spvd.Simnet.Dir(dir), spvd.PeersFile), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		ahead := time.Until(chain.Now())
		c, err := spvd.Open(spvd.Config{
			Dir: dir, Network: spvd.Simnet, Dial: network.Dial, LowBandwidth: true,
			Now:      func() time.Time { return time.Now().Add(ahead) },
			Accounts: []spvd.Account{{Name: "default", Xpub: xpub}},
		})
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, c.Run)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := c.Sync().Wait(ctx, spv.Synced); err != nil {
			t.Fatalf("%v: %+v, %+v", err, c.Sync().Status(), c.Peers().Infos())
		}
		<-time.After(10 * time.Minute)
		if n := len(c.Peers().Infos()); n != 3 {
			t.Errorf("%d peers, want 3", n)
		}
		for _, i := range c.Peers().Infos() {
			if i.TellsTx {
				t.Errorf("%s was asked to announce transactions", i.Addr)
			}
		}
		tx := wire.NewMsgTx()
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{9}}, 1e8, nil))
		tx.AddTxOut(wire.NewTxOut(5e8, firstScript(t)))
		nodes[0].AddTx(tx)
		<-time.After(10 * time.Minute)
		w, err := c.Wallet("default")
		if err != nil {
			t.Fatal(err)
		}
		list, err := w.History(t.Context(), wallet.HistoryFilter{Count: 1})
		if err != nil || len(list) > 0 && !list[0].Mined() {
			t.Errorf("the wallet has an unmined payment: %v, %v", list, err)
		}
		plan := testnet.Plan{}
		plan.Pay(41, firstScript(t), 5e8)
		next := chain.Grow(testnet.Branch{At: 40, Blocks: 1, Seed: 2, Plan: plan})
		for _, n := range nodes {
			n.SetChain(next)
		}
		<-time.After(time.Minute)
		wantBalance(t, c)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}
