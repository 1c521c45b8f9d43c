package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func subscribe() method {
	return method{
		name:    "subscribe",
		reads:   true,
		summary: "Subscribes this connection to notifications.",
		help: "A notification is a request without an id; its method is the topic, its one parameter the news. " +
			"syncstatus brings what the method of that name returns: the current status at once, then each newer one. " +
			"blocks brings each step of the main chain: disconnected blocks, newest first, then connected ones, oldest first. " +
			"transactions brings those of the wallet: at once all that are not mined, then each that is new or has come to another block; " +
			"what was mined in a block that is disconnected has gone unless it is told again. " +
			"confirmations brings how often they are confirmed, up to the number depth; spends the outputs of the wallet that are spent; " +
			"jobs its jobs, as listjobs shows them, whenever they change. " +
			"Each step has a cursor; given to subscribe later, on any connection, it makes the steps since then come first. " +
			"A client that was away or slow for more than 2,000 blocks gets one step of blocks with gap set: it has to read the " +
			"chain again. So does one of the other topics when none of the blocks of its cursor is on the main chain, " +
			"or when a rescan was canceled, which forgets what it had found. " +
			"While the chain is being caught up with, a connection is notified at most once a second, less often the more there are, " +
			"and blocks come together; during the first sync they do not come at all. Subscribing again starts anew.",
		params: []param{
			{name: "topic", kind: kindString, text: "syncstatus, blocks, transactions, confirmations, spends or jobs."},
			{name: "cursor", kind: kindString, optional: true, def: "",
				text: "The cursor of the last step that is known; without it the topic begins at the tip. syncstatus has none."},
			{name: "depth", kind: kindInt, optional: true, def: int64(defaultDepth),
				text: "Of confirmations: how many are told of, 1 to 1000."},
		},
		result:    "the topic, and the cursor that it begins after",
		returns:   []any{api.Subscription{}},
		example:   `["blocks"]`,
		websocket: true,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			topic, from := a.str("topic"), a.str("cursor")
			switch topic {
			case api.TopicBlocks:
				return b.subscribeBlocks(a.caller, from)
			case api.TopicSyncStatus:
				if from != "" {
					return nil, fail(api.CodeInvalid, "syncstatus takes no cursor: it always begins with the whole status")
				}
				a.caller.follow(topic, &statusFeed{})
				return api.Subscription{Topic: topic}, nil
			case api.TopicTransactions, api.TopicSpends:
				return b.subscribeWallet(a.caller, topic, from, 1)
			case api.TopicConfirmations:
				return b.subscribeWallet(a.caller, topic, from, a.int("depth"))
			case api.TopicJobs:
				return b.subscribeJobs(a.caller, from)
			}
			return nil, fail(api.CodeInvalid, "there is no topic %s; there are syncstatus, blocks, transactions, confirmations, spends and jobs",
				shorten([]byte(topic)))
		},
	}
}

// Confirmations that are told of.
const (
	defaultDepth = 6
	mostDepth    = 1000
)

// subscribeBlocks starts the feed of blocks after a cursor, or at the tip.
func (b *backend) subscribeBlocks(c *caller, from string) (api.Subscription, error) {
	f := &blockFeed{chain: b.Chain, form: tellStep}
	sub := api.Subscription{Topic: api.TopicBlocks, Cursor: from}
	if from == "" {
		// A chain that cannot be read yet begins where it can be.
		if err := f.begin(); err == nil {
			sub.Cursor = cursor(f.trail)
		}
	} else if f.trail = parseCursor(from); f.trail == nil {
		return api.Subscription{}, errCursor(api.TopicBlocks)
	}
	c.follow(api.TopicBlocks, f)
	return sub, nil
}

// subscribeWallet starts a feed of the wallet after a cursor, or where the wallet
// is. Without a wallet it begins where the wallet does.
func (b *backend) subscribeWallet(c *caller, topic, from string, depth int64) (api.Subscription, error) {
	if depth < 1 || depth > mostDepth {
		return api.Subscription{}, fail(api.CodeInvalid, "depth is %d, it must be 1 to %d", depth, mostDepth)
	}
	f := &walletFeed{topic: topic, depth: depth - 1, name: c.wallet, wallet: b.Wallet, chain: b.Chain}
	sub := api.Subscription{Topic: topic, Cursor: from}
	if from == "" {
		if at, err := f.wallet.Position(); err == nil && f.onMain(at.Scanned) {
			f.begin(at)
			sub.Cursor = f.cursor()
		}
	} else if !f.resume(from) {
		return api.Subscription{}, errCursor(topic)
	}
	c.follow(topic, f)
	return sub, nil
}

// subscribeJobs starts the feed of jobs after a cursor, or with those that are not
// over.
func (b *backend) subscribeJobs(c *caller, from string) (api.Subscription, error) {
	f := newJobFeed(b.Wallet, c.wallet, from)
	if f == nil {
		return api.Subscription{}, errCursor(api.TopicJobs)
	}
	if from == "" {
		_ = f.begin() // without a wallet it begins with the first job
	}
	c.follow(api.TopicJobs, f)
	return api.Subscription{Topic: api.TopicJobs, Cursor: f.cursor()}, nil
}

// errCursor is the error for a cursor that cannot be one.
func errCursor(topic string) error {
	return fail(api.CodeInvalid, "the cursor is none: use one that a notification of %s had", topic)
}
