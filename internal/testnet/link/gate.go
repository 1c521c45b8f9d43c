package link

import (
	"context"
	"sync"
)

// Gate is a point that lines pass through. While it is shut nothing passes in either
// direction, and neither side gets an error.
type Gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while the gate is open; nil if it never was shut
}

// Shut holds up all lines that pass through.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil || isClosed(g.open) {
		g.open = make(chan struct{})
	}
}

// Open lets bytes pass again, first those that were held up.
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
