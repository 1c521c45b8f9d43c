package spv_test

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
)

// nodeAddr is where the node of a town is. xpub is the extended public key of an
// account there.
const (
	nodeAddr = "10.0.0.1:18555"
	xpub     = "spubVV9wVsWCav7i8pWuQoKD1LKB2CAUxGvASyCaxWcLBtTdZD2GdzWs79MbbeGz29WDrp8VTRCvb6VnRHHGUUnrfcSoQV3AgU2h9HbjwGkAwiV"
)

// town is where the example lives: a network of one node, and a miner who pays the
// account.
type town struct {
	net    *testnet.Network
	node   *testnet.Node
	script []byte // pays to the first address of the account
}

// newTown returns a town with 60 blocks. The account got 5 DCR in block 30.
func newTown(ctx context.Context) (*town, error) {
	addr, err := stdaddr.DecodeAddress("SseVhoKToL5qvof5b9CXni8TjJmrdSBnYyR", chaincfg.SimNetParams())
	if err != nil {
		return nil, err
	}
	t := &town{net: testnet.NewNetwork(1, nil)}
	_, t.script = addr.PaymentScript()
	plan := testnet.Plan{}
	plan.Pay(30, t.script, 5e8)
	c, err := testnet.Generate(ctx, testnet.Config{Seed: 1, Blocks: 60, Plan: plan})
	if err != nil {
		return nil, err
	}
	t.node = testnet.NewNode(testnet.NodeConfig{Chain: c})
	t.net.Add(nodeAddr, t.node, link.Shape{})
	return t, nil
}

// mine finds block 61, in which the account gets 2 DCR.
func (t *town) mine() {
	plan := testnet.Plan{}
	plan.Pay(61, t.script, 2e8)
	t.node.SetChain(t.node.Chain().Grow(testnet.Branch{At: 60, Blocks: 1, Seed: 2, Plan: plan}))
}

// signedElsewhere returns what a program with keys might have signed: a payment of
// 1 DCR to the account.
func (t *town) signedElsewhere() *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{7}}, 2e8, nil))
	tx.AddTxOut(wire.NewTxOut(1e8, t.script))
	return tx
}
