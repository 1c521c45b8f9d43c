package rpc

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// During the first sync, when everything changes all the time, a client is
// notified of the status once in syncPace, and one more time in perFollower for
// each of the others: all of them together get a bounded number of
// notifications. Later they come at once.
const (
	syncPace    = time.Second
	perFollower = 2 * time.Millisecond
)

// followers counts the clients that follow the status.
type followers struct{ n atomic.Int64 }

// pace returns the time between two notifications during the first sync.
func (f *followers) pace() time.Duration {
	return syncPace + time.Duration(f.n.Load())*perFollower
}

// feeds are what one websocket has subscribed to. Each has a goroutine that
// follows a source of the daemon's at the pace of this client: sources can be
// read from any place on, so nothing is kept for a slow client, and nobody
// waits for it.
type feeds struct {
	ctx  context.Context // until nobody listens any more
	send func(context.Context, []byte) error
	wg   sync.WaitGroup

	mu   sync.Mutex
	open map[string]context.CancelFunc // by name
}

// feed follows a source until ctx ends or emit fails.
type feed func(ctx context.Context, emit func(method string, params ...any) error) error

func newFeeds(ctx context.Context, send func(context.Context, []byte) error) *feeds {
	return &feeds{ctx: ctx, send: send, open: make(map[string]context.CancelFunc)}
}

// start runs a feed once ready is closed, in place of the one with the same
// name. It must not be called after stop.
func (f *feeds) start(name string, ready <-chan struct{}, follow feed) {
	ctx, cancel := context.WithCancel(f.ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if before := f.open[name]; before != nil {
		before()
	}
	f.open[name] = cancel
	f.wg.Go(func() {
		defer cancel()
		select {
		case <-ready:
			// An error means that the connection is over, which its reader
			// finds too.
			_ = follow(ctx, f.emit)
		case <-ctx.Done():
		}
	})
}

// end ends a feed and reports whether there was one.
func (f *feeds) end(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	cancel, ok := f.open[name]
	if ok {
		cancel()
		delete(f.open, name)
	}
	return ok
}

// stop ends all feeds and returns when the last one has.
func (f *feeds) stop() {
	f.mu.Lock()
	for _, cancel := range f.open {
		cancel()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// notification is a request without an id.
type notification struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// emit sends a notification. It is sent whole even if the feed ends meanwhile:
// half of one would end the connection.
func (f *feeds) emit(method string, params ...any) error {
	message, err := encode(notification{Version: version2, Method: method, Params: params})
	if err != nil {
		return err
	}
	return f.send(context.WithoutCancel(f.ctx), message)
}

// pause waits, and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
