package link

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// ErrCut is the end of a connection that the line has broken.
var ErrCut = errors.New("line cut")

// lane is one direction: bytes in transit, in order. It has one writer and one reader.
type lane struct {
	room    int
	changed chan struct{} // poked for the reader
	freed   chan struct{} // poked for the writer

	mu    sync.Mutex
	under []parcel // in transit
	size  int      // bytes in under
	err   error    // after the last parcel
}

// parcel is bytes that arrive together.
type parcel struct {
	b   []byte
	due time.Time
}

func newLane(room int) *lane {
	return &lane{room: room, changed: make(chan struct{}, 1), freed: make(chan struct{}, 1)}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put puts bytes in transit, which it keeps. It waits for room until the deadline, and
// returns the error that ended the lane.
func (l *lane) put(b []byte, due time.Time, deadline *wait.Timer) error {
	for {
		l.mu.Lock()
		switch {
		case l.err != nil:
			defer l.mu.Unlock()
			return l.err
		case l.size == 0 || l.size+len(b) <= l.room:
			l.under = append(l.under, parcel{b, due})
			l.size += len(b)
			l.mu.Unlock()
			poke(l.changed)
			return nil
		}
		l.mu.Unlock()
		select {
		case <-l.freed:
		case <-deadline.C():
			return os.ErrDeadlineExceeded
		}
	}
}

// get waits until bytes have arrived and returns at most len(p) of them. Bytes in transit
// when the lane ends still arrive.
func (l *lane) get(p []byte, deadline *wait.Timer) (int, error) {
	for {
		l.mu.Lock()
		n, due, err := l.takeLocked(p)
		l.mu.Unlock()
		if n > 0 {
			poke(l.freed)
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		arrival := wait.NewTimerAt(due)
		select {
		case <-l.changed:
		case <-arrival.C():
		case <-deadline.C():
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// takeLocked removes bytes that have arrived, or returns when the next parcel arrives, zero if
// there is none. The caller holds the lock.
func (l *lane) takeLocked(p []byte) (n int, next time.Time, err error) {
	if len(l.under) == 0 {
		return 0, time.Time{}, l.err
	}
	head := &l.under[0]
	if time.Until(head.due) > 0 {
		return 0, head.due, nil
	}
	n = copy(p, head.b)
	head.b = head.b[n:]
	if len(head.b) == 0 {
		l.under = l.under[1:]
	}
	l.size -= n
	return n, time.Time{}, nil
}

// end refuses further bytes. The first error stays.
func (l *lane) end(err error) {
	l.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	l.mu.Unlock()
	poke(l.changed)
	poke(l.freed)
}

// abort ends the lane and drops the bytes in transit.
func (l *lane) abort(err error) {
	l.mu.Lock()
	l.under, l.size, l.err = nil, 0, err
	l.mu.Unlock()
	poke(l.changed)
	poke(l.freed)
}
