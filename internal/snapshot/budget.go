package snapshot

import (
	"context"
	"sync"
)

// budget bounds the bytes of the pieces that are held. The lane whose pieces are delivered
// now, the front, may always hold one piece, so that it never waits for those behind it. The
// first lane behind it gets more only while less than half of the limit is used, the next one
// less than a quarter, and so on: what they hold is not needed yet, and without room for several
// pieces the front would have one proven after the other.
type budget struct {
	limit int64

	mu      sync.Mutex // guards what follows, held for a moment
	used    int64
	front   int
	held    map[int]int   // pieces by lane
	changed chan struct{} // closed when there may be room
}

func newBudget(limit int64, front int) *budget {
	return &budget{limit: limit, front: front, held: make(map[int]int), changed: make(chan struct{})}
}

// acquire waits until a lane may hold n more bytes, and returns the cause of ctx if that
// ends first.
func (b *budget) acquire(ctx context.Context, lane int, n int64) error {
	for {
		changed, ok := b.try(lane, n)
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (b *budget) try(lane int, n int64) (changed <-chan struct{}, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit>>(lane-b.front) && (lane != b.front || b.held[lane] > 0) {
		return b.changed, false
	}
	b.used += n
	b.held[lane]++
	return nil, true
}

// release gives back a piece of the front.
func (b *budget) release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.held[b.front]--
	b.wakeLocked()
}

// advance makes the next lane the front, whose pieces have all been released.
func (b *budget) advance() {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.held, b.front)
	b.front++
	b.wakeLocked()
}

func (b *budget) wakeLocked() {
	close(b.changed)
	b.changed = make(chan struct{})
}
