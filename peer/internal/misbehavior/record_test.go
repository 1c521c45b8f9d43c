package misbehavior

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
)

// begin is the time at which the tests begin.
var begin = time.Unix(1_700_000_000, 0)

// TestScoresFade checks that points add up and fade, also when the clock is set back.
func TestScoresFade(t *testing.T) {
	r := NewRecord()
	r.Charge("a", fault.Unsolicited, begin)
	both := float64(2 * fault.Unsolicited.Score())
	if got := r.Charge("a", fault.Unsolicited, begin); got != both || r.Last("a") != fault.Unsolicited {
		t.Errorf("%v points, last for %v", got, r.Last("a"))
	}
	if got := r.Points("a", begin.Add(forgiven)); math.Abs(got-both/2) > 1e-9 {
		t.Errorf("%v points after one half-life", got)
	}
	if got := r.Points("a", begin.Add(-time.Hour)); got > both {
		t.Errorf("%v points when the clock is set back", got)
	}
	if r.Points("b", begin) != 0 || r.Last("b") != fault.Unknown {
		t.Error("another host has points")
	}
}

// TestScoresAreBounded checks that scores without points are forgotten when there are too
// many, and no others.
func TestScoresAreBounded(t *testing.T) {
	r := NewRecord()
	r.Charge("bad", fault.Flood, begin)
	r.SetBlocks("bad", 3, begin)
	for i := range 3 * maxScores {
		r.SetBlocks(fmt.Sprint(i), 7, begin)
	}
	if len(r.scores) > maxScores {
		t.Errorf("%d scores", len(r.scores))
	}
	if r.Points("bad", begin) != float64(fault.Flood.Score()) || r.Blocks("bad") != 3 {
		t.Error("the score of a host with points is forgotten")
	}
}

// TestFirstEvidenceStays checks that a ban is not replaced by a second proof while it is in
// force, and bans every port of the host.
func TestFirstEvidenceStays(t *testing.T) {
	r, end := NewRecord(), begin.Add(time.Hour)
	if b, ok := r.BanPeer("44.0.0.1:9108", fault.Invalid, errors.New("first"), begin, end); !ok || b.Addr != "44.0.0.1" {
		t.Errorf("ban %+v, %v", b, ok)
	}
	if _, ok := r.BanPeer("44.0.0.1:1", fault.Malformed, errors.New("second"), begin, end.Add(time.Hour)); ok {
		t.Error("banned twice")
	}
	bans := r.InForce(begin)
	if len(bans) != 1 || bans[0].Evidence != "first" || bans[0].Peer != "44.0.0.1:9108" || bans[0].Until != end {
		t.Errorf("bans %+v", bans)
	}
	if left := r.Left("44.0.0.1:7", "44.0.0.1", begin); left != time.Hour {
		t.Errorf("another port is banned for %v", left)
	}
	if left := r.Left("44.0.0.1:7", "44.0.0.1", end); left > 0 || len(r.InForce(end)) != 0 {
		t.Errorf("banned for %v after the end", left)
	}
	if _, ok := r.BanPeer("44.0.0.1:1", fault.Malformed, nil, end, end.Add(time.Hour)); !ok {
		t.Error("not banned again after the end of the first ban")
	}
}

// TestOldestBansGoFirst fills the record with bans of both kinds: the oldest for a proven
// fault goes first, and those of the user stay.
func TestOldestBansGoFirst(t *testing.T) {
	r, end := NewRecord(), begin.Add(time.Hour)
	r.BanKey("user", begin.Add(-time.Minute), end)
	addr := func(i int) string { return fmt.Sprintf("44.%d.%d.1:9108", i>>8, i&255) }
	for i := range maxBans {
		r.BanPeer(addr(i), fault.Invalid, nil, begin.Add(time.Duration(i)), end)
	}
	if len(r.bans) != maxBans {
		t.Errorf("%d bans", len(r.bans))
	}
	if r.Left(addr(0), "44.0.0.1", begin) > 0 {
		t.Error("the oldest ban is still there")
	}
	for _, key := range []string{"user", "44.0.1.1", "44.15.255.1"} {
		if r.Left(key+":1", key, begin) <= 0 {
			t.Errorf("the ban of %s is gone", key)
		}
	}
}

