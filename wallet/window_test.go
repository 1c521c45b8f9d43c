package wallet

import (
	"math/rand/v2"
	"testing"
)

// naiveWindow searches a chain for used addresses as BIP44 tells it: it starts
// again from the first block whenever it has found something.
func naiveWindow(chain []uint32, gap uint32) Window {
	var w Window
	for {
		before := w
		end := w.end(gap)
		for _, index := range chain {
			if index < end {
				w = w.use(index)
			}
		}
		if w == before {
			return w
		}
	}
}

func TestWindowDoesNotDependOnOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		gap := 1 + rng.Uint32N(8)
		used := make([]uint32, rng.IntN(30))
		for i := range used {
			used[i] = rng.Uint32N(60)
		}
		want := naiveWindow(used, gap)
		rng.Shuffle(len(used), func(i, j int) { used[i], used[j] = used[j], used[i] })
		if got := naiveWindow(used, gap); got != want {
			t.Fatalf("gap %d, used %v: got %v, want %v", gap, used, got, want)
		}
	}
}

func TestWindowKeepsTheGap(t *testing.T) {
	for gap := uint32(1); gap < 30; gap++ {
		for used := range uint32(100) {
			end := Window{Used: used}.end(gap)
			if end < used+gap+1 || end > used+2*gap {
				t.Fatalf("gap %d, used %d: end %d", gap, used, end)
			}
		}
	}
}

func TestIssueSaysWhenBeyondTheGap(t *testing.T) {
	w := Window{Used: 3}
	for i := range uint32(10) {
		next, index, beyond := w.issue(5)
		if index != 3+i || beyond != (i >= 5) {
			t.Fatalf("issued %d, beyond %v after %d", index, beyond, i)
		}
		if next.end(5) <= index {
			t.Fatalf("issued %d is not watched", index)
		}
		w = next
	}
	if _, index, _ := w.use(40).issue(5); index != 41 {
		t.Fatalf("issued %d, which may be used", index)
	}
}
