package conn

import (
	"testing"
	"time"
)

// TestKeepalive checks the verdict at each moment.
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
		{"fresh", 0, 0, 0, never, allWell, 60 * time.Second},
		{"nothing sent for long", 70, 69, 10, never, sendPing, 30 * time.Second},
		{"nothing received for long", 70, 10, 69, never, sendPing, 30 * time.Second},
		{"both lately", 70, 50, 40, never, allWell, 30 * time.Second},
		{"pong awaited", 70, 10, 60, 60, allWell, 20 * time.Second},
		{"pong overdue", 90, 10, 60, 60, giveUp, 0},
		{"pong overdue, bytes arrive", 100, 95, 60, 60, allWell, 25 * time.Second},
		{"bytes arrive for ever", 360, 359, 60, 60, giveUp, 0},
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

// TestKeepaliveDoubt: a doubted connection is pinged at once, and is dead unless a byte arrives in
// time, whatever came before and however long a pong may take else.
func TestKeepaliveDoubt(t *testing.T) {
	start := time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	wants := func(what string, k *keepalive, now int, want verdict, next time.Duration) {
		t.Helper()
		if got, left := k.judge(at(now), at(10), at(10)); got != want || left != next {
			t.Errorf("%s: %v, %v, want %v, %v", what, got, left, want, next)
		}
	}
	k := &keepalive{every: time.Minute, timeout: 30 * time.Second}
	k.doubt(100, at(10), 5*time.Second)
	k.heard(100)
	wants("doubted", k, 10, sendPing, 5*time.Second)
	k.pinged(1, at(10))
	wants("pinged", k, 12, allWell, 3*time.Second)
	wants("no byte in time", k, 15, giveUp, 0)
	k.heard(101)
	wants("a byte", k, 15, allWell, 25*time.Second)
}

// TestKeepalivePong checks that only the pong with the nonce of the ping counts,
// once.
func TestKeepalivePong(t *testing.T) {
	start := time.Now()
	var k keepalive
	k.ponged(0, start)
	k.pinged(1, start)
	k.ponged(2, start.Add(time.Second))
	if k.rtt != 0 || k.sent.IsZero() {
		t.Errorf("a wrong pong counted: %+v", k)
	}
	k.ponged(1, start.Add(2*time.Second))
	k.ponged(1, start.Add(3*time.Second))
	if k.rtt != 2*time.Second || !k.sent.IsZero() {
		t.Errorf("the pong counted wrongly: %+v", k)
	}
}
