package consensus

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMedianTimeEqualsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for range 2000 {
		chain := make(branch, 1+r.IntN(30))
		for i := range chain {
			chain[i].put32(offTimestamp, r.Uint32N(uint32(1+r.IntN(100))))
		}
		tip := Height(r.IntN(len(chain)))
		var times []int64
		for h := max(0, tip-10); h <= tip; h++ {
			times = append(times, chain[h].Timestamp())
		}
		slices.Sort(times)
		if got, want := MedianTime(chain, tip), times[len(times)/2]; got != want {
			t.Fatalf("of %v: got %d, want %d", times, got, want)
		}
	}
}

// TestAfterMedianEqualsMedianTime compares the two on chains of any times.
func TestAfterMedianEqualsMedianTime(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	afterwards := 0
	for range 20_000 {
		chain := make(branch, 1+r.IntN(30))
		spread := uint32(1 + r.IntN(20))
		for i := range chain {
			chain[i].put32(offTimestamp, 100+uint32(i*r.IntN(2))+r.Uint32N(spread))
		}
		tip := Height(r.IntN(len(chain)))
		at := int64(95 + r.Uint32N(spread+30))
		after, ok := afterMedian(chain, tip, at)
		if want := at > MedianTime(chain, tip); !ok || after != want {
			t.Fatalf("%d is after the median %d: got %v, %v", at, MedianTime(chain, tip), after, ok)
		}
		if after {
			afterwards++
		}
	}
	if afterwards < 5000 || afterwards > 15_000 {
		t.Errorf("%d of 20,000 are after the median: the test is blind", afterwards)
	}
}

func TestMedianTimeOutOfReach(t *testing.T) {
	chain := &suffix{base: 100, headers: make([]Header, 10)}
	for i := range chain.headers {
		chain.headers[i].put32(offTimestamp, 1_600_000_000)
	}
	if got := MedianTime(chain, 109); got != 0 {
		t.Errorf("with ten blocks of eleven in reach: got %d", got)
	}
	if after, ok := afterMedian(chain, 109, 1_600_000_000); after || ok {
		t.Errorf("with ten blocks of eleven in reach: got %v, %v", after, ok)
	}
	if after, ok := afterMedian(chain, 109, 1_600_000_001); !after || !ok {
		t.Errorf("after the six newest of eleven blocks: got %v, %v", after, ok)
	}
}
