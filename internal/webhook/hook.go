package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// Config is what a Hook is made of. All fields but Dial are required.
type Config struct {
	// Target is the receiver, and Secret the key of the signatures.
	Target Target
	Secret []byte

	// File holds the state. It is made if it does not exist; one that is damaged is moved to
	// FILE.unusable.
	File string

	// Network is the name of the network, and Genesis the hash of its first block.
	Network string
	Genesis chainhash.Hash

	// Depth is up to which number of confirmations transactions are reported.
	Depth int64

	// Dial connects to receivers on other machines, as by a proxy; nil is directly.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// UserAgent is how the daemon introduces itself.
	UserAgent string

	// Hub has the events. They are posted while it runs.
	Hub *feed.Hub

	// Wallets are reported on, all of them.
	Wallets *wallet.Set

	// Warn replaces the warnings for the status; without arguments there are none.
	Warn func(...spv.Warning)

	// Log takes what happens, without secrets.
	Log *slog.Logger

	// Now is the clock.
	Now func() time.Time

	pause time.Duration // of tests; zero means firstPause
}

// Hook posts events. Make one with New.
type Hook struct {
	cfg    Config
	client *http.Client

	// first are the places at which the wallets stood when the hook was made: where it begins if it
	// has no state.
	first map[topic]place

	mu sync.Mutex // guards what follows, held for a moment
	at shown
	id string // of the stream; empty before Run
}

// shown is what Info shows.
type shown struct {
	delivered, pending uint64
	since, next        time.Time
	attempts           int
	trouble            error
}

// New returns a hook for wallets that are open and have not moved yet. It starts nothing.
func New(cfg Config) *Hook {
	if cfg.pause == 0 {
		cfg.pause = firstPause
	}
	patience := answerTime
	dial := cfg.Dial
	switch {
	case cfg.Target.Loopback():
		dial = toThisMachine
	case dial == nil:
		dial = new(net.Dialer).DialContext
	default:
		patience += proxyTime
	}
	h := &Hook{cfg: cfg, client: newClient(dial, patience), first: make(map[topic]place)}
	for name, w := range h.wallets() {
		at := w.Status()
		for _, t := range walletTopics(name) {
			h.first[t] = place{Cursor: feed.CursorAt(at.Scanned, at.Epoch, at.Searches)}
		}
	}
	return h
}

// walletTopics returns the topics of a wallet, in the order in which a change is reported.
func walletTopics(name string) []topic {
	return []topic{{api.TopicTransactions, name}, {api.TopicConfirmations, name}}
}

// wallets returns the open wallets by name.
func (h *Hook) wallets() map[string]*wallet.Wallet {
	list, err := h.cfg.Wallets.List()
	if err != nil {
		h.cfg.Log.Warn("Wallets not listed for notifyurl", "err", err)
	}
	open := make(map[string]*wallet.Wallet)
	for _, l := range list {
		if w, err := h.cfg.Wallets.Wallet(l.Name); err == nil {
			open[l.Name] = w
		}
	}
	return open
}

// Run posts events until ctx ends, and then returns nil. The error is one of the file.
func (h *Hook) Run(ctx context.Context) (err error) {
	s, err := h.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	defer h.client.CloseIdleConnections()
	if s.fresh() {
		if err := s.setPlaces(h.first); err != nil {
			return err
		}
	}
	if s.pending != nil {
		var e api.WebhookEvent
		if err := json.Unmarshal(s.pending, &e); err != nil {
			return fmt.Errorf("read the pending event: %w", err)
		}
		if h.deliver(ctx, s.seq, e.Event, s.pending) != nil {
			return nil
		}
		s.accepted()
	}
	h.follow(ctx, s)
	return nil
}

// open opens the state. A file that is damaged is moved away.
func (h *Hook) open() (*state, error) {
	s, err := openState(h.cfg.File)
	if errors.Is(err, errDamaged) {
		h.cfg.Log.Error("State of notifyurl is lost: the receiver gets a new stream, and has to read all again", "err", err, "moved", h.cfg.File+unusable)
		if err = os.Rename(h.cfg.File, h.cfg.File+unusable); err == nil {
			s, err = openState(h.cfg.File)
		}
	}
	if err != nil {
		return nil, err
	}
	h.note(func(at *shown) { at.delivered, h.id = s.delivered, s.id })
	return s, nil
}

// unusable ends the name of a damaged file.
const unusable = ".unusable"

