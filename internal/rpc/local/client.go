package local

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/wallet"
)

// ErrClosed is returned by Next after Close.
var ErrClosed = errors.New("the caller is closed")

// Config is what a Client is made of. All fields but Subscribe are required.
type Config struct {
	Methods *method.Registry
	Log     *slog.Logger

	// Subscribe allows the methods that exist on websockets only. Their events come as long
	// as the hub of the methods runs.
	Subscribe bool
}

// Client calls the methods of a daemon in the same process. All methods may be called from any
// goroutine. Make one with New.
type Client struct {
	methods   *method.Registry
	log       *slog.Logger
	subscribe bool

	ctx    context.Context // ends with Close
	end    context.CancelFunc
	events chan json.RawMessage

	calls sync.WaitGroup // Add only with mu, while not closed

	mu      sync.Mutex // guards what follows
	closed  bool
	senders map[string]*feed.Sender // by the name of the wallet
}

// New returns a client. It starts nothing.
func New(cfg Config) *Client {
	ctx, end := context.WithCancel(context.Background())
	return &Client{
		methods: cfg.Methods, log: cfg.Log, subscribe: cfg.Subscribe,
		ctx: ctx, end: end, events: make(chan json.RawMessage), senders: make(map[string]*feed.Sender),
	}
}

// Call calls a method for a wallet; an empty name is the default wallet. The parameters are a
// JSON array or object, or empty. It returns the result as JSON. The error is an *api.Error as
// JSON-RPC clients get it; after Close that of a call that was given up.
func (c *Client) Call(ctx context.Context, walletName, name string, params json.RawMessage) (json.RawMessage, error) {
	m := c.methods.Find(name)
	if m == nil {
		return nil, c.explain(name, method.NoMethod(name))
	}
	from, err := c.begin(walletName, m)
	if err != nil {
		return nil, c.explain(name, err)
	}
	defer c.calls.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	result, err := c.answer(ctx, from, m, params)
	if from.Feeds != nil {
		close(from.Replied)
		if from.Subscribed {
			from.Feeds.Hurry()
		}
	}
	if err != nil {
		return nil, c.explain(name, err)
	}
	return result, nil
}

// begin counts a call of a method, which Close waits for, and returns the caller of it.
func (c *Client) begin(walletName string, m *method.Method) (*method.Caller, error) {
	if walletName == "" {
		walletName = wallet.DefaultName
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, context.Canceled
	}
	c.calls.Add(1)
	from := &method.Caller{Wallet: walletName}
	if !c.subscribe || !m.Websocket {
		return from, nil
	}
	from.Feeds, from.Replied = c.senders[walletName], make(chan struct{})
	if from.Feeds == nil {
		from.Feeds = feed.NewSender(c.ctx, c.methods.Core.Hub, c.sendFor(walletName))
		c.senders[walletName] = from.Feeds
	}
	return from, nil
}

// sendFor returns the function that delivers the events of a wallet: it returns when Next has
// taken one, or c is closed.
func (c *Client) sendFor(walletName string) func(context.Context, []byte) error {
	tail, err := json.Marshal(walletName)
	if err != nil {
		panic("local: encode a name: " + err.Error()) // any string can be encoded
	}
	tail = append(append([]byte(`,"wallet":`), tail...), '}')
	return func(_ context.Context, message []byte) error {
		// Several clients may share the message: it is copied.
		event := append(message[:len(message)-1:len(message)-1], tail...)
		select {
		case c.events <- event:
			return nil
		case <-c.ctx.Done():
			return ErrClosed
		}
	}
}

// Next waits for the next event of a subscription. It is the notification that a websocket
// gets, with one more member "wallet": the name of the wallet that the call of subscribe was
// for. The error is that of ctx, or ErrClosed.
func (c *Client) Next(ctx context.Context) (json.RawMessage, error) {
	select { // an event that is ready comes even when ctx has ended
	case event := <-c.events:
		return event, nil
	default:
	}
	select {
	case event := <-c.events:
		return event, nil
	case <-c.ctx.Done():
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends all calls and subscriptions, and returns when nothing of them runs any longer. It
// may be called again.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end()
	c.calls.Wait()
	for _, s := range c.senders { // no call is left that could change them
		s.Stop()
	}
}

// explain returns what a client gets of an error, and logs a fault of the daemon.
func (c *Client) explain(name string, err error) *api.Error {
	answer, fault := c.methods.Explain(err)
	if fault {
		c.log.Error("Method failed", "method", name, "err", err)
	}
	return hideKeys(answer)
}
