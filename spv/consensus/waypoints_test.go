package consensus

import (
	"math/big"
	"slices"
	"strings"
	"testing"
)

const someHash = "000000000000437482b6d47f82f374cde539440ddb108b0a76886f0d87d126b9"

func TestWaypointsOfNetworks(t *testing.T) {
	for _, tt := range []struct {
		p    *Params
		n    int
		some BlockID // one that the consensus rules themselves name
	}{
		{MainNet(), 65, BlockID{794_367, mustHash("0000000000000000c293d8c67409d05e960447ea25cdaf770e864d995c764ef0")}},
		{TestNet3(), 33, BlockID{962_928, mustHash("0000004fd1b267fd39111d456ff557137824538e6f6776168600e56002e23b93")}},
	} {
		w := tt.p.Waypoints
		if len(w) != tt.n || !slices.Contains(w, tt.some) {
			t.Errorf("%s: got %d waypoints, with %v: %v", tt.p.ChainParams.Name, len(w), tt.some, slices.Contains(w, tt.some))
		}
		if !slices.ContainsFunc(w, func(id BlockID) bool { return id.Hash == tt.p.ChainParams.AssumeValid }) {
			t.Errorf("%s: the block that is assumed valid is not among them", tt.p.ChainParams.Name)
		}
	}
}

func TestCheckWaypoint(t *testing.T) {
	p := MainNet()
	for _, w := range p.Waypoints {
		if err := CheckWaypoint(p, w); err != nil {
			t.Error(err)
		}
		if err := CheckWaypoint(p, BlockID{w.Height + 2, w.Hash}); err != nil {
			t.Errorf("between waypoints: %v", err)
		}
		w.Hash[31] ^= 1
		wantRule(t, CheckWaypoint(p, w), RuleWaypoint)
	}
	if err := CheckWaypoint(SimNet(), BlockID{}); err != nil {
		t.Errorf("without waypoints: %v", err)
	}
}

func TestParseWaypoints(t *testing.T) {
	text := "# facts\n\n  7 " + someHash + "\r\n2147483647\t" + someHash
	got, err := ParseWaypoints("x.txt", []byte(text))
	want := []BlockID{{7, mustHash(someHash)}, {Never, mustHash(someHash)}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParseWaypointsNamesTheLine(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"1 " + someHash + "\n2\n", "x.txt:2: want a height and a hash, got 1 words"},
		{"# a\n# b\n1 " + someHash + " 3", "x.txt:3: want a height and a hash, got 3 words"},
		{"-1 " + someHash, "x.txt:1: height: "},
		{"2147483648 " + someHash, "x.txt:1: height: "},
		{"0x10 " + someHash, "x.txt:1: height: "},
		{"1 " + someHash[1:], "x.txt:1: hash "},
		{"1 " + someHash + "0", "x.txt:1: hash "},
		{"1 g" + someHash[1:], "x.txt:1: hash "},
		{"5 " + someHash + "\n5 " + someHash, "x.txt:2: height 5 does not come after 5"},
		{"5 " + someHash + "\n4 " + someHash, "x.txt:2: height 4 does not come after 5"},
	} {
		if _, err := ParseWaypoints("x.txt", []byte(tt.text)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestKnownWork(t *testing.T) {
	some := "# facts\n7 " + someHash + "\nwork 00ff\n"
	known, err := ParseKnown("x.txt", []byte(some))
	if err != nil || len(known.Waypoints) != 1 || known.Work.Int64() != 255 {
		t.Fatalf("got %+v, %v", known, err)
	}
	least := MainNet().ChainParams.MinKnownChainWork
	for _, tt := range []struct {
		p    *Params
		work *big.Int
		want *big.Int
	}{
		{MainNet(), big.NewInt(255), least},
		{MainNet(), new(big.Int).Lsh(least, 1), new(big.Int).Lsh(least, 1)},
		{MainNet(), nil, least},
		{SimNet(), big.NewInt(255), big.NewInt(255)},
	} {
		before := tt.p.ChainParams
		Known{known.Waypoints, tt.work}.Apply(tt.p)
		if tt.p.ChainParams.MinKnownChainWork.Cmp(tt.want) != 0 || len(tt.p.Waypoints) != 1 {
			t.Errorf("%s with work %v: %v, %v", tt.p.ChainParams.Name, tt.work, tt.p.ChainParams.MinKnownChainWork, tt.p.Waypoints)
		}
		if tt.want.Cmp(least) != 0 && before == tt.p.ChainParams {
			t.Errorf("%s: the parameters of others were changed", tt.p.ChainParams.Name)
		}
	}
	for _, bad := range []string{"work", "work 1 2", "work x", "work 0", "work -1", "work 1\nwork 2", "work 1" + strings.Repeat("0", 64)} {
		if _, err := ParseKnown("x.txt", []byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "x.txt:") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
