package rpc

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// from returns a source of the test's own.
func from(n int) source { return sourceOf(fmt.Sprintf("10.0.%d.%d:1", n/256, n%256)) }

func TestGuessesAreLimited(t *testing.T) {
	var g authThrottle
	now := time.Unix(1_000_000, 0)
	for i := range freeAttempts {
		if err := g.judge(from(1), now, false); !errors.Is(err, errCredentials) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	for _, right := range []bool{false, true} {
		if err := g.judge(from(1), now, right); !errors.Is(err, errThrottled) {
			t.Errorf("after %d throttle, right %v: %v", freeAttempts, right, err)
		}
	}
	if err := g.judge(from(2), now, true); err != nil {
		t.Errorf("another address: %v", err)
	}
	// In an hour it gets no more than its pace allows, however often it tries.
	tried := 0
	for range 36000 {
		now = now.Add(100 * time.Millisecond)
		if errors.Is(g.judge(from(1), now, false), errCredentials) {
			tried++
		}
	}
	if tried != int(time.Hour/attemptEvery) {
		t.Errorf("%d throttle in an hour", tried)
	}
	now = now.Add(attemptEvery)
	if err := g.judge(from(1), now, true); err != nil {
		t.Errorf("after a pause: %v", err)
	}
}

// TestGuessersAreBounded has more addresses guess than are counted one by one: the others
// share one count, which is as strict, and are counted one by one again later.
func TestGuessersAreBounded(t *testing.T) {
	var g authThrottle
	now := time.Unix(1_000_000, 0)
	refused := 0
	for n := range 3 * mostSources {
		if errors.Is(g.judge(from(n), now, false), errThrottled) {
			refused++
		}
	}
	if len(g.until) > mostSources+1 || refused != 2*mostSources-freeAttempts {
		t.Errorf("%d are told apart, %d throttle were refused", len(g.until), refused)
	}
	now = now.Add(freeAttempts * attemptEvery)
	if err := g.judge(from(3*mostSources), now, false); !errors.Is(err, errCredentials) || len(g.until) != 1 {
		t.Errorf("later: %v, %d are told apart", err, len(g.until))
	}
}

func TestSources(t *testing.T) {
	for _, same := range [][2]string{
		{"192.0.2.1:1", "192.0.2.1:2"}, {"192.0.2.1:1", "[::ffff:192.0.2.1]:1"}, {"[2001:db8::1]:1", "[2001:db8::2:1%eth0]:5"}, {"pipe", "nowhere"},
	} {
		if a, b := sourceOf(same[0]), sourceOf(same[1]); a != b {
			t.Errorf("%s is %v, %s is %v", same[0], a, same[1], b)
		}
	}
	for _, other := range [][2]string{{"192.0.2.1:1", "192.0.2.2:1"}, {"[2001:db8::1]:1", "[2001:db8:0:1::1]:1"}, {"127.0.0.1:1", "[::1]:1"}, {"127.0.0.1:1", "pipe"}} {
		if a, b := sourceOf(other[0]), sourceOf(other[1]); a == b {
			t.Errorf("%s and %s are both %v", other[0], other[1], a)
		}
	}
}