// follow posts the events of all feeds until ctx ends.
func (h *Hook) follow(ctx context.Context, s *state) {
	sender := feed.NewSender(ctx, h.cfg.Hub, func(context.Context, []byte) error { return errors.New("a feed has no topic") })
	defer sender.Stop()
	ready := make(chan struct{})
	close(ready)
	start := func(name string, t topic, f feed.Feed) {
		sender.Start(name, ready, feed.Into(f, func(_ context.Context, message []byte) error { return h.post(ctx, s, t, message) }))
	}
	known := make(map[topic]place, len(s.places)) // the feeds change those of the state
	for t, p := range s.places {
		known[t] = p
	}
	// The sender asks its feeds in the order of their names.
	start("1", blocksTopic, h.blocks(s))
	start("3", topic{name: api.TopicSyncStatus}, feed.NewConditions(WarningCode))
	changed := h.cfg.Wallets.Watch(ctx)
	started := make(map[string]bool)
	for {
		for name, w := range h.wallets() {
			if started[name] {
				continue
			}
			started[name] = true
			for i, t := range walletTopics(name) {
				start(fmt.Sprintf("2 %s %d", name, i), t, h.walletFeed(t, w, known))
			}
		}
		sender.Hurry()
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// blocksTopic is the topic of blocks.
var blocksTopic = topic{name: api.TopicBlocks}

// blocks returns the feed of blocks. Where it begins at first is written at once: what comes while
// the daemon does not run is news.
func (h *Hook) blocks(s *state) feed.Feed {
	f, cursor := feed.NewBlocks(h.cfg.Hub, s.places[blocksTopic].Cursor)
	if f == nil {
		f, cursor = feed.NewBlocks(h.cfg.Hub, "") // the file has been changed by others
	}
	begins := func(cursor string) {
		if err := s.setPlaces(map[topic]place{blocksTopic: {Cursor: cursor}}); err != nil {
			h.cfg.Log.Error("Place of blocks not written", "err", err)
		}
	}
	if f.OnBegin(begins); cursor != "" && cursor != s.places[blocksTopic].Cursor {
		begins(cursor)
	}
	return f
}

// walletFeed returns a feed of a wallet. A wallet that has no place came after the first start:
// all that it has is news.
func (h *Hook) walletFeed(t topic, w *wallet.Wallet, known map[topic]place) feed.Feed {
	p, ok := known[t]
	if !ok {
		p.Cursor = feed.CursorAtGenesis(h.cfg.Genesis, w.Status().Epoch)
	}
	f, _ := feed.NewWallet(h.cfg.Hub, t.name, t.wallet, p.Cursor, h.cfg.Depth)
	if f == nil {
		f, _ = feed.NewWallet(h.cfg.Hub, t.name, t.wallet, "", h.cfg.Depth)
	}
	f.Knows(p.Unmined)
	return f
}

// post makes an event of a notification, and returns when the receiver has accepted it. The error
// is that of ctx, or a defect. Only the sender's goroutine calls it, and only that uses the state
// then.
func (h *Hook) post(ctx context.Context, s *state, t topic, message []byte) error {
	data, n, err := read(message)
	if err != nil {
		h.cfg.Log.Error("Event not posted", "topic", t.name, "err", err)
		return err
	}
	var next *place
	if t.name != api.TopicSyncStatus {
		p := s.places[t].after(&n)
		next = &p
		if n.empty() {
			s.places[t] = p // it is written with the next event
			return nil
		}
	}
	body, err := encode(&api.WebhookEvent{
		Stream: s.id, Seq: s.seq + 1, Event: t.name, Network: h.cfg.Network, Wallet: t.wallet, Time: h.cfg.Now().Unix(), Data: data,
	})
	if err != nil {
		return err
	}
	if err := h.store(ctx, s, body, t, next); err != nil {
		return err
	}
	if err := h.deliver(ctx, s.seq, t.name, body); err != nil {
		return err
	}
	s.accepted()
	return nil
}

// store writes an event before it is posted. It tries again until that succeeds, as when the disk
// is full, or ctx ends.
func (h *Hook) store(ctx context.Context, s *state, body []byte, t topic, p *place) error {
	for pause := h.cfg.pause; ; pause = min(2*pause, longestPause) {
		err := s.add(body, t, p)
		if err == nil {
			return nil
		}
		h.cfg.Log.Error("Event of notifyurl not written, and so not posted; trying again", "err", err)
		h.cfg.Warn(spv.Warning{Code: WarningCode, Text: "Events for the receiver of notifyurl cannot be written to the disk.",
			Hint: "They wait, and the sync goes on. The log says why; make room on the disk of the data directory."})
		if err := wait.For(ctx, pause); err != nil {
			return err
		}
	}
}

// note changes what Info shows.
func (h *Hook) note(change func(*shown)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(&h.at)
}

// stream returns the id of the stream.
func (h *Hook) stream() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.id
}

// Info returns how far the receiver is. It may be called from any goroutine; a nil Hook is none.
func (h *Hook) Info() api.Webhook {
	if h == nil {
		return api.Webhook{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	out := api.Webhook{
		Receiver: h.cfg.Target.String(), Stream: h.id, Delivered: h.at.delivered,
		Pending: h.at.pending, Attempts: h.at.attempts,
	}
	if h.at.pending != 0 {
		out.Since = h.at.since.Unix()
	}
	if h.at.trouble != nil {
		out.Trouble, out.NextAttempt = h.at.trouble.Error(), h.at.next.Unix()
	}
	return out
}
