package testnet_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// withClient runs a test with a client that is through its handshake with an
// honest node, in virtual time.
func withClient(t *testing.T, c *testnet.Chain, f func(t *testing.T, node *testnet.Node, cl *client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		node := testnet.NewNode(testnet.NodeConfig{Chain: c})
		cl := connect(t, start(t, node, link.Shape{Latency: 10 * time.Millisecond}), 11)
		cl.greet()
		f(t, node, cl)
	})
}

func TestHandshake(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 20})
	for _, test := range []struct{ node, client, want uint32 }{
		{11, 11, 11}, {12, 12, 12}, {12, 11, 11}, {11, 12, 11},
	} {
		synctest.Test(t, func(t *testing.T) {
			node := testnet.NewNode(testnet.NodeConfig{Chain: c, Protocol: test.node})
			cl := connect(t, start(t, node, link.Shape{}), test.client)
			cl.greet()
			cl.send(wire.NewMsgPing(7))
			if pong := expect[*wire.MsgPong](cl); pong.Nonce != 7 {
				t.Errorf("ping 7 was answered with %d", pong.Nonce)
			}
		})
	}
}

func TestHandshakeAt12TakesNothingBeforeVerAck(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 20})
	for pver, ends := range map[uint32]bool{11: false, 12: true} {
		synctest.Test(t, func(t *testing.T) {
			node := testnet.NewNode(testnet.NodeConfig{Chain: c, Protocol: 12})
			cl := connect(t, start(t, node, link.Shape{}), pver)
			cl.send(&wire.MsgVersion{ProtocolVersion: int32(pver), Timestamp: time.Now(), Nonce: 1})
			expect[*wire.MsgVersion](cl)
			cl.send(wire.NewMsgPing(7))
			if ends {
				cl.expectEnd(time.Second)
			} else {
				expect[*wire.MsgPong](cl)
			}
		})
	}
}

func TestSilentClientIsDropped(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 20})
	synctest.Test(t, func(t *testing.T) {
		n := start(t, testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{})
		if took := connect(t, n, 11).expectEnd(time.Hour); took != 30*time.Second {
			t.Errorf("without a version the connection ended after %v", took)
		}
		cl := connect(t, n, 11)
		cl.greet()
		if took := cl.expectEnd(time.Hour); took != 120*time.Second {
			t.Errorf("an idle connection ended after %v", took)
		}
	})
}

func TestInitStateIsADuty(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 20})
	synctest.Test(t, func(t *testing.T) {
		node := testnet.NewNode(testnet.NodeConfig{Chain: c})
		n := start(t, node, link.Shape{})
		cl := connect(t, n, 11)
		cl.send(&wire.MsgVersion{ProtocolVersion: 11, Timestamp: time.Now(), Nonce: 1})
		expect[*wire.MsgGetInitState](cl)
		cl.send(wire.NewMsgVerAck())
		if took := cl.expectEnd(time.Minute); took < 30*time.Second || took > 45*time.Second {
			t.Errorf("without initstate the connection ended after %v", took)
		}

		cl = connect(t, n, 11)
		cl.greet()
		cl.send(wire.NewMsgInitState())
		cl.expectEnd(time.Second)
		if got := node.Traffic().Bans.Load(); got != 1 {
			t.Errorf("%d bans after a second initstate", got)
		}
		connect(t, n, 11).expectEnd(time.Second)
	})
}

func TestHeadersFollowTheLocator(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 5000, Seed: 11})
	other := c.Fork(100, 10, 12)
	withClient(t, c, func(t *testing.T, _ *testnet.Node, cl *client) {
		for _, test := range []struct {
			name     string
			locator  []chainhash.Hash
			stop     chainhash.Hash
			from, to consensus.Height
		}{
			{"from genesis", []chainhash.Hash{c.ID(0).Hash}, chainhash.Hash{}, 1, 2000},
			{"from a block", []chainhash.Hash{c.ID(700).Hash}, chainhash.Hash{}, 701, 2700},
			{"up to the tip", []chainhash.Hash{c.ID(4990).Hash}, chainhash.Hash{}, 4991, 5000},
			{"up to a block", []chainhash.Hash{c.ID(700).Hash}, c.ID(710).Hash, 701, 710},
			{"up to a block before", []chainhash.Hash{c.ID(700).Hash}, c.ID(600).Hash, 701, 2700},
			{"first known locator", []chainhash.Hash{other.ID(105).Hash, c.ID(90).Hash, c.ID(800).Hash}, chainhash.Hash{}, 91, 2090},
			{"unknown locator", []chainhash.Hash{other.ID(105).Hash}, chainhash.Hash{}, 1, 2000},
			{"at the tip", []chainhash.Hash{c.ID(5000).Hash}, chainhash.Hash{}, 5001, 5000},
			{"only a stop", nil, c.ID(33).Hash, 33, 33},
			{"only an unknown stop", nil, other.ID(105).Hash, 1, 0},
		} {
			got := cl.headers(test.stop, test.locator...)
			if len(got) != int(test.to-test.from+1) {
				t.Errorf("%s: %d headers, want %d to %d", test.name, len(got), test.from, test.to)
				continue
			}
			for i, h := range got {
				if h.BlockHash() != c.ID(test.from+consensus.Height(i)).Hash {
					t.Errorf("%s: header %d is not that of block %d", test.name, i, test.from+consensus.Height(i))
				}
			}
		}
	})
}

