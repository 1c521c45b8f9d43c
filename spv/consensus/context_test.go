package consensus

import (
	"errors"
	"testing"
	"time"
)

// unsolved returns a chain for which all rules hold except proof-of-work.
func unsolved(p *Params, blocks int, gaps ...int64) branch {
	chain := branch{p.Genesis()}
	for i := range blocks {
		chain = append(chain, nextHeader(p, chain, gaps[i%len(gaps)]))
	}
	return chain
}

func TestChainsPass(t *testing.T) {
	for _, tt := range []struct {
		p      *Params
		blocks int
		gaps   []int64
	}{
		{SimNet(), 700, []int64{1, 2, 1, 1, 3}},
		{MainNet(), 4500, []int64{290, 300, 310, 1, 700}},
		{TestNet3(), 3500, []int64{119, 80, 100, 601}},
	} {
		chain := unsolved(tt.p, tt.blocks, tt.gaps...)
		now := after(chain.tip())
		for i := range chain[1:] {
			h := &chain[i+1]
			if err := checkStake(tt.p, h); err != nil {
				t.Fatal(err)
			}
			if err := CheckContext(tt.p, chain[:i+1], h, now); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestMinedChainPasses(t *testing.T) {
	p := SimNet()
	chain := grow(t, p, branch{p.Genesis()}, 400, 1, 2, 1, 1, 3)
	batch, err := PrepareHeaders(p, headersPayload(chain[1:]))
	if err != nil {
		t.Fatal(err)
	}
	for i := range batch.Headers {
		if got := chain[i+1].Hash(); batch.Hashes[i] != got {
			t.Fatalf("hash of header %d: got %v, want %v", i+1, batch.Hashes[i], got)
		}
	}
}

func TestCheckContextNamesTheBrokenRule(t *testing.T) {
	p := SimNet()
	chain := unsolved(p, 300, 1)
	tip := chain.tip()
	median := uint32(MedianTime(chain, tip.Height()))
	for _, tt := range []struct {
		name   string
		change func(h *Header)
		want   Rule
	}{
		{"height repeats", func(h *Header) { h.put32(offHeight, 300) }, RuleHeight},
		{"median time", func(h *Header) { h.put32(offTimestamp, median) }, RuleMedianTime},
		{"future", func(h *Header) { h.put32(offTimestamp, uint32(tip.Timestamp()+3600+7200+1)) }, RuleFutureTime},
		{"easier", func(h *Header) { h.put32(offBits, h.Bits()+1) }, RuleBits},
		{"harder", func(h *Header) { h.put32(offBits, h.Bits()-1) }, RuleBits},
		{"cheaper tickets", func(h *Header) { h.put64(offSBits, h.sBits()-1) }, RuleSBits},
		{"dearer tickets", func(h *Header) { h.put64(offSBits, h.sBits()+1) }, RuleSBits},
		{"more tickets", func(h *Header) { h.put32(offPoolSize, h.PoolSize()+1) }, RulePoolSize},
		{"fewer tickets", func(h *Header) { h.put32(offPoolSize, h.PoolSize()-1) }, RulePoolSize},
		{"old version", func(h *Header) { h.put32(offVersion, 11) }, RuleVersion},
		{"stake version", func(h *Header) { h.put32(offStakeVersion, 1) }, RuleStakeVersion},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := nextHeader(p, chain, 1)
			if err := CheckContext(p, chain, &h, after(tip)); err != nil {
				t.Fatal(err)
			}
			tt.change(&h)
			a := Ancestors(chain)
			if tt.want == RuleHeight {
				a = renumbered{chain}
			}
			wantRule(t, CheckContext(p, a, &h, after(tip)), tt.want)
		})
	}
}

// renumbered has the tip of a chain one height further down as well, so that a
// header that repeats the height of its parent finds it.
type renumbered struct{ branch }

func (r renumbered) At(h Height) *Header {
	if h == r.tip().Height()-1 {
		return r.tip()
	}
	return r.branch.At(h)
}

// TestTimeLimits holds both limits to the second.
func TestTimeLimits(t *testing.T) {
	p := SimNet()
	chain := unsolved(p, 20, 10)
	median := MedianTime(chain, 20)
	now := chain.tip().Time().Add(500 * time.Millisecond)
	for _, tt := range []struct {
		time int64
		want Rule
	}{
		{median, RuleMedianTime},
		{median + 1, 0},
		{now.Unix() + 7200, 0},
		{now.Unix() + 7201, RuleFutureTime},
	} {
		h := nextHeader(p, chain, tt.time-chain.tip().Timestamp())
		switch err := CheckContext(p, chain, &h, now); {
		case tt.want != 0:
			wantRule(t, err, tt.want)
		case err != nil:
			t.Error(err)
		}
	}
}

// TestSpacingOfTestNet holds the brake at the greatest difficulty of the test
// network.
func TestSpacingOfTestNet(t *testing.T) {
	for _, tt := range []struct {
		name   string
		p      *Params
		height Height
		bits   uint32
		gap    int64
		broken bool
	}{
		{"fast at the cap", TestNet3(), 962_928, 0x1d03ffff, 59, true},
		{"a minute", TestNet3(), 962_928, 0x1d03ffff, 60, false},
		{"fast below the cap", TestNet3(), 962_928, 0x1d040000, 1, false},
		{"fast before the cap", TestNet3(), 962_927, 0x1d03ffff, 1, false},
		{"fast with ASERT", TestNet3(), 1_500_000, 0x1d03ffff, 59, true},
		{"fast on the main network", MainNet(), 1_000_000, 0x1b000001, 1, false},
	} {
		var parent, h Header
		parent.put32(offTimestamp, 1_600_000_000)
		h.put32(offHeight, uint32(tt.height))
		h.put32(offBits, tt.bits)
		h.put32(offTimestamp, uint32(1_600_000_000+tt.gap))
		switch err := checkSpacing(tt.p, &h, &parent); {
		case tt.broken:
			wantRule(t, err, RuleSpacing)
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestReachIsEnough takes all headers but those that Ancestors promises out of
// reach, at heights where every window is at its longest; with one less, some
// rule does not find what it needs.
func TestReachIsEnough(t *testing.T) {
	for _, p := range []*Params{MainNet(), TestNet3(), SimNet()} {
		chain := unsolved(p, 8640, int64(p.ChainParams.TargetTimePerBlock/time.Second))
		reach := Reach(p)
		failed := false
		for tip := len(chain) - 160; tip < len(chain); tip++ {
			h := &chain[tip]
			a := pinned{suffix{Height(tip - reach), chain[tip-reach : tip]}, chain[:2]}
			if err := CheckContext(p, &a, h, after(h)); err != nil {
				t.Fatalf("%s: %v", p.ChainParams.Name, err)
			}
			a.base, a.headers = a.base+1, a.headers[1:]
			err := CheckContext(p, &a, h, after(h))
			if err != nil && !errors.Is(err, ErrOutOfReach) {
				t.Fatalf("%s: %v", p.ChainParams.Name, err)
			}
			failed = failed || err != nil
		}
		// On the simulation network the longest window is that of block versions,
		// which only old versions make it look through.
		if !failed && p.ChainParams.Name != "simnet" {
			t.Errorf("%s: no rule needs %d headers", p.ChainParams.Name, reach)
		}
	}
}

// pinned is a suffix with the blocks up to the anchor of ASERT.
type pinned struct {
	suffix
	first branch
}

func (a *pinned) At(h Height) *Header {
	if block := a.first.At(h); block != nil {
		return block
	}
	return a.suffix.At(h)
}

func TestOutOfReachIsNoFault(t *testing.T) {
	p := SimNet()
	chain := unsolved(p, 100, 1)
	for n := range 99 { // the anchor is block one
		h := &chain[100]
		err := CheckContext(p, &suffix{Height(100 - n), chain[100-n : 100]}, h, after(h))
		if !errors.Is(err, ErrOutOfReach) {
			t.Fatalf("%d headers in reach: %v", n, err)
		}
	}
}
