package serve

import (
	"context"
	"sync"
)

// queue holds what one goroutine has for another, in order. The adding
// goroutines bound it.
type queue[T any] struct {
	filled chan struct{} // capacity one

	mu    sync.Mutex // guards items
	items []T
}

func newQueue[T any]() *queue[T] { return &queue[T]{filled: make(chan struct{}, 1)} }

// add adds an item.
func (q *queue[T]) add(item T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, item)
	poke(q.filled)
}

// len returns how many items wait.
func (q *queue[T]) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// take waits for the next item. The error is that of ctx.
func (q *queue[T]) take(ctx context.Context) (item T, err error) {
	for {
		if item, ok := q.pop(); ok {
			return item, nil
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
			return item, context.Cause(ctx)
		}
	}
}

func (q *queue[T]) pop() (item T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item, false
	}
	var none T
	item, q.items[0] = q.items[0], none
	q.items = q.items[1:]
	return item, true
}
