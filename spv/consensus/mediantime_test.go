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

func TestMedianTimeOutOfReach(t *testing.T) {
	chain := &suffix{base: 100, headers: make([]Header, 10)}
	for i := range chain.headers {
		chain.headers[i].put32(offTimestamp, 1_600_000_000)
	}
	if got := MedianTime(chain, 109); got != 0 {
		t.Errorf("with ten blocks of eleven in reach: got %d", got)
	}
}
