package rpcclient

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/wait"
)

// How long to wait before a lost connection is made again: twice as long each time.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// mostWaiting is how many events wait for a slow loop. Beyond, the connection is closed, and made
// again when they are read.
const mostWaiting = 1000

// Subscribe says what a subscription is to begin with.
type Subscribe struct {
	// Cursor is that of the last event that is known: those since then come first. Empty means
	// that it begins now.
	Cursor string

	// Depth is up to how many confirmations there are events, of the topic confirmations; zero
	// means as many as the daemon has by default.
	Depth int64

	// Addresses and Labels choose, of transactions, confirmations and spends, what concerns one
	// of them; without any that is all.
	Addresses, Labels []string
}

// Statuses yields the status of the daemon: the current one at once, then each newer one. One that is
// not read before the next comes is left out.
func (c *Client) Statuses(ctx context.Context) iter.Seq2[SyncStatus, error] {
	return events(ctx, c, api.TopicSyncStatus, Subscribe{}, func(*SyncStatus) string { return "" })
}

// Blocks yields each step of the main chain.
func (c *Client) Blocks(ctx context.Context, how Subscribe) iter.Seq2[BlocksEvent, error] {
	return events(ctx, c, api.TopicBlocks, how, func(e *BlocksEvent) string { return e.Cursor })
}

// Transactions yields those of the wallet: at once all that are not mined, then each that is new or
// in another block.
func (c *Client) Transactions(ctx context.Context, how Subscribe) iter.Seq2[WalletEvent, error] {
	return events(ctx, c, api.TopicTransactions, how, walletCursor)
}

// Confirmations yields how often transactions of the wallet are confirmed.
func (c *Client) Confirmations(ctx context.Context, how Subscribe) iter.Seq2[WalletEvent, error] {
	return events(ctx, c, api.TopicConfirmations, how, walletCursor)
}

// Spends yields the outputs of the wallet that are spent.
func (c *Client) Spends(ctx context.Context, how Subscribe) iter.Seq2[WalletEvent, error] {
	return events(ctx, c, api.TopicSpends, how, walletCursor)
}

// Jobs yields the jobs of the wallet that have changed.
func (c *Client) Jobs(ctx context.Context, how Subscribe) iter.Seq2[JobsEvent, error] {
	return events(ctx, c, api.TopicJobs, how, func(e *JobsEvent) string { return e.Cursor })
}

func walletCursor(e *WalletEvent) string { return e.Cursor }

// events yields the events of a topic until the loop or the context ends, or the daemon refuses the
// subscription or is not trusted, which is the last thing that it yields.
func events[E any](ctx context.Context, c *Client, topic string, how Subscribe, cursor func(*E) string) iter.Seq2[E, error] {
	return func(yield func(E, error) bool) {
		for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
			begun, err := follow(ctx, c, topic, &how, cursor, func(event E) bool { return yield(event, nil) })
			var refused *Error
			switch {
			case errors.Is(err, errBreak):
				return
			case errors.As(err, &refused):
				yield(*new(E), refused)
				return
			case errors.Is(err, ErrCertificate):
				yield(*new(E), err)
				return
			case begun:
				pause = firstPause
			}
			_ = wait.For(ctx, pause) // or until the context ends, which the loop sees
		}
	}
}

// errBreak means that the loop over events has ended.
var errBreak = errors.New("the loop has ended")

// follow yields the events of one connection, and keeps the cursor of the last one. It reports whether
// the subscription has begun.
func follow[E any](ctx context.Context, c *Client, topic string, how *Subscribe, cursor func(*E) string, yield func(E) bool) (begun bool, err error) {
	in := &inbox{topic: topic, poke: make(chan struct{}, 1)}
	ws, err := c.dial(ctx, wsrpc.WithNotifier(in))
	if err != nil {
		return false, err
	}
	defer ws.Close()
	params := []any{topic, how.Cursor, nil, how.Addresses, how.Labels}
	if how.Depth != 0 {
		params[2] = how.Depth
	}
	var first Subscription
	if err := call(ctx, ws, "subscribe", &first, params...); err != nil {
		return false, err
	}
	if how.Cursor == "" {
		how.Cursor = first.Cursor
	}
	for {
		for raw := in.next(); raw != nil; raw = in.next() {
			var params []E
			if err := json.Unmarshal(raw, &params); err != nil || len(params) == 0 {
				return true, errors.New("a notification cannot be read")
			}
			if !yield(params[0]) {
				return true, errBreak
			}
			if at := cursor(&params[0]); at != "" {
				how.Cursor = at
			}
		}
		select {
		case <-in.poke:
		case <-ws.Done():
			return true, ErrLost
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// inbox holds the parameters of the notifications of a topic until they are read.
type inbox struct {
	topic string
	poke  chan struct{}

	mu      sync.Mutex
	waiting []json.RawMessage
}

// Notify implements wsrpc.Notifier. An error ends the connection.
func (in *inbox) Notify(method string, params json.RawMessage) error {
	if method != in.topic {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if method == api.TopicSyncStatus { // each is the whole status
		in.waiting = nil
	}
	if in.waiting = append(in.waiting, params); len(in.waiting) > mostWaiting {
		return errors.New("too many events wait")
	}
	select {
	case in.poke <- struct{}{}:
	default:
	}
	return nil
}

// next returns the oldest, nil if there is none.
func (in *inbox) next() json.RawMessage {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.waiting) == 0 {
		return nil
	}
	oldest := in.waiting[0]
	in.waiting = in.waiting[1:]
	return oldest
}
