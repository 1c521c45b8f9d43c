package method

import (
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// TestStakeOfALeftTip: what getstakeinfo says about the block that the wallet is at follows from
// the chain of that block, also while the wallet has not left it yet.
func TestStakeOfALeftTip(t *testing.T) {
	was, err := testnet.Generate(t.Context(), testnet.Config{Seed: 4, Blocks: 420})
	if err != nil {
		t.Fatal(err)
	}
	is := was.Outgrow(380, 5)
	p := was.Params()
	store, err := chain.Open(chain.Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, c := range []*testnet.Chain{was, is} {
		batch, err := consensus.PrepareHeaders(p, c.Headers(1, c.Height()).Bytes())
		if err == nil {
			_, err = store.Extend(batch, 1, c.Now())
		}
		if err == nil {
			err = store.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []*testnet.Chain{was, is} {
		for h := c.Height() - 4; h <= c.Height(); h++ {
			got, err := stakeOf(p, store, c.ID(h))
			if err != nil || int64(got.Difficulty) != consensus.NextSBits(p, c, h) || got.PoolSize != c.At(h).PoolSize() || got.BlockHeight != int64(h) {
				t.Errorf("block %d: %+v (%v), want %d and %d", h, got, err, consensus.NextSBits(p, c, h), c.At(h).PoolSize())
			}
		}
	}
	if _, err := stakeOf(p, store, consensus.BlockID{Height: 3}); err == nil {
		t.Error("a block that never was has stake information")
	}
}
