package link

import (
	"context"
	"sync"
)

// Gate is a place that a line goes through. While it is shut nothing passes
// in either direction, and nobody is told.
type Gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while the gate is open; nil if it never was shut
}

// Shut stops everything that goes through.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil || isClosed(g.open) {
		g.open = make(chan struct{})
	}
}

// Open lets pass again, and what was held up first.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open != nil && !isClosed(g.open) {
		close(g.open)
	}
}

// Pass waits until the gate is open.
func (g *Gate) Pass(ctx context.Context) error {
	for {
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		if open == nil || isClosed(open) {
			return ctx.Err()
		}
		select {
		case <-open:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
