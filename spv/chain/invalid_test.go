package chain

import (
	"errors"
	"slices"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// TestInvalidBlockIsLeft: the chain leaves an invalid block for the best other branch,
// or the block before, and does not come back, also after a restart.
func TestInvalidBlockIsLeft(t *testing.T) {
	for _, withOther := range []bool{true, false} {
		p, r := consensus.SimNet(), random(31)
		blocks := newTestChain(t, p).mine(t, p, r, 40, 10, 1)
		cfg := Config{Path: t.TempDir() + "/chain.db", Params: p}
		c, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Extend(blocks.batch(t, p, 1, 40), 1, blocks.now()); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, c)
		side := blocks.fork(25).mine(t, p, r, 10, 10, 1)
		onIt := blocks.fork(35).mine(t, p, r, 3, 10, 1) // a branch above the invalid block
		want := blocks.id(29)
		if withOther {
			if _, err := c.Extend(side.batch(t, p, 26, 35), 2, side.now()); err != nil {
				t.Fatal(err)
			}
			want = side.id(35)
		}
		if _, err := c.Extend(onIt.batch(t, p, 36, 38), 3, onIt.now()); err != nil {
			t.Fatal(err)
		}
		re, err := c.Invalidate(blocks.id(30))
		if err != nil || re == nil || re.From != blocks.id(40) || re.To != want || c.Staged().Tip != want {
			t.Fatalf("with another branch %v: got %+v (%v), want %v", withOther, re, err, want)
		}
		fork := consensus.Height(29)
		if withOther {
			fork = 25
		}
		if re.Fork != blocks.id(fork) || len(re.Reverted) != int(40-fork) || re.Reverted[0] != blocks.id(40) || !slices.IsSortedFunc(re.Reverted, func(a, b consensus.BlockID) int { return int(b.Height - a.Height) }) {
			t.Errorf("with another branch %v: %+v", withOther, re)
		}
		mustFlush(t, c)
		if c.State().Tip != want {
			t.Errorf("readers see %v", c.State().Tip)
		}
		if err := errors.Join(c.Check(t.Context()), c.Close()); err != nil {
			t.Fatal(err)
		}
		if c, err = Open(cfg); err != nil {
			t.Fatal(err)
		}
		if !withOther {
			_, err = c.Extend(blocks.batch(t, p, 30, 40), 1, blocks.now())
			wantRule(t, err, consensus.RuleInvalid)
		}
		more := side.mine(t, p, r, 30, 10, 1)
		if _, err := c.Extend(more.batch(t, p, 26, 65), 2, more.now()); err != nil || c.Staged().Tip != more.id(65) {
			t.Errorf("after a restart: %v (%v)", c.Staged().Tip, err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
