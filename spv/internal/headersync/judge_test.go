package headersync

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// newTestJudge returns a judge, the main chain that it is given, and the peers that it reports.
func newTestJudge() (*judge, *chain.State, *fakePeers) {
	p := &fakePeers{}
	staged := &chain.State{Tip: consensus.BlockID{Height: 100, Hash: [32]byte{1}}}
	staged.Work.SetUint64(1000)
	return newJudge(Deps{Params: consensus.SimNet(), Peers: p, Log: slog.New(slog.DiscardHandler)}), staged, p
}

// breaks returns a broken rule of the block after the tip.
func breaks(staged *chain.State, rule consensus.Rule) *consensus.RuleError {
	return &consensus.RuleError{Rule: rule, Block: consensus.BlockID{Height: 101, Hash: [32]byte{2}}, Parent: staged.Tip.Hash}
}

// TestADisputeLastsUntilAnotherChainHasMoreWork has peers of two networks with a block that breaks
// a rule: the one that was accused first is acquitted, and both are accused in the end.
func TestADisputeLastsUntilAnotherChainHasMoreWork(t *testing.T) {
	j, staged, p := newTestJudge()
	broken := breaks(staged, consensus.RuleBits)
	j.refuse(1, "a", broken, staged, &staged.Work)
	if j.disputedRule() != nil || !slices.Equal(p.accused, []p2p.PeerID{1}) {
		t.Fatalf("with one peer: %v is disputed, accused %v", j.disputedRule(), p.accused)
	}
	j.refuse(2, "b", broken, staged, &staged.Work)
	if j.disputedRule() != broken || len(p.accused) != 1 || !slices.Equal(p.acquitted, []p2p.PeerID{1, 2}) {
		t.Fatalf("with two: %v is disputed, accused %v, acquitted %v", j.disputedRule(), p.accused, p.acquitted)
	}
	j.endDispute(&staged.Work)
	if j.disputedRule() == nil {
		t.Error("the dispute has ended with the same work")
	}
	more := new(uint256.Uint256).SetUint64(1001)
	j.endDispute(more)
	if j.disputedRule() != nil || !slices.Equal(p.accused, []p2p.PeerID{1, 1, 2}) {
		t.Errorf("in the end %v is disputed, accused %v", j.disputedRule(), p.accused)
	}
}

// TestABlockFromTheFutureAccusesNoPeer has a block whose time is ahead of our clock.
func TestABlockFromTheFutureAccusesNoPeer(t *testing.T) {
	j, staged, p := newTestJudge()
	j.refuse(1, "a", breaks(staged, consensus.RuleFutureTime), staged, &staged.Work)
	if !slices.Equal(j.future, []consensus.Height{101}) || len(p.accused) > 0 {
		t.Errorf("blocks from the future: %v, accused %v", j.future, p.accused)
	}
	if j.refusals.any() == nil {
		t.Error("nothing is refused")
	}
	if j.accepted(1, 100); j.refusals.any() != nil {
		t.Error("accepted headers are refused")
	}
}
