package testnet_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
)

// faulty returns the fault of the given name.
func faulty(t *testing.T, name string) testnet.Fault {
	t.Helper()
	for _, f := range testnet.Faults() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no fault %q", name)
	return testnet.Fault{}
}

// withFaulty runs a test with a client of a node that has a fault, at a time at
// which the chain can be synced.
func withFaulty(t *testing.T, c *testnet.Chain, name string, f func(t *testing.T, node *testnet.Node, n *testnet.Network)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		fault := faulty(t, name)
		synctest.Test(t, func(t *testing.T) {
			wait.Until(t.Context(), c.Now())
			node := testnet.NewNode(testnet.NodeConfig{Chain: c, Behaviour: fault.Make(1)})
			f(t, node, start(t, node, link.Shape{}))
			if node.Misdeeds() == 0 {
				t.Error("the node counts no misdeed")
			}
		})
	})
}

// ruleOf returns the rule that an error is about.
func ruleOf(err error) consensus.Rule {
	var broken *consensus.RuleError
	if errors.As(err, &broken) {
		return broken.Rule
	}
	return 0
}

func TestForgedHeadersBreakTheirRule(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 21})
	for name, want := range map[string]consensus.Rule{
		"header with bad work":   consensus.RuleProofOfWork,
		"header with bad bits":   consensus.RuleBits,
		"header with bad time":   consensus.RuleMedianTime,
		"header from the future": consensus.RuleFutureTime,
		"header with bad height": consensus.RuleHeight,
	} {
		withFaulty(t, c, name, func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
			cl := connect(t, n, 11)
			cl.greet()
			cl.send(getHeaders(chainhash.Hash{}, c.ID(200).Hash))
			batch, err := consensus.PrepareHeaders(c.Params(), payload(t, expect[*wire.MsgHeaders](cl)))
			if err == nil {
				err = consensus.CheckContext(c.Params(), c, &batch.Headers[len(batch.Headers)-1], time.Now())
			}
			if got := ruleOf(err); got != want {
				t.Errorf("broken rule: %v (%v)", got, err)
			}
		})
	}
}

func TestWrongFiltersBreakTheirRule(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 22})
	for name, want := range map[string]consensus.Rule{
		"wrong filter":                  consensus.RuleFilterProof,
		"right filter of another block": consensus.RuleFilterProof,
		"missing filter in a batch":     consensus.RuleFilterSet,
		"extra filter in a batch":       consensus.RuleFilterSet,
		"bad proof":                     consensus.RuleFilterProof,
	} {
		withFaulty(t, c, name, func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
			cl := connect(t, n, 11)
			cl.greet()
			for _, from := range []consensus.Height{1, 201, 300} {
				to := min(from+99, c.Height())
				cl.send(&wire.MsgGetCFsV2{StartHash: c.ID(from).Hash, EndHash: c.ID(to).Hash})
				got := payload(t, expect[*wire.MsgCFiltersV2](cl))
				if _, err := consensus.ProveFilters(c.Params(), targets(c, from, to), got); ruleOf(err) != want {
					t.Errorf("broken rule for %d to %d: %v", from, to, err)
				}
			}
		})
	}
}

func TestWrongBlocksBreakTheirRule(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 23})
	for name, want := range map[string]consensus.Rule{
		"wrong blocks":                   consensus.RuleMerkleRoot,
		"blocks that were not requested": consensus.RuleBlockHeader,
	} {
		withFaulty(t, c, name, func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
			cl := connect(t, n, 11)
			cl.greet()
			hash := c.ID(250).Hash
			ask := wire.NewMsgGetData()
			ask.AddInvVect(wire.NewInvVect(wire.InvTypeBlock, &hash))
			cl.send(ask)
			err := consensus.CheckBlock(c.Params(), c.At(250), expect[*wire.MsgBlock](cl))
			if got := ruleOf(err); got != want {
				t.Errorf("broken rule: %v", err)
			}
		})
	}
}

func TestWithheldDataIsMissed(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 24})
	ask := wire.NewMsgGetData()
	hash := c.ID(250).Hash
	ask.AddInvVect(wire.NewInvVect(wire.InvTypeBlock, &hash))
	withFaulty(t, c, "withheld tip", func(t *testing.T, node *testnet.Node, n *testnet.Network) {
		cl := connect(t, n, 11)
		cl.greet()
		got := cl.headers(chainhash.Hash{}, c.ID(290).Hash)
		if n := len(got); n != 7 {
			t.Errorf("%d of the ten newest headers came", n)
		}
		node.Extend(1)
		cl.expectSilence(time.Minute)
	})
	withFaulty(t, c, "withheld blocks", func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
		cl := connect(t, n, 11)
		cl.greet()
		cl.send(ask)
		expect[*wire.MsgNotFound](cl)
	})
	withFaulty(t, c, "silence about blocks", func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
		cl := connect(t, n, 11)
		cl.greet()
		cl.send(ask)
		cl.expectSilence(time.Minute)
	})
	withFaulty(t, c, "late filters", func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
		cl := connect(t, n, 11)
		cl.greet()
		get := &wire.MsgGetCFsV2{StartHash: c.ID(290).Hash, EndHash: c.Tip().Hash}
		cl.send(get)
		cl.expectSilence(time.Minute)
		cl.send(get)
		expect[*wire.MsgCFiltersV2](cl)
	})
}

func TestConnectionsEndAtEveryMessage(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 25})
	withFaulty(t, c, "disconnect at every message boundary", func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
		for sent := range 4 {
			cl := connect(t, n, 11)
			cl.send(&wire.MsgVersion{ProtocolVersion: 11, Timestamp: time.Now(), Nonce: 1})
			cl.expectEnd(time.Minute)
			if got := len(cl.got); got != sent {
				t.Errorf("connection %d ended after %d messages", sent+1, got)
			}
		}
	})
}

func TestNeverEndingHeadersBeginAnew(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 2500, Seed: 26})
	withFaulty(t, c, "never-ending headers", func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
		cl := connect(t, n, 11)
		cl.greet()
		for range 3 {
			got := cl.headers(chainhash.Hash{}, c.ID(2000).Hash)
			if len(got) != wire.MaxBlockHeadersPerMsg || got[0].Height != 1 {
				t.Errorf("%d headers from %d on", len(got), got[0].Height)
			}
		}
	})
}

func TestBrokenStreamsCannotBeRead(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 300, Seed: 27})
	for _, name := range []string{"truncated message", "garbage", "oversize message", "silence after some messages"} {
		withFaulty(t, c, name, func(t *testing.T, _ *testnet.Node, n *testnet.Network) {
			cl := connect(t, n, 11)
			cl.send(&wire.MsgVersion{ProtocolVersion: 11, Timestamp: time.Now(), Nonce: 1})
			cl.send(wire.NewMsgVerAck())
			cl.send(wire.NewMsgInitState())
			answered := 0
			for range 60 {
				if _, err := wire.WriteMessageN(cl.conn, wire.NewMsgPing(1), 11, wire.SimNet); err != nil {
					break
				}
				<-time.After(time.Second)
				synctest.Wait()
			}
			for _, msg := range cl.got {
				if _, ok := msg.(*wire.MsgPong); ok {
					answered++
				}
			}
			if answered >= 60 {
				t.Error("every ping was answered")
			}
		})
	}
}

func TestFaultsAreNamed(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range testnet.Faults() {
		if f.Name == "" || seen[f.Name] || f.Make == nil || f.Verdict.String() == "unknown" {
			t.Errorf("fault %q has no name or behaviour of its own", f.Name)
		}
		seen[f.Name] = true
	}
}
