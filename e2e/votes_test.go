package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
)

// votedTx is the part of a line of listtransactions that tells of votes.
type votedTx struct {
	TxID          string
	BlockHash     string
	BlockHeight   int64
	VotesVerified *int64
}

// testVotes: the daemon verifies the votes of real tickets for every block of a real chain,
// which pays the wallet in each; and after blocks with every kind of ballot and a
// reorganisation, those of the blocks that are there then.
func (s *stage) testVotes(t *testing.T) {
	a, b := s.newNode(t), s.newNode(t)
	minerA, minerB := s.newMiner(t, a), s.newMiner(t, b)
	d := s.startDaemonWith(t, t.TempDir(), []string{"--verifyvotes=0.1"}, a.Addr())
	addr, err := miner.Address()
	if err != nil {
		t.Fatal(err)
	}
	awaitTip(t, d, a) // before, the store may not be open yet
	if err := d.Call(t.Context(), "importaddress", nil, addr); err != nil {
		t.Fatal(err)
	}
	awaitTip(t, d, a)
	if n := awaitVotes(t, d, a); n < chainHeight-150 {
		t.Errorf("the votes for %d blocks were verified", n)
	}

	// One ticket does not vote, then a block is disapproved, then all is as usual.
	left := 1
	ballots := []miner.Ballot{
		{Withhold: func(chainhash.Hash) bool { left--; return left >= 0 }},
		{Disapprove: true},
		{},
	}
	for _, ballot := range ballots {
		if _, err := minerA.MineWith(t.Context(), ballot); err != nil {
			t.Fatal(err)
		}
	}
	awaitTip(t, d, a)
	awaitVotes(t, d, a)

	extend(t, minerB, 5)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, a, b)
	awaitTip(t, d, b)
	awaitVotes(t, d, b)
	var st struct{ Warnings []struct{ Code, Text string } }
	if err := d.Call(t.Context(), "syncstatus", &st); err != nil {
		t.Fatal(err)
	}
	for _, w := range st.Warnings {
		if w.Code != "deep-reorg" {
			t.Errorf("a warning where every vote is real: %+v", w)
		}
	}
}

// awaitVotes waits until the votes behind each transaction of the wallet are verified that
// can be, as long as more and more of them are, and compares their number with the votes of the
// node's blocks. It returns the number of these blocks.
func awaitVotes(t *testing.T, d *daemon.Daemon, n *node.Node) int {
	t.Helper()
	tip, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[int64]int64) // approving votes by the height of the block they are for
	for ctx, most := deadline(t), 0; ; {
		var lines []votedTx
		if err := d.Call(t.Context(), "listtransactions", &lines, "*", 100_000); err != nil {
			t.Fatal(err)
		}
		wrong, right := "", 0
		for _, line := range lines {
			if line.BlockHash == "" || line.BlockHeight < chaincfg.SimNetParams().StakeValidationHeight-1 || line.BlockHeight >= tip.Height {
				continue
			}
			h := line.BlockHeight
			if _, ok := want[h]; !ok {
				want[h] = approving(t, n, h)
			}
			if line.VotesVerified == nil || *line.VotesVerified != want[h] {
				wrong = fmt.Sprintf("transaction %s in block %d has %v verified votes, the node's block has %d for it", line.TxID, h, line.VotesVerified, want[h])
				if line.VotesVerified != nil {
					wrong += fmt.Sprintf(" (got %d)", *line.VotesVerified)
				}
				continue
			}
			right++
		}
		if wrong == "" {
			return len(want)
		}
		if right > most { // hundreds of blocks are verified, which takes as long as it takes
			ctx, most = deadline(t), right
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal(wrong)
		}
	}
}

// approving returns how many votes in the block after a height approve of the block there,
// as dcrd reads them.
func approving(t *testing.T, n *node.Node, h int64) (count int64) {
	t.Helper()
	hash, err := n.Hash(t.Context(), h+1)
	if err != nil {
		t.Fatal(err)
	}
	block, err := n.Block(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	for _, tx := range block.STransactions {
		if stake.IsSSGen(tx) && stake.SSGenVoteBits(tx)&1 != 0 {
			count++
		}
	}
	return count
}
