package enginetest

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// Xpub is the extended public key of an account on the simulation network, and First the first
// address of it.
const (
	Xpub  = "spubVV9wVsWCav7i8pWuQoKD1LKB2CAUxGvASyCaxWcLBtTdZD2GdzWs79MbbeGz29WDrp8VTRCvb6VnRHHGUUnrfcSoQV3AgU2h9HbjwGkAwiV"
	First = "SseVhoKToL5qvof5b9CXni8TjJmrdSBnYyR"
)

// Paid is the height of the block that pays 5 DCR to First.
const Paid = 30

// Network is one node with a chain.
type Network struct {
	Address string // of the node
	Node    *testnet.Node
	branch  uint64
	stop    func()
}

// Start runs a network until the test ends. Its chain has the given height, Paid or more.
func Start(t testing.TB, blocks int) *Network {
	t.Helper()
	plan := testnet.Plan{}
	plan.Pay(Paid, Script(t, First), 5e8)
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: blocks, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{Address: l.Addr().String(), Node: testnet.NewNode(testnet.NodeConfig{Chain: chain})}
	network := testnet.NewNetwork(1, nil)
	host := network.Add(n.Address, n.Node, link.Shape{})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	for _, run := range []func() error{
		func() error { return network.Run(ctx) },
		func() error { return network.ServeTCP(ctx, host, l) },
	} {
		wg.Go(func() {
			if err := run(); err != nil {
				t.Error(err)
			}
		})
	}
	n.stop = func() {
		stop()
		wg.Wait()
	}
	t.Cleanup(n.stop)
	return n
}

// Stop ends the network: nothing of it runs when it returns.
func (n *Network) Stop() { n.stop() }

// Script returns the script that pays to an address.
func Script(t testing.TB, address string) []byte {
	t.Helper()
	addr, err := stdaddr.DecodeAddress(address, chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	return script
}

// Pay mines a block that pays to an address, and returns the hash of the transaction.
func (n *Network) Pay(t testing.TB, address string, atoms int64) chainhash.Hash {
	t.Helper()
	plan := testnet.Plan{}
	paid := plan.Pay(n.Node.Chain().Height()+1, Script(t, address), atoms)
	n.Grow(0, 1, plan)
	return paid.Hash
}

// Grow replaces the last blocks of the chain by others, with the transactions of a plan.
func (n *Network) Grow(takeBack, putOn int, plan testnet.Plan) {
	n.branch++
	c := n.Node.Chain()
	n.Node.SetChain(c.Grow(testnet.Branch{At: c.Height() - consensus.Height(takeBack), Blocks: putOn, Seed: 1000 + n.branch, Plan: plan}))
}
