package method

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
)

// subscribeMethods returns the methods about subscriptions.
func subscribeMethods() []Method {
	return []Method{
		subscribe(),
		unsubscribe(),
		notifyBlocks(),
		stopNotifyBlocks(),
	}
}

func subscribe() Method {
	return Method{
		Name:    "subscribe",
		Reads:   true,
		Summary: "Subscribes this connection to notifications.",
		Help: "A notification is a request without an id; its method is the topic, its one parameter the update. " +
			"syncstatus brings what the method of that name returns: the current status at once, then each newer one. " +
			"blocks brings each step of the main chain: disconnected blocks, newest first, then connected ones, oldest first. " +
			"transactions brings those of the wallet: at once all that are not mined, then each that is new or has come to another block, " +
			"and one of the newest seven blocks again when the result of verifying the votes behind it changes; " +
			"a transaction of a disconnected block is gone unless it is sent again. " +
			"confirmations brings how often they are confirmed, up to the number depth, with the outputs that pay to the wallet; spends the outputs of the wallet that are spent; " +
			"jobs its jobs, as listjobs shows them, whenever they change. " +
			"Each step has a cursor; given to subscribe later, on any connection, it makes the steps since then come first. " +
			"A client that was away or slow for more than 2,000 blocks gets one step of blocks with gap set: it has to read the " +
			"chain again. So does one of the other topics when none of the blocks of its cursor is on the main chain, " +
			"or when a rescan was canceled, which forgets what it had found. " +
			"While the chain is being caught up with, a connection is notified at most once a second, less often the more there are, " +
			"and blocks come together; during the first sync they do not come at all. Subscribing to a topic again replaces the subscription.",
		Params: []param{
			{name: "topic", kind: kindString, text: "syncstatus, blocks, transactions, confirmations, spends or jobs."},
			{name: "cursor", kind: kindString, optional: true, def: "",
				text: "The cursor of the last step that is known; without it the topic begins at the tip. syncstatus has none."},
			{name: "depth", kind: kindInt, optional: true, def: int64(defaultDepth),
				text: "Of confirmations: up to how many a transaction is notified of, 1 to 1000."},
			{name: "addresses", kind: kindStrings, optional: true, def: []string(nil),
				text: "Of transactions, confirmations and spends: only what concerns one of these addresses. An address need not be the wallet's, of what it pays."},
			{name: "labels", kind: kindStrings, optional: true, def: []string(nil),
				text: "Of the same topics: only what has one of these labels, of the transaction or of an address. With addresses, what fits either."},
		},
		Result:    "the topic, and the cursor that it begins after",
		Returns:   []any{api.Subscription{}},
		Example:   `["blocks"]`,
		Websocket: true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			topic, from := c.str("topic"), c.str("cursor")
			switch {
			case topic == api.TopicTransactions, topic == api.TopicConfirmations, topic == api.TopicSpends:
			case len(c.strings("addresses"))+len(c.strings("labels")) > 0:
				return nil, fail(api.CodeInvalid, "addresses and labels choose from transactions, confirmations and spends")
			}
			switch topic {
			case api.TopicBlocks:
				return c.subscribeBlocks(from)
			case api.TopicSyncStatus:
				if from != "" {
					return nil, fail(api.CodeInvalid, "syncstatus takes no cursor: it always begins with the whole status")
				}
				c.caller.follow(topic, &feed.Status{OfChain: c.caller.limited()})
				return api.Subscription{Topic: topic}, nil
			case api.TopicTransactions, api.TopicSpends:
				return c.subscribeWallet(topic, from, 1)
			case api.TopicConfirmations:
				return c.subscribeWallet(topic, from, c.int("depth"))
			case api.TopicJobs:
				return c.subscribeJobs(from)
			}
			return nil, fail(api.CodeInvalid, "there is no topic %s; there are syncstatus, blocks, transactions, confirmations, spends and jobs",
				shorten([]byte(topic)))
		},
	}
}

// Numbers of confirmations that a subscriber may ask to be notified of.
const (
	defaultDepth = 6
	mostDepth    = 1000
)

// subscribeBlocks starts the feed of blocks after a cursor, or at the tip.
func (c *Call) subscribeBlocks(from string) (api.Subscription, error) {
	f, cursor := feed.NewBlocks(c.Hub, from)
	if f == nil {
		return api.Subscription{}, errCursor(api.TopicBlocks)
	}
	c.caller.follow(api.TopicBlocks, f)
	return api.Subscription{Topic: api.TopicBlocks, Cursor: cursor}, nil
}

