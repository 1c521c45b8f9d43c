package rpc

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// feeds are what one websocket has subscribed to. Each feed follows a source of
// the daemon's, which can be read from any place on: nothing is kept for a slow
// client, and nobody waits for it. When there is news a teller works off all
// feeds at the pace of this client, and ends: a client that has been told
// everything occupies nobody.
type feeds struct {
	ctx  context.Context // until nobody listens any more
	send func(context.Context, []byte) error
	news *newsroom
	wg   sync.WaitGroup // the teller

	mu      sync.Mutex // guards all below
	open    map[string]*openFeed
	stopped bool
	telling bool        // a teller is at work
	poked   bool        // it has to look again
	putOff  *time.Timer // starts the teller; nil without one
	told    time.Time   // when the last teller ended
}

// feed tells of what a source has, compared with what it told before. It returns
// when that is all, or ctx has ended; an error means that the connection is over.
type feed interface {
	tell(ctx context.Context, n *news, to *feeds) error
}

// openFeed is a feed that has not ended.
type openFeed struct {
	feed
	ctx   context.Context
	end   context.CancelFunc
	ready <-chan struct{} // closed when it may begin
}

func newFeeds(ctx context.Context, news *newsroom, send func(context.Context, []byte) error) *feeds {
	return &feeds{ctx: ctx, news: news, send: send, open: make(map[string]*openFeed)}
}

// start opens a feed that begins with the first teller after ready was closed,
// in place of the one with the same name. It must not be called after stop.
func (f *feeds) start(name string, ready <-chan struct{}, what feed) {
	ctx, cancel := context.WithCancel(f.ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.news.join(f)
	if before := f.open[name]; before != nil {
		before.end()
	}
	f.open[name] = &openFeed{feed: what, ctx: ctx, end: cancel, ready: ready}
}

// end ends a feed and reports whether there was one.
func (f *feeds) end(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	ended, ok := f.open[name]
	if ok {
		ended.end()
		delete(f.open, name)
	}
	if len(f.open) == 0 {
		f.news.leave(f)
	}
	return ok
}

// stop ends all feeds and returns when nothing is told any more.
func (f *feeds) stop() {
	f.news.leave(f)
	f.mu.Lock()
	f.stopped = true
	for _, each := range f.open {
		each.end()
	}
	if f.putOff != nil {
		f.putOff.Stop()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// poke has the client told of news: at once, or after a while when they are busy.
func (f *feeds) poke(n *news) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.telling:
		f.poked = true
	case !n.busy:
		f.begin()
	case f.putOff == nil:
		f.wait()
	}
}

// hurry has the client told at once.
func (f *feeds) hurry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.open) > 0 {
		f.begin()
	}
}

// wait puts off the teller. The caller holds f.mu.
func (f *feeds) wait() {
	if !f.stopped {
		f.putOff = time.AfterFunc(f.news.delay(time.Since(f.told)), f.hurry)
	}
}

// begin starts a teller, or has the one that is at work look again. The caller
// holds f.mu.
func (f *feeds) begin() {
	if f.putOff != nil {
		f.putOff.Stop()
		f.putOff = nil
	}
	switch {
	case f.stopped:
	case f.telling:
		f.poked = true
	default:
		f.telling = true
		f.wg.Go(f.work)
	}
}

// work tells of everything until there is nothing new.
func (f *feeds) work() {
	for {
		n := f.news.look()
		for _, each := range f.due() {
			if each.tell(each.ctx, n, f) != nil {
				return // the connection is over, which its reader finds too
			}
		}
		if f.rest(n) {
			return
		}
	}
}

// due returns the feeds that may tell, in the order of their names.
func (f *feeds) due() []*openFeed {
	f.mu.Lock()
	defer f.mu.Unlock()
	var due []*openFeed
	for _, name := range slices.Sorted(maps.Keys(f.open)) {
		select {
		case <-f.open[name].ready:
			due = append(due, f.open[name])
		default:
		}
	}
	return due
}

// rest ends the teller unless there is more to be told now.
func (f *feeds) rest(n *news) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = time.Now()
	again := f.poked && !f.stopped
	f.poked = false
	if again && !n.busy {
		return false
	}
	f.telling = false
	if again {
		f.wait()
	}
	return true
}

// notification is a request without an id.
type notification struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// encodeNotification returns a notification as it is sent.
func encodeNotification(method string, params ...any) ([]byte, error) {
	return encode(notification{Version: version2, Method: method, Params: params})
}

// pass sends an encoded notification, which it does not change. It is sent whole
// even if the feed ends meanwhile: half of one would end the connection.
func (f *feeds) pass(message []byte) error {
	return f.send(context.WithoutCancel(f.ctx), message)
}
