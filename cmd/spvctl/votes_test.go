package main

import (
	"strings"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// TestTxVerify holds what tx --verify prints and how it ends, for a payment that tickets
// have voted for, and for one that too few have.
func TestTxVerify(t *testing.T) {
	s := testnet.NewStakeholders(consensus.SimNet(), 7)
	c, err := s.Trunk(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	owner, plan := rpctest.NewOwner(t, 1), testnet.Plan{}
	at := c.Height() + 1
	good := plan.Pay(at, owner.Script(0, 0), 1e8).Hash.String()
	bad := plan.Pay(at+7, owner.Script(0, 1), 1e8).Hash.String()
	c = s.Grow(c, testnet.VotedBranch{At: c.Height(), Blocks: 8, Seed: 1, Plan: plan})
	c = s.Grow(c, testnet.VotedBranch{At: c.Height(), Blocks: 1, Seed: 1, Alter: func(_ *testnet.Chain, _ consensus.BlockID, real []*wire.MsgTx) []*wire.MsgTx {
		for _, vote := range real[:4] {
			vote.TxIn[1].SignatureScript[9] ^= 1
		}
		return real
	}})
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Chain: c, Xpub: owner.Xpub()})
	flags := daemon(t, d.Registry)
	for _, tt := range []struct {
		args string
		code int
		want []string
	}{
		{"tx " + good, 0, []string{"confirmations  9\namount"}},
		{"tx --verify " + good, 0, []string{"votes          5 verified for its block\n", "voted for      6 of its confirmations without a gap\n"}},
		{"tx " + good, 0, []string{"votes          5 verified for its block\n"}},
		{"job", 0, []string{"1000000001  default  votes   done"}},
		{"tx " + bad + " --verify", 1, []string{"votes          1 verified for its block\n", "1 missing: signature does not satisfy the voting script\n", "voted for      0 of"}},
		{"tx --verify", 2, nil},
	} {
		got := spvctl(t, "", append(flags, strings.Fields(tt.args)...)...)
		if got.code != tt.code {
			t.Errorf("%s: code %d, want %d: %+v", tt.args, got.code, tt.code, got)
		}
		for _, want := range tt.want {
			if !strings.Contains(got.out, want) {
				t.Errorf("%s does not print %q but\n%s%s", tt.args, want, got.out, got.err)
			}
		}
	}
}
