package snapshot

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	// leastRate is how many bytes a second a source has to deliver in all while it is waited
	// for: with it, a snapshot of the main network takes less than two hours.
	leastRate = 64 << 10

	// rateTime is how long a source is waited for until that is judged.
	rateTime = time.Minute
)

// rate judges how fast a source is. One of its files may come more slowly, because several share
// a connection to the internet. The time in which the source is not waited for does not count.
type rate struct {
	read atomic.Int64 // bytes, of all files

	// Only the goroutine that waits touches these.
	judged int64         // bytes that were read when the rate was judged last
	waited time.Duration // since then
}

// waitedFor adds a time in which bytes of the source were waited for. The error wraps ErrSlow: too
// few have come.
func (r *rate) waitedFor(d time.Duration) error {
	r.waited += d
	if r.waited < rateTime {
		return nil
	}
	got := r.read.Load() - r.judged
	if float64(got) < leastRate*r.waited.Seconds() {
		return fmt.Errorf("%d bytes came in %v: %w", got, r.waited.Round(time.Second), ErrSlow)
	}
	r.judged += got
	r.waited = 0
	return nil
}

// ratedFile is a file that ends with an error when too few bytes come.
type ratedFile struct {
	io.Reader
	rate *rate
}

// Read implements io.Reader.
func (f ratedFile) Read(b []byte) (int, error) {
	began := time.Now()
	n, err := f.Reader.Read(b)
	f.rate.read.Add(int64(n))
	if slow := f.rate.waitedFor(time.Since(began)); err == nil {
		err = slow
	}
	return n, err
}
