package feed

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/rpc/view"
)

// Sender serves the subscriptions of one client. Each feed follows a source of the daemon,
// which can be read from any place: nothing is stored for a slow client, and it delays no
// other. For each update a goroutine sends the news of all feeds at the pace of this client,
// and ends.
type Sender struct {
	ctx  context.Context // ends with the connection
	send func(context.Context, []byte) error
	hub  *Hub
	wg   sync.WaitGroup // the goroutine that sends

	mu      sync.Mutex // guards all below
	open    map[string]*openFeed
	stopped bool
	sending bool        // the goroutine runs
	poked   bool        // it has to check for updates again
	putOff  *time.Timer // starts the goroutine; nil without one
	sent    time.Time   // when the last goroutine ended
}

// Feed sends the part of its source that the client does not have yet. Its method returns
// when all is sent or ctx has ended; an error means that the connection has ended.
type Feed interface {
	tell(ctx context.Context, u *update, to *Sender) error
}

// openFeed is a feed that has not ended.
type openFeed struct {
	Feed
	ctx   context.Context
	end   context.CancelFunc
	ready <-chan struct{} // closed when it may begin
}

// NewSender returns a client without subscriptions, whose connection lasts until ctx
// ends. Send writes one message, which it must not change.
func NewSender(ctx context.Context, hub *Hub, send func(context.Context, []byte) error) *Sender {
	return &Sender{ctx: ctx, hub: hub, send: send, open: make(map[string]*openFeed)}
}

// Start opens a feed that begins to send after ready was closed, see Hurry. It replaces
// the one with the same name. It must not be called after Stop.
func (f *Sender) Start(name string, ready <-chan struct{}, what Feed) {
	ctx, cancel := context.WithCancel(f.ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hub.join(f)
	if before := f.open[name]; before != nil {
		before.end()
	}
	f.open[name] = &openFeed{Feed: what, ctx: ctx, end: cancel, ready: ready}
}

// End ends a feed and reports whether there was one.
func (f *Sender) End(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	ended, ok := f.open[name]
	if ok {
		ended.end()
		delete(f.open, name)
	}
	if len(f.open) == 0 {
		f.hub.leave(f)
	}
	return ok
}

// Stop ends all feeds and returns when nothing more is being sent.
func (f *Sender) Stop() {
	f.hub.leave(f)
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

// poke sends an update: at once, or after a while when it is busy.
func (f *Sender) poke(u *update) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.sending:
		f.poked = true
	case !u.busy:
		f.beginLocked()
	case f.putOff == nil:
		f.waitLocked()
	}
}

// Hurry sends the newest update at once.
func (f *Sender) Hurry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.open) > 0 {
		f.beginLocked()
	}
}

// waitLocked delays sending. The caller holds f.mu.
func (f *Sender) waitLocked() {
	if !f.stopped {
		f.putOff = time.AfterFunc(f.hub.delay(time.Since(f.sent)), f.Hurry)
	}
}

// beginLocked starts the goroutine that sends, or makes a running one check again. The caller holds
// f.mu.
func (f *Sender) beginLocked() {
	if f.putOff != nil {
		f.putOff.Stop()
		f.putOff = nil
	}
	switch {
	case f.stopped:
	case f.sending:
		f.poked = true
	default:
		f.sending = true
		f.wg.Go(f.work)
	}
}

// work sends updates until there is no newer one.
func (f *Sender) work() {
	for {
		u := f.hub.newest()
		for _, each := range f.due() {
			if each.tell(each.ctx, u, f) != nil {
				return // the connection has ended, which its reader notices too
			}
		}
		if f.rest(u) {
			return
		}
	}
}

// due returns the feeds that may send, in the order of their names.
func (f *Sender) due() []*openFeed {
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

// rest ends the goroutine unless there is more to send.
func (f *Sender) rest(u *update) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = time.Now()
	again := f.poked && !f.stopped
	f.poked = false
	if again && !u.busy {
		return false
	}
	f.sending = false
	if again {
		f.waitLocked()
	}
	return true
}

// notification is a request without an id.
type notification struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// encodeNotification returns the JSON of a notification.
func encodeNotification(method string, params ...any) ([]byte, error) {
	return view.JSON(notification{Version: "2.0", Method: method, Params: params})
}

// pass sends an encoded notification, which it does not change. It is sent whole
// even if the feed ends meanwhile: half of one would end the connection.
func (f *Sender) pass(message []byte) error {
	return f.send(context.WithoutCancel(f.ctx), message)
}