func TestFiltersAreServedOrNotMentioned(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 13})
	withClient(t, c, func(t *testing.T, node *testnet.Node, cl *client) {
		ask := func(start, end consensus.BlockID) {
			cl.send(&wire.MsgGetCFsV2{StartHash: start.Hash, EndHash: end.Hash})
		}
		expectRange := func(of *testnet.Chain, from, to consensus.Height) {
			t.Helper()
			got := payload(t, expect[*wire.MsgCFiltersV2](cl))
			if _, err := consensus.ProveFilters(c.Params(), targets(of, from, to), got); err != nil {
				t.Error(err)
			}
		}
		ask(c.ID(1), c.ID(100))
		expectRange(c, 1, 100)
		ask(c.ID(300), c.ID(300))
		expectRange(c, 300, 300)
		node.Reorg(5, 14)
		expect[*wire.MsgInv](cl)
		ask(c.ID(290), c.ID(300)) // was the best chain once
		expectRange(c, 290, 300)
		fork := node.Chain()
		ask(fork.ID(290), fork.Tip())
		expectRange(fork, 290, fork.Height())
		cl.send(&wire.MsgGetCFilterV2{BlockHash: fork.ID(297).Hash})
		if got := expect[*wire.MsgCFilterV2](cl); string(got.Data) != string(fork.Filter(297)) {
			t.Error("a single filter is not that of its block")
		}

		cl.expectSilenceAfterInvs(time.Minute)
		never := c.Fork(280, 5, 15)
		ask(c.ID(1), c.ID(101))      // too many
		ask(c.ID(20), c.ID(10))      // the wrong way around
		ask(c.ID(297), fork.ID(298)) // not of one chain
		ask(never.ID(281), never.ID(283))
		cl.send(&wire.MsgGetCFilterV2{BlockHash: never.ID(281).Hash})
		cl.expectSilence(time.Minute)
	})
}

func TestBlocksAreServedInOrder(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 16})
	never := c.Fork(280, 5, 15)
	withClient(t, c, func(t *testing.T, _ *testnet.Node, cl *client) {
		ask := wire.NewMsgGetData()
		for _, id := range []consensus.BlockID{c.ID(7), never.ID(281), c.ID(5), c.ID(300)} {
			ask.AddInvVect(wire.NewInvVect(wire.InvTypeBlock, &id.Hash))
		}
		cl.send(ask)
		for _, h := range []consensus.Height{7, 5, 300} {
			if err := consensus.CheckBlock(c.Params(), c.At(h), expect[*wire.MsgBlock](cl)); err != nil {
				t.Error(err)
			}
		}
		missing := expect[*wire.MsgNotFound](cl)
		if len(missing.InvList) != 1 || missing.InvList[0].Hash != never.ID(281).Hash {
			t.Errorf("not found: %v", missing.InvList)
		}
	})
}

func TestNewBlocksAreAnnounced(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 17})
	withClient(t, c, func(t *testing.T, node *testnet.Node, cl *client) {
		node.Extend(1)
		if inv := expect[*wire.MsgInv](cl); inv.InvList[0].Hash != node.Chain().Tip().Hash {
			t.Error("the announced block is not the tip")
		}
		cl.send(wire.NewMsgSendHeaders())
		cl.send(wire.NewMsgPing(1))
		expect[*wire.MsgPong](cl)
		before := node.Chain()
		node.Reorg(3, 18)
		for h := before.Height() - 2; h <= node.Chain().Height(); h++ {
			got := expect[*wire.MsgHeaders](cl).Headers
			if len(got) != 1 || got[0].BlockHash() != node.Chain().ID(h).Hash {
				t.Fatalf("announced %d headers, not that of block %d", len(got), h)
			}
		}
		work, old := node.Chain().Work(), before.Work()
		if !work.Gt(&old) {
			t.Error("the new branch has no more work")
		}
	})
}

