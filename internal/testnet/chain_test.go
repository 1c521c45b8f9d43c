package testnet_test

import (
	"bytes"
	"testing"

	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// generate returns a chain in memory.
func generate(t testing.TB, cfg testnet.Config) *testnet.Chain {
	t.Helper()
	c, err := testnet.Generate(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkHeaders checks every rule of every header up to the tip.
func checkHeaders(t *testing.T, c *testnet.Chain) {
	t.Helper()
	for h := consensus.Height(1); h <= c.Height(); h++ {
		header := c.At(h)
		hash := header.Hash()
		if err := consensus.CheckHeader(c.Params(), header, &hash); err != nil {
			t.Fatal(err)
		}
		if header.PrevBlock() != c.ID(h-1).Hash {
			t.Fatalf("header %d does not link to its parent", h)
		}
		if err := consensus.CheckContext(c.Params(), c, header, c.Now()); err != nil {
			t.Fatal(err)
		}
		if hash != c.ID(h).Hash {
			t.Fatalf("block %d has hash %v, chain says %v", h, hash, c.ID(h).Hash)
		}
	}
}

// checkBlocks checks every block and filter of a range.
func checkBlocks(t *testing.T, c *testnet.Chain, from, to consensus.Height) {
	t.Helper()
	for h := from; h <= to; h++ {
		block := c.Block(h)
		if err := consensus.CheckBlock(c.Params(), c.At(h), block); err != nil {
			t.Fatal(err)
		}
		if int(c.At(h).Size()) != block.SerializeSize() {
			t.Fatalf("block %d has %d bytes, its header says %d", h, block.SerializeSize(), c.At(h).Size())
		}
		want, err := blockcf2.Regular(block, c.PrevScripts(h))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(c.Filter(h), want.Bytes()) {
			t.Fatalf("filter %d is not that of its block", h)
		}
		if h >= c.Params().DCP0005 && c.At(h).StakeRoot() != want.Hash() {
			t.Fatalf("header %d does not commit to its filter", h)
		}
	}
}

func TestChainKeepsEveryRule(t *testing.T) {
	for _, test := range []struct {
		name   string
		params *consensus.Params
		blocks int
	}{
		{"simnet", consensus.SimNet(), 3000},
		{"eras", testnet.Eras(), 1500},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := generate(t, testnet.Config{Params: test.params, Blocks: test.blocks, Seed: 1})
			checkHeaders(t, c)
			checkBlocks(t, c, 1, 600)
		})
	}
}

func TestFiltersMatchThePlan(t *testing.T) {
	mine, yours := bytes.Repeat([]byte{0x51}, 30), bytes.Repeat([]byte{0x52}, 30)
	plan := testnet.Plan{}
	paid := plan.Pay(150, mine, 5e8)
	plan.Spend(170, paid, yours, 4e8)
	c := generate(t, testnet.Config{Blocks: 200, Seed: 2, Plan: plan})
	checkHeaders(t, c)
	checkBlocks(t, c, 140, 180)
	for h := consensus.Height(1); h <= c.Height(); h++ {
		filter, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, c.Filter(h))
		if err != nil {
			t.Fatal(err)
		}
		key := c.At(h).FilterKey()
		if got, want := filter.Match(key, mine), h == 150 || h == 170; got != want {
			t.Errorf("filter %d matches the script paid and spent: %v", h, got)
		}
		if got, want := filter.Match(key, yours), h == 170; got != want {
			t.Errorf("filter %d matches the script paid: %v", h, got)
		}
	}
}

func TestSameSeedSameChain(t *testing.T) {
	a := generate(t, testnet.Config{Blocks: 500, Seed: 7})
	if b := generate(t, testnet.Config{Blocks: 300, Seed: 7}).Extend(100).Extend(100); a.Tip() != b.Tip() {
		t.Errorf("a chain made at once ends at %v, in steps at %v", a.Tip(), b.Tip())
	}
	if b := generate(t, testnet.Config{Blocks: 500, Seed: 8}); a.ID(1) == b.ID(1) {
		t.Error("two seeds share a block")
	}
	const want = "f3ebde22502d9a82dbc96041bb2f833320d0ad75b67102efd5c6a096c18f7c03"
	if got := a.Tip().Hash.String(); got != want {
		t.Errorf("seed 7 ends at %s, want %s", got, want)
	}
}

func TestEarlyFiltersHashToTheParameters(t *testing.T) {
	c := generate(t, testnet.Config{Params: testnet.Eras(), Blocks: 400, Seed: 6})
	h := consensus.NewEarlyFilterHash()
	for i := range c.Params().DCP0005 {
		h.Add(c.Filter(i))
	}
	if err := h.Check(c.Params(), nil); err != nil {
		t.Error(err)
	}
	if err := h.Check(testnet.Eras(), nil); err == nil {
		t.Error("parameters that know no chain accept its early filters")
	}
}

func TestForks(t *testing.T) {
	trunk := generate(t, testnet.Config{Blocks: 400, Seed: 3})
	for _, at := range []consensus.Height{0, 1, 13, 250, 399, 400} {
		fork := trunk.Fork(at, 60, 99)
		if fork.ID(at) != trunk.ID(at) {
			t.Errorf("fork at %d does not share block %d", at, at)
		}
		if at < trunk.Height() && fork.ID(at+1) == trunk.ID(at+1) {
			t.Errorf("fork at %d shares block %d", at, at+1)
		}
		if fork.Height() != at+60 {
			t.Errorf("fork at %d ends at %d", at, fork.Height())
		}
		checkHeaders(t, fork)
		checkBlocks(t, fork, at+1, at+10)
		again := fork.Fork(at+30, 100, 100)
		checkHeaders(t, again)
		old := trunk.ID(min(at+1, trunk.Height()))
		if _, ok := fork.Find(&old.Hash); ok != (at == trunk.Height()) {
			t.Errorf("fork at %d finds a block of the trunk: %v", at, ok)
		}
		shared := fork.ID(at + 30)
		if h, ok := again.Find(&shared.Hash); !ok || h != at+30 {
			t.Errorf("fork of a fork does not find block %d", at+30)
		}
	}
}

func TestFiltersAreAsLargeAsOnTheMainNetwork(t *testing.T) {
	c := generate(t, testnet.Config{Blocks: 4000, Seed: 50})
	sum, largest := 0, 0
	for h := consensus.Height(1); h <= c.Height(); h++ {
		sum, largest = sum+len(c.Filter(h)), max(largest, len(c.Filter(h)))
	}
	if mean := sum / int(c.Height()); mean < 180 || mean > 230 {
		t.Errorf("filters have %d bytes on average", mean)
	}
	if largest < 2000 || largest > 13_000 {
		t.Errorf("the largest of 4,000 filters has %d bytes", largest)
	}
}
