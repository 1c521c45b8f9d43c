package peer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// TestChoose goes through what decides between two peers.
func TestChoose(t *testing.T) {
	base := candidate{window: 8, bytes: 1e4, latency: 0.05, rate: 1e6}
	with := func(change func(*candidate)) candidate {
		c := base
		change(&c)
		return c
	}
	for _, tc := range []struct {
		name  string
		other candidate // against base
		want  want
		best  int
	}{
		{"equal", base, want{}, 0},
		{"less in flight", with(func(c *candidate) { c.bytes = 0 }), want{}, 1},
		{"lower latency", with(func(c *candidate) { c.latency = 0.01 }), want{}, 1},
		{"higher rate", with(func(c *candidate) { c.rate = 1e7 }), want{bytes: 1e5}, 1},
		{"never measured", with(func(c *candidate) { c.rate = 0; c.latency = 0.04 }), want{bytes: 1e5}, 1},
		{"silent but faster", with(func(c *candidate) { c.silent = 1; c.latency = 0.02 }), want{}, 0},
		{"bad standing", with(func(c *candidate) { c.points = 50; c.latency = 0.04 }), want{}, 0},
		{"full", with(func(c *candidate) { c.requests = 8; c.latency = 0 }), want{}, 0},
		{"too many bytes", with(func(c *candidate) { c.requests = 1; c.bytes = 1 << 20; c.rate = 1e12; c.latency = 0 }), want{bytes: 1}, 0},
	} {
		peers := []candidate{base, tc.other}
		peers[0].id, peers[1].id = 1, 2
		if got := choose(peers, tc.want, 1<<20); got != tc.best {
			t.Errorf("%s: chose %d, want %d", tc.name, got, tc.best)
		}
	}
	if choose(nil, want{}, 1) != -1 {
		t.Error("chose nobody's peer")
	}
}

// TestChooseProperties checks for random peers that the choice has room, honours
// only and avoid, and exists whenever one may be asked.
func TestChooseProperties(t *testing.T) {
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var peers []candidate
		var ids []uint64
		for i := range rnd.IntN(5) {
			ids = append(ids, uint64(i+1))
			peers = append(peers, candidate{
				id: uint64(i + 1), requests: rnd.IntN(4), bytes: rnd.IntN(1000), window: 1 + rnd.IntN(4),
				latency: rnd.Float64(), rate: float64(rnd.IntN(2)) * rnd.Float64(), silent: rnd.IntN(20), points: 100 * rnd.Float64(),
			})
		}
		w := want{bytes: rnd.IntN(500)}
		if rnd.IntN(3) == 0 {
			w.only = 1 + rnd.Uint64N(5)
		}
		for _, id := range ids {
			if rnd.IntN(2) == 0 {
				w.avoid = append(w.avoid, id)
			}
		}
		may := func(c candidate) bool {
			room := c.requests == 0 || c.requests < c.window && c.bytes+w.bytes <= 1000
			if w.only != 0 {
				return room && c.id == w.only
			}
			return room && (len(w.avoid) == len(ids) || !slices.Contains(w.avoid, c.id))
		}
		switch i := choose(peers, w, 1000); {
		case i < 0 && slices.ContainsFunc(peers, may):
			t.Fatalf("seed %d: nobody chosen for %+v of %+v", seed, w, peers)
		case i >= 0 && !may(peers[i]):
			t.Fatalf("seed %d: %d chosen for %+v of %+v", seed, i, w, peers)
		}
	}
}

// TestGauge checks the measured rate with and without overlapping requests.
func TestGauge(t *testing.T) {
	var g gauge
	now := time.Now()
	if g.rate() != 0 {
		t.Error("a rate without a measurement")
	}
	g.delivered(100, now, now.Add(time.Second)) // too small to say anything
	for i := range 20 {
		// Two in flight at a time, one delivered each second.
		at := now.Add(time.Duration(i+2) * time.Second)
		g.delivered(1<<20, at.Add(-2*time.Second), at)
	}
	if got := g.rate(); math.Abs(got-1<<20) > 1<<17 {
		t.Errorf("rate %.0f, want about %d", got, 1<<20)
	}
	if g := new(gauge); true {
		g.delivered(1<<20, now, now)
		if got := g.rate(); math.IsInf(got, 0) || math.IsNaN(got) {
			t.Errorf("rate %v of an instant reply", got)
		}
	}
}

// TestSizes checks that the estimate follows what replies are.
func TestSizes(t *testing.T) {
	s := firstSizes()
	for range 100 {
		s.seen(getCFilters, 20000)
	}
	if got := s.of(getCFilters); got < 19900 || got > 20100 {
		t.Errorf("estimate %d, want 20000", got)
	}
	if got, first := s.of(getBlock), firstSizes(); got != first.of(getBlock) {
		t.Errorf("another kind changed to %d", got)
	}
}