// subscribeWallet starts a feed of the wallet after a cursor, or where the wallet is.
func (c *Call) subscribeWallet(topic, from string, depth int64) (api.Subscription, error) {
	if depth < 1 || depth > mostDepth {
		return api.Subscription{}, fail(api.CodeInvalid, "depth is %d, it must be 1 to %d", depth, mostDepth)
	}
	addresses, err := c.chosenAddresses()
	if err != nil {
		return api.Subscription{}, err
	}
	f, cursor := feed.NewWallet(c.Hub, topic, c.caller.Wallet, from, depth)
	if f == nil {
		return api.Subscription{}, errCursor(topic)
	}
	f.Only(addresses, c.strings("labels"))
	c.caller.follow(topic, f)
	return api.Subscription{Topic: topic, Cursor: cursor}, nil
}

// mostChosen is how many addresses and labels a subscription may have.
const mostChosen = 10000

// chosenAddresses returns the parameter addresses.
func (c *Call) chosenAddresses() ([]string, error) {
	list := c.strings("addresses")
	if n := len(list) + len(c.strings("labels")); n > mostChosen {
		return nil, fail(api.CodeInvalid, "%d addresses and labels, there may be %d: subscribe to the whole wallet", n, mostChosen)
	}
	return list, c.checkAddresses(list) // which have one form each
}

// subscribeJobs starts the feed of jobs after a cursor, or with those that are not over.
func (c *Call) subscribeJobs(from string) (api.Subscription, error) {
	f, cursor := feed.NewJobs(c.Hub, c.caller.Wallet, from)
	if f == nil {
		return api.Subscription{}, errCursor(api.TopicJobs)
	}
	c.caller.follow(api.TopicJobs, f)
	return api.Subscription{Topic: api.TopicJobs, Cursor: cursor}, nil
}

// errCursor is the error for a cursor that cannot be one.
func errCursor(topic string) error {
	return fail(api.CodeInvalid, "the cursor is none: use one that a notification of %s had", topic)
}

func unsubscribe() Method {
	return Method{
		Name:      "unsubscribe",
		Reads:     true,
		Summary:   "Ends a subscription of this connection.",
		Help:      "A notification that is on its way may still come.",
		Params:    []param{{name: "topic", kind: kindString, text: "What was subscribed to."}},
		Result:    "null",
		Returns:   []any{nil},
		Example:   `["blocks"]`,
		Websocket: true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			if topic := c.str("topic"); !c.caller.Feeds.End(topic) {
				return nil, fail(api.CodeInvalid, "this connection has not subscribed to %s", shorten([]byte(topic)))
			}
			return nil, nil
		},
	}
}

// feedNotifyBlocks is the name of the feed in dcrd's form.
const feedNotifyBlocks = "notifyblocks"

func notifyBlocks() Method {
	return Method{
		Name:    feedNotifyBlocks,
		Reads:   true,
		Summary: "Subscribes this connection to blocks in dcrd's form.",
		Help: "blockconnected has the header in hex and an empty list of transactions, blockdisconnected the header. " +
			"They are complete while the connection keeps up; subscribe blocks says when it did not.",
		Result:    "null",
		Returns:   []any{nil},
		Example:   `[]`,
		Websocket: true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			c.caller.follow(feedNotifyBlocks, feed.NewDcrdBlocks(c.Hub))
			return nil, nil
		},
	}
}

func stopNotifyBlocks() Method {
	return Method{
		Name:      "stopnotifyblocks",
		Reads:     true,
		Summary:   "Ends what notifyblocks has begun.",
		Result:    "null",
		Returns:   []any{nil},
		Example:   `[]`,
		Websocket: true,
		Handle: func(_ context.Context, c *Call) (any, error) {
			c.caller.Feeds.End(feedNotifyBlocks)
			return nil, nil
		},
	}
}

// notification describes what a topic sends.
type notification struct {
	topic, text string
	params      []sent
}

// sent is a parameter of a notification, with a value of its type.
type sent struct {
	name  string
	value any
}

// notifications returns what subscriptions send, by topic, and last what notifyblocks does.
func notifications() []notification {
	one := func(topic, name string, value any, text string) notification {
		return notification{topic, text, []sent{{name, value}}}
	}
	return []notification{
		one(api.TopicSyncStatus, "status", api.SyncStatus{}, "The status of the daemon has changed. Each is the whole status."),
		one(api.TopicBlocks, "event", api.BlocksEvent{}, "A step along the main chain."),
		one(api.TopicTransactions, "event", api.WalletEvent{}, "Transactions of the wallet are new, or in another block."),
		one(api.TopicConfirmations, "event", api.WalletEvent{}, "Transactions of the wallet have another number of confirmations."),
		one(api.TopicSpends, "event", api.WalletEvent{}, "Outputs of the wallet are spent."),
		one(api.TopicJobs, "event", api.JobsEvent{}, "Jobs of the wallet have changed."),
		{feed.DcrdConnected, "A block was added to the main chain, in dcrd's form.", []sent{{"header", ""}, {"transactions", []string{}}}},
		{feed.DcrdDisconnected, "A block has left the main chain, in dcrd's form.", []sent{{"header", ""}}},
	}
}
