package e2e

import (
	"testing"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
)

// testChain: the chain all tests begin with is of the kind they claim it is.
func (s *stage) testChain(t *testing.T) {
	n := s.newNode(t)
	params := chaincfg.SimNetParams()
	tip, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tip.Height != chainHeight {
		t.Fatalf("height %d, want %d", tip.Height, chainHeight)
	}
	var found miner.Count
	for height := int64(1); height <= chainHeight; height++ {
		hash, err := n.Hash(t.Context(), height)
		if err != nil {
			t.Fatal(err)
		}
		block, err := n.Block(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		votes := 0
		for _, tx := range block.STransactions {
			switch stake.DetermineTxType(tx) {
			case stake.TxTypeSSGen:
				votes++
			case stake.TxTypeSStx:
				found.Tickets++
			}
		}
		want := 0
		if height >= params.StakeValidationHeight {
			want = int(params.TicketsPerBlock)
		}
		if votes != want {
			t.Errorf("block %d has %d votes, want %d", height, votes, want)
		}
		found.Blocks++
		found.Votes += votes
		if votes > 0 {
			found.Voted++
		}
		found.Payments += len(block.Transactions) - 1
	}
	if found != s.count {
		t.Errorf("the chain holds %+v, the miner counted %+v", found, s.count)
	}
}

// testNodesReorganise: two nodes that mine apart agree on the longer branch
// when they meet, and either miner can go on from there.
func (s *stage) testNodesReorganise(t *testing.T) {
	a, b := s.newNode(t), s.newNode(t)
	minerA, minerB := s.newMiner(t, a), s.newMiner(t, b)
	extend(t, minerA, 3)
	extend(t, minerB, 4)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, a, b)
	extend(t, minerA, 2)
	agree(t, b, a)
	extend(t, minerB, 2)
	agree(t, a, b)

	if err := a.Unlink(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	extend(t, minerA, 2)
	extend(t, minerB, 1)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, b, a)
}

// extend mines blocks.
func extend(t *testing.T, m *miner.Miner, blocks int) {
	t.Helper()
	if _, err := m.Mine(t.Context(), blocks); err != nil {
		t.Fatal(err)
	}
}

// agree waits until a node has the tip of another one.
func agree(t *testing.T, n, with *node.Node) {
	t.Helper()
	tip, err := with.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Reach(deadline(t), tip); err != nil {
		t.Fatalf("%v\n%s", err, n.Output())
	}
}
