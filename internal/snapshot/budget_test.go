package snapshot

import (
	"math/rand/v2"
	"testing"
)

// TestTheFrontIsNotStarved: lanes ask for pieces as often as they get some, and only the front gives
// some back. Whatever the order, the front can hold half of the limit when the others have all that
// they get, nothing is held above the limit, and all lanes come to their end.
func TestTheFrontIsNotStarved(t *testing.T) {
	const lanes, pieces, size, limit = 4, 100, 10, 200
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := newBudget(limit, 0)
		var held, left [lanes]int
		for lane := range left {
			left[lane] = pieces
		}
		// fill has the lanes from one on take what they get.
		fill := func(from int) {
			for tries := 0; tries < 200; tries++ {
				lane := from + r.IntN(lanes-from)
				if left[lane] == 0 {
					continue
				}
				if _, ok := b.try(lane, size); ok {
					held[lane]++
					left[lane]--
				}
			}
		}
		for front := range lanes {
			for left[front] > 0 || held[front] > 0 {
				if front+1 < lanes {
					fill(front + 1)
				}
				for left[front] > 0 { // as many as it gets, after all others
					if _, ok := b.try(front, size); !ok {
						break
					}
					held[front]++
					left[front]--
				}
				if left[front] > 0 && held[front]*size < limit/2 {
					t.Fatalf("seed %d: lane %d holds %d bytes at the front, %v of all", seed, front, held[front]*size, held)
				}
				total := 0
				for _, n := range held {
					total += n * size
				}
				if total > limit || int64(total) != b.used {
					t.Fatalf("seed %d: %d bytes are held, counted as %d, of %d", seed, total, b.used, limit)
				}
				for range 1 + r.IntN(held[front]) {
					b.release(size)
					held[front]--
				}
			}
			b.advance()
		}
	}
}

// TestALargePieceWaitsForItsTurn: one above the limit is held by the front alone.
func TestALargePieceWaitsForItsTurn(t *testing.T) {
	b := newBudget(100, 7)
	if _, ok := b.try(8, 150); ok {
		t.Error("a lane behind the front holds more than the limit")
	}
	if _, ok := b.try(7, 150); !ok {
		t.Error("the front gets no piece")
	}
	if _, ok := b.try(7, 1); ok {
		t.Error("the front gets a second piece above the limit")
	}
	b.release(150)
	b.advance()
	if _, ok := b.try(8, 150); !ok {
		t.Error("the next front gets no piece")
	}
}
