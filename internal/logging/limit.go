package logging

import (
	"log/slog"
	"sync"
	"time"
)

// Limits of lines with the same message. Peers and clients can cause some of them, which must
// not rotate all others away.
const (
	burst    = 500              // lines at once
	refill   = 10 * time.Second // until one more line is allowed
	maxKinds = 4096             // messages that are counted; further ones share one count
)

// limiter counts the lines of each message of each subsystem. Lines of debug level and below
// are not counted: they are written only if the user has set such a level.
type limiter struct {
	mu    sync.Mutex
	kinds map[kind]*bucket
}

type kind struct{ subsystem, message string }

// bucket is how many more lines of one message may be written.
type bucket struct {
	left   float64
	at     time.Time
	hidden int // lines that were left out
}

// allow reports whether a line may be written, and how many lines of its message were left
// out since the last one.
func (l *limiter) allow(subsystem string, r *slog.Record) (ok bool, hidden int) {
	if r.Level < slog.LevelInfo {
		return true, 0
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kinds == nil {
		l.kinds = make(map[kind]*bucket)
	}
	k := kind{subsystem, r.Message}
	b := l.kinds[k]
	if b == nil && len(l.kinds) >= maxKinds {
		k = kind{}
		b = l.kinds[k]
	}
	if b == nil {
		b = &bucket{left: burst, at: now}
		l.kinds[k] = b
	}
	b.left = min(burst, b.left+max(0, now.Sub(b.at).Seconds())/refill.Seconds())
	b.at = now
	if b.left < 1 {
		b.hidden++
		return false, 0
	}
	b.left--
	hidden, b.hidden = b.hidden, 0
	return true, hidden
}

// hiddenKey is the key of the number of lines with the same message that were left out.
const hiddenKey = "left_out"
