package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// nodeAddr is where the node of the network is.
const nodeAddr = "10.0.0.1:18555"

// TestToyWallet: a wallet of a front end's own has, after every reorganisation, the balance that is
// counted from all blocks of the node.
func TestToyWallet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		params := consensus.SimNet()
		script := append([]byte{0x76, 0xa9, 0x14}, make([]byte, 22)...)
		c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 40})
		if err != nil {
			t.Fatal(err)
		}
		network, node := testnet.NewNetwork(1, nil), testnet.NewNode(testnet.NodeConfig{Chain: c})
		network.Add(nodeAddr, node, link.Shape{})
		pool, err := peer.New(peer.Config{Params: params.ChainParams, UserAgent: "/toy:1.0.0/", Connect: []string{nodeAddr}, Dial: network.Dial})
		if err != nil {
			t.Fatal(err)
		}
		w := newToy(script, genesisOf(params))
		ahead := time.Until(c.Now())
		syncer, err := spv.New(spv.Config{
			Params: params, ChainFile: filepath.Join(t.TempDir(), "chain.db"), Peers: pool.Peers(), Wallet: w,
			Now: func() time.Time { return time.Now().Add(ahead) },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, run := range []func(context.Context) error{network.Run, pool.Run, syncer.Run} {
			wg.Go(func() {
				if err := run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		defer wg.Wait()
		defer stop()
		random := rand.New(rand.NewPCG(1, 2))
		paid := 0
		for round := range uint64(30) {
			plan := testnet.Plan{}
			at := node.Chain().Height() - consensus.Height(random.IntN(6))
			putOn := int(node.Chain().Height()-at) + 1 + random.IntN(3)
			for h := at + 1; h <= at+consensus.Height(putOn); h++ {
				op := plan.Pay(h, script, 1e6+int64(round))
				if random.IntN(2) == 0 && h < at+consensus.Height(putOn) {
					plan.Spend(h+1, op, script, 5e5)
				}
			}
			node.SetChain(node.Chain().Grow(testnet.Branch{At: at, Blocks: putOn, Seed: 1000 + round, Plan: plan}))
			tip := node.Chain().Tip()
			if err := syncer.Wait(ctx, func(st spv.Status) bool { return st.Synced && st.Tip == tip }); err != nil {
				t.Fatal(err)
			}
			got, want := w.balance(), counted(node.Chain(), script)
			if got != want {
				t.Fatalf("round %d: the balance is %d, want %d", round, got, want)
			}
			if want > 0 {
				paid++
			}
		}
		if paid < 20 {
			t.Errorf("only %d rounds had a balance", paid)
		}
	})
}

// counted counts a balance from all blocks of a chain.
func counted(c *testnet.Chain, script []byte) (sum int64) {
	coins := make(map[wire.OutPoint]int64)
	for h := consensus.Height(1); h <= c.Height(); h++ {
		for _, tx := range c.Block(h).Transactions {
			for _, in := range tx.TxIn {
				delete(coins, in.PreviousOutPoint)
			}
			for i, out := range tx.TxOut {
				if bytes.Equal(out.PkScript, script) {
					coins[wire.OutPoint{Hash: tx.TxHash(), Index: uint32(i)}] = out.Value
				}
			}
		}
	}
	for _, value := range coins {
		sum += value
	}
	return sum
}
