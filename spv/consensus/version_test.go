package consensus

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// versions returns a chain whose blocks have the given block versions.
func versions(v ...int32) branch {
	chain := make(branch, len(v))
	for i := range v {
		chain[i].put32(offHeight, uint32(i))
		chain[i].put32(offVersion, uint32(v[i]))
	}
	return chain
}

// runsOf is a branch that knows of runs, and not always of their whole length.
type runsOf struct {
	branch
	r *rand.Rand
}

func (b runsOf) VersionRun(h Height) int {
	n := 1
	for n <= int(h) && b.branch[int(h)-n].Version() == b.branch[h].Version() {
		n++
	}
	if b.r.IntN(3) == 0 {
		return 1 + b.r.IntN(n)
	}
	return n
}

func TestMajorityEqualsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	p := SimNet()
	yes := 0
	for range 3000 {
		v := make([]int32, 1+r.IntN(200))
		rare := 1 + r.IntN(60)
		for i := range v {
			v[i] = 5
			switch r.IntN(rare) {
			case 0:
				v[i] = 4
			case 1: // as in the upgrade of a network
				v[i] = v[max(0, i-1)]
			}
		}
		tip, n := Height(r.IntN(len(v))), uint64(r.IntN(int(p.ChainParams.BlockUpgradeNumToCheck)+1))
		found := uint64(0)
		for h := max(0, int(tip)+1-int(p.ChainParams.BlockUpgradeNumToCheck)); h <= int(tip); h++ {
			if v[h] >= 5 {
				found++
			}
		}
		chain := versions(v...)
		got, ok := majority(p, chain, tip, 5, n)
		if !ok || got != (found >= n) {
			t.Fatalf("%d of the last blocks up to %d, %d wanted: got %v, %v", found, tip, n, got, ok)
		}
		inRuns := runsOf{chain, r}
		if got, ok := majority(p, inRuns, tip, 5, n); !ok || got != (found >= n) {
			t.Fatalf("%d of the last blocks up to %d in runs, %d wanted: got %v, %v", found, tip, n, got, ok)
		}
		if got {
			yes++
		}
	}
	if yes < 300 || yes > 2700 {
		t.Errorf("%d of 3000 are majorities: the test is blind", yes)
	}
}

func TestOldVersionIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		newer  int // of the last 100 blocks
		window int
		header int32
		broken bool
	}{
		{"majority is newer", 75, 100, 7, true},
		{"one short of the majority", 74, 100, 7, false},
		{"chain too short for a majority", 74, 74, 7, false},
		{"chain just long enough", 75, 75, 7, true},
		{"same version as the majority", 100, 100, 8, false},
		{"version that nothing outdates", 100, 100, 12, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := make([]int32, tt.window)
			for i := range v {
				v[i] = 7
				if i < tt.newer {
					v[i] = 8
				}
			}
			if tt.header == 12 {
				for i := range v {
					v[i] = 13
				}
			}
			chain := versions(v...)
			h := versions(make([]int32, tt.window+1)...)[tt.window]
			h.put32(offVersion, uint32(tt.header))
			err := checkVersion(SimNet(), chain, &h)
			if tt.broken {
				wantRule(t, err, RuleVersion)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLateVersions holds which blocks may have a version that DCP0005 had
// outdated.
func TestLateVersions(t *testing.T) {
	header := func(height Height, version uint32) *Header {
		var h Header
		h.put32(offHeight, uint32(height))
		h.put32(offVersion, version)
		return &h
	}
	for _, tt := range []struct {
		p       *Params
		height  Height
		version uint32
		want    bool
	}{
		{TestNet3(), 323_282, 7, true},
		{TestNet3(), 323_283, 7, false},
		{TestNet3(), 323_282, 6, false},
		{MainNet(), 413_762, 6, false}, // not the block that is known
		{SimNet(), 100, 6, false},
	} {
		if got := lateVersion(tt.p, header(tt.height, tt.version)); got != tt.want {
			t.Errorf("%s: block %d of version %d: got %v", tt.p.ChainParams.Name, tt.height, tt.version, got)
		}
	}
}

func TestStakeVersionIsConstantInInterval(t *testing.T) {
	p := SimNet() // intervals of 112 blocks begin at 144, 256, …
	for _, tt := range []struct {
		name   string
		height Height
		blocks int32 // version of all blocks
		broken bool
	}{
		{"within", 257, 12, true},
		{"at the end", 367, 12, true},
		{"where one begins", 256, 12, false},
		{"where the next one begins", 368, 12, false},
		{"before the interval that begins with votes", 143, 12, true},
		{"before blocks had stake versions", 257, 2, false},
		{"before the parent had a majority", 52, 12, false},
		{"from its child on", 53, 12, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := make([]int32, tt.height+1)
			for i := range v[1:] {
				v[i+1] = tt.blocks
			}
			chain := versions(v...)
			h := &chain[tt.height]
			h.put32(offStakeVersion, 9)
			err := checkStakeVersion(p, chain, h, &chain[tt.height-1])
			if tt.broken {
				wantRule(t, err, RuleStakeVersion)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStakeVersionOfOldBlocks holds that blocks of a version without stake
// versions, and their children, are free in theirs.
func TestStakeVersionOfOldBlocks(t *testing.T) {
	p := SimNet()
	for _, old := range []Height{299, 300} {
		v := make([]int32, 301)
		for i := range v {
			v[i] = 12
		}
		v[old] = 2
		chain := versions(v...)
		chain[300].put32(offStakeVersion, 9)
		if err := checkStakeVersion(p, chain, &chain[300], &chain[299]); err != nil {
			t.Errorf("block %d is old: %v", old, err)
		}
	}
}

func TestVersionsOutOfReach(t *testing.T) {
	chain := &suffix{base: 1000, headers: make([]Header, 20)}
	var h Header
	h.put32(offHeight, 1020)
	if err := checkVersion(SimNet(), chain, &h); !errors.Is(err, ErrOutOfReach) {
		t.Errorf("got %v", err)
	}
}
