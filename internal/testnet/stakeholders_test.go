package testnet_test

import (
	"testing"

	"github.com/decred/dcrd/blockchain/stake/v5"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// TestRealVotes has dcrd's packages recognise the votes and tickets of stakeholders, and
// the chain's rules accept their headers, in a branch and in one that leaves it.
func TestRealVotes(t *testing.T) {
	p := consensus.SimNet()
	s := testnet.NewStakeholders(p, 7)
	const start = 150
	plan := make(testnet.Plan)
	s.Buy(plan, start-s.Age(), start)
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: start, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	c = s.Grow(c, testnet.VotedBranch{At: start, Blocks: 30, Seed: 1})
	fork := s.Grow(c, testnet.VotedBranch{At: start + 20, Blocks: 30, Seed: 2})
	for _, c := range []*testnet.Chain{c, fork} {
		for h := consensus.Height(start + 1); h <= c.Height(); h++ {
			b := c.Block(h)
			if b.BlockHash() != c.ID(h).Hash {
				t.Fatalf("block %d is made again as another one", h)
			}
			if err := consensus.CheckBlock(p, c.At(h), b); err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, tx := range b.STransactions {
				if stake.IsSSGen(tx) {
					n++
					if hash, height := stake.SSGenBlockVotedOn(tx); hash != c.ID(h-1).Hash || height != uint32(h-1) {
						t.Fatalf("block %d has a vote for block %d", h, height)
					}
				}
			}
			if n != int(p.ChainParams.TicketsPerBlock) || n != int(b.Header.Voters) {
				t.Fatalf("block %d has %d votes, its header counts %d", h, n, b.Header.Voters)
			}
		}
	}
}