func TestTransactionsAreRelayed(t *testing.T) {
	plan := testnet.Plan{}
	plan.Pay(301, []byte{0x51}, 1e8)
	tx := plan[301][0].Msg
	hash := tx.TxHash()
	c := generate(t, testnet.Config{Blocks: 300, Seed: 19})
	withClient(t, c, func(t *testing.T, node *testnet.Node, cl *client) {
		ask := wire.NewMsgGetData()
		ask.AddInvVect(wire.NewInvVect(wire.InvTypeTx, &hash))
		cl.send(ask)
		expect[*wire.MsgNotFound](cl)

		inv := wire.NewMsgInv()
		inv.AddInvVect(wire.NewInvVect(wire.InvTypeTx, &hash))
		cl.send(inv)
		expect[*wire.MsgGetData](cl)
		cl.send(tx)
		if got := expect[*wire.MsgInv](cl); got.InvList[0].Hash != hash {
			t.Error("another transaction is announced")
		}
		cl.send(ask)
		if got := expect[*wire.MsgTx](cl).TxHash(); got != hash {
			t.Error("another transaction is served")
		}
		cl.send(wire.NewMsgMemPool()) // nothing is announced twice

		node.SetChain(c.Grow(testnet.Branch{At: 300, Blocks: 1, Seed: 20, Plan: plan}))
		if n := len(node.Mempool()); n != 0 {
			t.Errorf("%d transactions wait after they were mined", n)
		}
		cl.send(ask) // still served for a while
		expect[*wire.MsgTx](cl)
		<-time.After(time.Minute)
		cl.send(ask)
		expect[*wire.MsgNotFound](cl)
	})
}

func TestClientWithoutRelayHearsOfNoTransactions(t *testing.T) {
	plan := testnet.Plan{}
	plan.Pay(301, []byte{0x51}, 1e8)
	c := generate(t, testnet.Config{Blocks: 20})
	synctest.Test(t, func(t *testing.T) {
		node := testnet.NewNode(testnet.NodeConfig{Chain: c})
		cl := connect(t, start(t, node, link.Shape{}), 11)
		cl.greet(func(v *wire.MsgVersion) { v.DisableRelayTx = true })
		node.AddTx(plan[301][0].Msg)
		cl.expectSilence(time.Minute)
	})
}

func TestWhatBans(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 20})
	mempools := []wire.Message{wire.NewMsgMemPool(), wire.NewMsgMemPool(), wire.NewMsgMemPool(), wire.NewMsgMemPool()}
	for _, test := range []struct {
		name string
		send []wire.Message
		bans bool
	}{
		{"empty getdata", []wire.Message{wire.NewMsgGetData()}, true},
		{"empty inv", []wire.Message{wire.NewMsgInv()}, true},
		{"getinitstate", []wire.Message{wire.NewMsgGetInitState()}, false},
		{"second getinitstate", []wire.Message{wire.NewMsgGetInitState(), wire.NewMsgGetInitState()}, true},
		{"getminingstate", []wire.Message{wire.NewMsgGetMiningState()}, true},
		//lint:ignore SA1019 a retired message is what is tested
		{"version 1 filter", []wire.Message{wire.NewMsgGetCFTypes()}, true},
		{"three mempools", mempools[:3], false},
		{"four mempools", mempools, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			withClient(t, c, func(t *testing.T, node *testnet.Node, cl *client) {
				for _, msg := range test.send {
					cl.send(msg)
				}
				if test.bans {
					cl.expectEnd(time.Second)
				}
				synctest.Wait()
				if got := node.Traffic().Bans.Load() == 1; got != test.bans {
					t.Errorf("banned: %v", got)
				}
			})
		})
	}
}

func TestMempoolScoreDecays(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 20})
	withClient(t, c, func(t *testing.T, node *testnet.Node, cl *client) {
		for range 20 {
			cl.send(wire.NewMsgMemPool())
			<-time.After(time.Minute)
		}
		if node.Traffic().Bans.Load() != 0 {
			t.Error("a mempool request a minute bans")
		}
	})
}
