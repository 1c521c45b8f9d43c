package serve

import (
	"context"
	"errors"
	"sync"
)

// errUnread ends the connection of a client that does not read what it is announced.
var errUnread = errors.New("too many bytes wait to be read by the client")

// outbox holds messages that wait to be written to one client, in order. Any goroutine may add
// messages, one removes them.
type outbox struct {
	filled chan struct{} // capacity one; poked when a message was added, or at the end
	room   chan struct{} // capacity one; poked when messages were removed

	mu      sync.Mutex // guards what follows
	waiting []*message
	size    int  // bytes of waiting
	closed  bool // no message is added any more
}

func newOutbox() *outbox {
	return &outbox{filled: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put adds messages, after it has waited until fewer than maxQueued bytes wait. The error is that
// of ctx.
func (o *outbox) put(ctx context.Context, ms ...*message) error {
	for {
		if o.fits(ms) {
			return nil
		}
		select {
		case <-o.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// fits adds messages if there is room.
func (o *outbox) fits(ms []*message) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.size >= maxQueued && !o.closed {
		return false
	}
	o.addLocked(ms)
	if o.size < maxQueued {
		poke(o.room) // for others that wait
	}
	return true
}

// add adds a message without a wait. The error is errUnread: too much waits already.
func (o *outbox) add(m *message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.size > maxUnread {
		return errUnread
	}
	o.addLocked([]*message{m})
	return nil
}

func (o *outbox) addLocked(ms []*message) {
	if o.closed {
		return
	}
	for _, m := range ms {
		o.waiting = append(o.waiting, m)
		o.size += m.size()
	}
	poke(o.filled)
}

// close ends the outbox: what waits is written, and nothing is added.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	poke(o.filled)
	poke(o.room)
}

// take removes the oldest messages, of at most maxWrite bytes but at least one. It returns none if
// none waits, and reports whether more may come.
func (o *outbox) take(into []*message) (ms []*message, size int, open bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for n < len(o.waiting) && (n == 0 || size+o.waiting[n].size() <= maxWrite) {
		size += o.waiting[n].size()
		n++
	}
	ms = append(into[:0], o.waiting[:n]...)
	if n == len(o.waiting) {
		clear(o.waiting)
		o.waiting = o.waiting[:0]
	} else {
		clear(o.waiting[:n])
		o.waiting = o.waiting[n:]
	}
	return ms, size, !o.closed || len(o.waiting) > 0
}

// written takes bytes that were removed out of the count: only then is there room for others.
func (o *outbox) written(size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size -= size
	poke(o.room)
}

// poke makes a channel of capacity one ready.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
