package testnet

import (
	"context"
	"errors"
	"sync"
)

// outboxBytes is how many bytes may wait to be sent to one client before it is
// dropped for not reading, as dcrd does.
const outboxBytes = 40 << 20

// errUnread ends a session whose client does not read.
var errUnread = errors.New("client leaves too much unread")

// outbox holds messages that wait to be sent on one connection, in order. Any goroutine may
// add messages; one removes them.
type outbox struct {
	filled chan struct{} // poked for the sender
	sent   chan struct{} // poked for goroutines that wait for room

	mu      sync.Mutex
	waiting []Message
	size    int // bytes in waiting
}

func newOutbox() outbox {
	return outbox{filled: make(chan struct{}, 1), sent: make(chan struct{}, 1)}
}

// put adds messages.
func (o *outbox) put(ms ...Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range ms {
		o.waiting = append(o.waiting, m)
		o.size += m.Size()
	}
	select {
	case o.filled <- struct{}{}:
	default:
	}
	if o.size > outboxBytes {
		return errUnread
	}
	return nil
}

// take waits for the next message.
func (o *outbox) take(ctx context.Context) (Message, error) {
	for {
		if m, ok := o.pop(); ok {
			return m, nil
		}
		select {
		case <-o.filled:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

func (o *outbox) pop() (Message, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == 0 {
		return Message{}, false
	}
	m := o.waiting[0]
	o.waiting = o.waiting[1:]
	o.size -= m.Size()
	select {
	case o.sent <- struct{}{}:
	default:
	}
	return m, true
}

// room waits until fewer than n messages wait.
func (o *outbox) room(ctx context.Context, n int) error {
	for {
		o.mu.Lock()
		fits := len(o.waiting) < n
		o.mu.Unlock()
		if fits {
			return nil
		}
		select {
		case <-o.sent:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