// TestStanding checks that points add up and fade.
func TestStanding(t *testing.T) {
	var s standing
	now := time.Now()
	s.add(Unsolicited, now)
	s.add(Unsolicited, now)
	if got := s.now(now); got != float64(2*Unsolicited.Score()) {
		t.Errorf("%v points", got)
	}
	if got := s.now(now.Add(forgiven)); math.Abs(got-float64(Unsolicited.Score())) > 1e-9 {
		t.Errorf("%v points after one half-life", got)
	}
	if got := s.now(now.Add(-time.Hour)); got > float64(2*Unsolicited.Score()) {
		t.Errorf("%v points when the clock is set back", got)
	}
}

// TestBackoff checks the pauses: doubling, bounded, jittered, long after a refusal,
// and short again after a long life.
func TestBackoff(t *testing.T) {
	b := backoff{min: time.Second, max: 30 * time.Second, refused: time.Hour}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		if got := b.after(DialFailed, 0, 0); got != want*time.Second/2 {
			t.Errorf("pause %d: %v at least, want %v", i, got, want*time.Second/2)
		}
	}
	half := uint64(15 * time.Second)
	if got := b.after(DialFailed, 0, half); got != 30*time.Second {
		t.Errorf("%v at most", got)
	}
	if got := b.after(OldVersion, 0, 0); got != time.Hour/2 {
		t.Errorf("%v after a refusal", got)
	}
	if got := b.after(Straggler, stable, 0); got != 15*time.Second {
		t.Errorf("%v after a straggler", got)
	}
	if got := b.after(ClosedByPeer, stable, 0); got != time.Second/2 {
		t.Errorf("%v after a long life", got)
	}
	if got := b.after(ClosedByPeer, stable-1, 0); got != time.Second {
		t.Errorf("%v after a short life", got)
	}
}

// TestKeepalive checks what is decided at each moment.
func TestKeepalive(t *testing.T) {
	start := time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	const never = -1
	for _, tc := range []struct {
		name                   string
		now, in, out, pingSent int
		want                   verdict
		next                   time.Duration
	}{
		{"fresh", 0, 0, 0, never, wait, 60 * time.Second},
		{"nothing sent for long", 70, 69, 10, never, ping, 30 * time.Second},
		{"nothing received for long", 70, 10, 69, never, ping, 30 * time.Second},
		{"both lately", 70, 50, 40, never, wait, 30 * time.Second},
		{"pong awaited", 70, 10, 60, 60, wait, 20 * time.Second},
		{"pong overdue", 90, 10, 60, 60, dead, 0},
		{"pong overdue, bytes arrive", 100, 95, 60, 60, wait, 25 * time.Second},
		{"bytes arrive for ever", 360, 359, 60, 60, dead, 0},
	} {
		k := keepalive{every: time.Minute, timeout: 30 * time.Second}
		if tc.pingSent != never {
			k.pinged(1, at(tc.pingSent))
		}
		if got, next := k.judge(at(tc.now), at(tc.in), at(tc.out)); got != tc.want || next != tc.next {
			t.Errorf("%s: %v, %v, want %v, %v", tc.name, got, next, tc.want, tc.next)
		}
	}
}

// TestMailbox checks the bounds, and that the oldest goes first.
func TestMailbox(t *testing.T) {
	var m mailbox
	for i := range 2 * maxNews {
		m.put(news{blocks: []chainhash.Hash{{byte(i)}}})
	}
	if got := m.take(); len(got) != maxNews || got[0].blocks[0] != (chainhash.Hash{maxNews}) {
		t.Errorf("%d announcements, first %v", len(got), got[0])
	}
	for range 3 {
		m.put(news{headers: make([]byte, maxNewsBytes/2)})
	}
	if got := m.take(); len(got) != 2 {
		t.Errorf("%d large announcements", len(got))
	}
	blocks := make([]chainhash.Hash, maxNewBlocks+1)
	blocks[maxNewBlocks] = chainhash.Hash{1}
	m.put(news{blocks: blocks})
	if got := m.take(); len(got[0].blocks) != maxNewBlocks || got[0].blocks[maxNewBlocks-1] != (chainhash.Hash{1}) {
		t.Errorf("%d blocks in an announcement", len(got[0].blocks))
	}
	if m.bytes != 0 || len(m.take()) != 0 {
		t.Errorf("%d bytes in an empty mailbox", m.bytes)
	}
}

// TestDeparted checks that the last of many are remembered.
func TestDeparted(t *testing.T) {
	var d departed
	for i := range uint64(1000) {
		d.add(i+1, "a:"+string(rune('0'+i%10)))
	}
	if addr, ok := d.addr(1000); !ok || addr != "a:9" {
		t.Errorf("last: %q, %v", addr, ok)
	}
	for _, id := range []uint64{0, 1, 1001} {
		if addr, ok := d.addr(id); ok {
			t.Errorf("id %d: %q", id, addr)
		}
	}
}
