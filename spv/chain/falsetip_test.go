package chain

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

var updateDocs = flag.Bool("updatedocs", false, "write the computed tables into docs/security.md")

// schedule is a block one above the anchor of DCP0011: all that the rule reads.
type schedule struct {
	anchor consensus.Height
	blocks [2]consensus.Header
}

func (s *schedule) At(h consensus.Height) *consensus.Header { return &s.blocks[h-s.anchor] }

// bitsAfter returns the target of a block whose parent comes so many seconds and blocks
// after the anchor. The rule depends only on how far the parent is behind its schedule.
func bitsAfter(p *consensus.Params, seconds, blocks int64) uint32 {
	const start = 1 << 30
	spacing := int64(p.ChainParams.TargetTimePerBlock / time.Second)
	s := schedule{anchor: p.ASERTAnchor}
	binary.LittleEndian.PutUint32(s.blocks[0][offTimestamp:], start)
	parent := s.blocks[1][:]
	binary.LittleEndian.PutUint32(parent[offHeight:], uint32(p.ASERTAnchor+1))
	binary.LittleEndian.PutUint32(parent[offTimestamp:], uint32(start+spacing+seconds-blocks*spacing))
	return consensus.NextBits(p, &s, p.ASERTAnchor+1, 0)
}

// forge reckons what a branch on the main network costs that leaves the chain some time
// ago. Its times are the attacker's choice.
type forge struct {
	p       *consensus.Params
	ago     int64 // seconds from the fork to now
	spacing int64
	real    *big.Float // work of a block of the chain
}

func newForge(days int64) forge {
	p := consensus.MainNet()
	f := forge{p: p, ago: days * 86_400, spacing: int64(p.ChainParams.TargetTimePerBlock / time.Second)}
	f.real = f.work(0, 0)
	return f
}

// work returns that of the block after one which is so many blocks and seconds above the
// fork, by the rule of DCP0011.
func (f forge) work(blocks, seconds int64) *big.Float {
	w := consensus.Work(bitsAfter(f.p, seconds, blocks))
	return new(big.Float).SetInt(w.ToBig())
}

// inReal returns work in blocks of the chain.
func (f forge) inReal(work *big.Float) float64 {
	v, _ := new(big.Float).Quo(work, f.real).Float64()
	return v
}

// atOnce returns how many blocks can be mined for the work of so many blocks of the chain,
// at most as many as the chain has gained since the fork, when the first of them has
// the time of now. The rules let each of the next come a second later.
func (f forge) atOnce(budget float64) (n int64) {
	spent := new(big.Float)
	for ; n < f.ago/f.spacing; n++ {
		t := int64(0)
		if n > 0 {
			t = f.ago + n
		}
		spent.Add(spent, f.work(n, t))
		if f.inReal(spent) > budget {
			break
		}
	}
	return n
}

// unseen returns the work, in blocks of the chain, of the cheapest branch with a new tip of
// which none of the newest 2,016 blocks, nor the one to come, is more than MaxEasing times
// easier than the chain at the fork. The first block costs all. Those before the newest
// 2,016 are mined at once, with the times of when these begin; these then come at an even
// pace, as late as they may.
func (f forge) unseen() float64 {
	late := int64(0)
	base := bitsAfter(f.p, 0, 0)
	for consensus.TimesEasier(bitsAfter(f.p, late+60, 0), base) <= f.p.MaxEasing && late < f.ago {
		late += 60
	}
	begin := max(f.ago-easingBlocks*f.spacing, late)
	hidden := (begin - late) / f.spacing // blocks before the newest ones
	spent := f.work(0, 0)
	for n := int64(1); n <= hidden; n++ {
		spent.Add(spent, f.work(n, begin-hidden+n))
	}
	for n, t := hidden+1, begin+f.spacing; t < f.ago; n, t = n+1, t+f.spacing {
		spent.Add(spent, f.work(n, t))
	}
	return f.inReal(spent)
}

// falseTipTable is what docs/security.md says about the price of a false tip.
func falseTipTable() string {
	var b strings.Builder
	fmt.Fprintln(&b, "| days since the fork | blocks of the chain since | blocks for the work of 1.1 of them | "+
		"for that of 2 | work of the cheapest branch that is called synced |")
	fmt.Fprintln(&b, "|---|---|---|---|---|")
	for _, days := range []int64{1, 3, 7, 14, 30, 90} {
		f := newForge(days)
		fmt.Fprintf(&b, "| %d | %d | %d | %d | %.1f blocks |\n",
			days, f.ago/f.spacing, f.atOnce(1.1), f.atOnce(2), f.unseen())
	}
	return b.String()
}

// TestPriceOfAFalseTip holds that docs/security.md has the computed table.
func TestPriceOfAFalseTip(t *testing.T) {
	const file, begin, end = "../../docs/security.md", "<!-- false tip -->\n", "<!-- end -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	got, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no table between %q and %q", file, begin, end)
	}
	want := falseTipTable()
	if *updateDocs {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s: the table is not the computed one (go test ./spv/chain -run Price -updatedocs):\n%s", file, want)
	}
}

// TestPriceOfAFalseTipIsPaidByTheRules mines such branches on a small network, and holds
// that they pass the rules and cost what bitsAfter says.
func TestPriceOfAFalseTipIsPaidByTheRules(t *testing.T) {
	p, r := hardSimNet(), random(320)
	chain := newTestChain(t, p).mine(t, p, r, 200, 1, 1)
	cheap := chain.fork(100).mine(t, p, r, 1, 1, 99).mine(t, p, r, 60, 1, 1)
	anchor := chain.testBranch[p.ASERTAnchor]
	for h := consensus.Height(101); h <= cheap.height(); h++ {
		parent := cheap.testBranch[h-1]
		want := bitsAfter(p, parent.Timestamp()-anchor.Timestamp(), int64(h-1-p.ASERTAnchor))
		if got := cheap.testBranch[h].Bits(); got != want {
			t.Fatalf("block %d has target %08x, want %08x", h, got, want)
		}
	}
	c := testStore(t, p)
	cheap.feed(t, p, c, 0, 2000, 1)
	if c.Staged().Tip != cheap.id(cheap.height()) {
		t.Fatalf("tip %v", c.Staged().Tip)
	}
	chain.feed(t, p, c, 100, 2000, 2)
	if c.Staged().Tip != chain.id(200) {
		t.Fatalf("tip %v, want that of the chain with more work", c.Staged().Tip)
	}
}