// TestUnban checks which bans are lifted by which key.
func TestUnban(t *testing.T) {
	end := begin.Add(time.Hour)
	for _, tc := range []struct {
		ban, unban string
		proof      bool
		lifted     bool
	}{
		{"44.0.0.1:9108", "44.0.0.1", true, true},
		{"44.0.0.1:9108", "44.0.0.1:9108", true, true},
		{"44.0.0.1:9108", "44.0.0.1:9109", true, false}, // not the peer whose fault was proven
		{"44.0.0.1", "44.0.0.1", false, true},
		{"44.0.0.1", "44.0.0.1:9108", false, false}, // the user has banned the host
		{"44.0.0.1:9108", "44.0.0.1", false, false},
		{"[2a00:1450::1]:9108", "2a00:1450::/64", true, true},
	} {
		r := NewRecord()
		if tc.proof {
			r.BanPeer(tc.ban, fault.Invalid, nil, begin, end)
		} else {
			r.BanKey(tc.ban, begin, end)
		}
		key, err := Key(tc.unban)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Unban(key, begin); (err == nil) != tc.lifted || err != nil && !errors.Is(err, ErrNotBanned) {
			t.Errorf("%+v: %v", tc, err)
		}
		if left := len(r.InForce(begin)); (left == 0) != tc.lifted {
			t.Errorf("%+v: %d bans left", tc, left)
		}
	}
}

// TestAcquitIsForInvalidData checks that only a ban for invalid data is lifted, and that the
// score of the host is forgotten with it.
func TestAcquitIsForInvalidData(t *testing.T) {
	r, end := NewRecord(), begin.Add(time.Hour)
	r.BanPeer("44.0.0.1:1", fault.Malformed, nil, begin, end)
	r.BanPeer("44.0.0.2:1", fault.Invalid, nil, begin, end)
	r.Charge("44.0.0.2", fault.Flood, begin)
	r.BanKey("44.0.0.3", begin, end)
	for i, want := range []bool{false, true, false, false} {
		if got := r.Acquit(fmt.Sprintf("44.0.0.%d:1", i+1)); got != want {
			t.Errorf("host %d: %v", i+1, got)
		}
	}
	if len(r.InForce(begin)) != 2 || r.Points("44.0.0.2", begin) != 0 {
		t.Errorf("bans %+v, %v points", r.InForce(begin), r.Points("44.0.0.2", begin))
	}
}

// TestOldestProof checks that bans of the user and bans that are not asked for are left out.
func TestOldestProof(t *testing.T) {
	r, end := NewRecord(), begin.Add(time.Hour)
	r.BanKey("44.0.0.9", begin.Add(-time.Minute), end)
	r.Restore([]Ban{
		{Addr: "44.0.0.2", Reason: fault.Invalid, At: begin, Until: end},
		{Addr: "44.0.0.1", Reason: fault.Invalid, At: begin, Until: end},
		{Addr: "44.0.0.0", Reason: fault.Invalid, At: begin.Add(-time.Hour), Until: begin},
	})
	all := func(Ban) bool { return true }
	if b, ok := r.OldestProof(begin, all); !ok || b.Addr != "44.0.0.1" {
		t.Errorf("oldest %+v, %v", b, ok)
	}
	if b, ok := r.OldestProof(begin, func(b Ban) bool { return b.Addr != "44.0.0.1" }); !ok || b.Addr != "44.0.0.2" {
		t.Errorf("oldest but for one: %+v, %v", b, ok)
	}
	r.Lift(Ban{Addr: "44.0.0.1"})
	r.Lift(Ban{Addr: "44.0.0.2"})
	if b, ok := r.OldestProof(begin, all); ok {
		t.Errorf("oldest %+v of none", b)
	}
}

// TestKey checks the spellings of the addresses of bans.
func TestKey(t *testing.T) {
	for in, want := range map[string]string{
		" A ": "a", "B:1": "b:1", "[::1]": "::1", "::ffff:1.2.3.4": "1.2.3.4", "1.2.3.4:9108": "1.2.3.4:9108",
		"2001:db8::7/64": "2001:db8::/64", "[2001:db8::1]:9108": "[2001:db8::1]:9108",
	} {
		if got, err := Key(in); got != want || err != nil {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		}
	}
	var wrong []string
	for _, s := range []string{"", ":1", "a:b", "a:0", "2001:db8::/32"} {
		if got, err := Key(s); err == nil {
			wrong = append(wrong, got)
		}
	}
	if !slices.Equal(wrong, nil) {
		t.Errorf("accepted %q", wrong)
	}
}
