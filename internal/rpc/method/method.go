package method

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/snapshot/checkpointer"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/peer/serve"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// exampleHash names a block that exists on mainnet from the start: genesis.
const exampleHash = "298e5cc3d985bfe7f81dc135f360abe089edd4396b86d2de66b0cef42b21d980"

// Core is what the methods work on. All fields but Proxy are required, and may be used from
// any goroutine.
type Core struct {
	Params  *consensus.Params
	Syncer  *spv.Syncer
	Pool    *peer.Pool
	Wallets *wallet.Set
	Votes   *votecheck.Checker

	// Snapshots writes the snapshot; nil if none is written.
	Snapshots *checkpointer.Checkpointer

	// Server serves other light clients; nil if none are served.
	Server *serve.Server

	// Webhook returns how far the receiver of events is; nil if there is none.
	Webhook func() api.Webhook

	Hub  *feed.Hub
	Logs *logging.Log

	// Stop makes the daemon end, as its first signal does, and returns at once.
	Stop func()

	// Version is the version of the daemon, UserAgent how it introduces itself to peers,
	// and ProtocolVersion the newest peer-to-peer protocol version it speaks.
	Version         api.Version
	UserAgent       string
	ProtocolVersion uint32

	// Proxy is the address peers are dialled through; empty means none.
	Proxy string
}

// Method is everything there is to say about one JSON-RPC method, and what answers a call
// of it. Dispatch, parameter checks, help and docs/rpc.md all read it.
type Method struct {
	// Name is what clients call.
	Name string

	// Summary is one sentence; Help, if there is more to say, any number.
	Summary string
	Help    string

	// Params are the parameters in positional order, optional ones last.
	Params []param

	// Result describes what is returned; Returns holds a value of each type
	// that may be, a slice also of a Stream.
	Result  string
	Returns []any

	// Example is the parameters of an example call, as a JSON array.
	Example string

	// Reads is true for methods that change nothing: read-only users may call
	// them.
	Reads bool

	// Keys is true for methods that may be given a private key by mistake:
	// errors do not repeat their parameters.
	Keys bool

	// Waits is true for methods that wait for peers or for the sync: they take no
	// turn, so that other calls are answered meanwhile.
	Waits bool

	// Quick is true for methods that read nothing but memory, and little of it: they
	// are answered while others read lists.
	Quick bool

	// Websocket is true for methods that exist on websockets only.
	Websocket bool

	// Handle answers a call whose parameters fit Params.
	Handle func(ctx context.Context, c *Call) (any, error)
}

// Call is a call that is being answered: the core, the values of its parameters, and the
// client it comes from.
type Call struct {
	*Core
	args
	caller  *Caller
	methods []Method
}

// Caller is the client that a call comes from.
type Caller struct {
	// ReadOnly clients may only call methods that read.
	ReadOnly bool

	// Wallet is the name of the wallet it calls for.
	Wallet string

	// Wallets are the names of the only wallets that it may use; nil means all.
	Wallets []string

	// Feeds are the subscriptions of its websocket, nil for a POST request.
	Feeds *feed.Sender

	// Replied is closed once the reply to the message was sent. It is nil for
	// a POST request. Subscribed is set when a feed waits for it.
	Replied    chan struct{}
	Subscribed bool
}

// follow subscribes the client's websocket to a feed.
func (c *Caller) follow(name string, what feed.Feed) {
	c.Feeds.Start(name, c.Replied, what)
	c.Subscribed = true
}

// Registry is the methods of a daemon.
type Registry struct {
	Core Core

	// Methods are in alphabetical order, in which help lists them.
	Methods []Method
}

// NewRegistry returns all methods.
func NewRegistry(core Core) *Registry {
	all := slices.Concat(
		chainMethods(), blockMethods(), filterMethods(), statusMethods(), txMethods(),
		accountMethods(), addressMethods(), importMethods(), coinMethods(), historyMethods(),
		receivedMethods(), multisigMethods(), buildMethods(), publishMethods(), jobMethods(),
		walletMethods(), peerMethods(), nodeMethods(), servingMethods(), snapshotMethods(),
		stakeMethods(), voteMethods(), webhookMethods(), controlMethods(), subscribeMethods(),
		helpMethods(),
	)
	slices.SortFunc(all, func(a, b Method) int { return cmp.Compare(a.Name, b.Name) })
	return &Registry{Core: core, Methods: all}
}

// Find returns the method of a name, nil if there is none.
func (r *Registry) Find(name string) *Method { return find(r.Methods, name) }

func find(methods []Method, name string) *Method {
	for i := range methods {
		if methods[i].Name == name {
			return &methods[i]
		}
	}
	return nil
}

// NoMethod is the error for a call of a method that does not exist.
func NoMethod(name string) error {
	return fail(api.CodeNoMethod, "there is no method %s; run: spvctl help", shorten([]byte(name)))
}

// Call checks the parameters of a call, a JSON array or object or nothing, and answers it.
// The result can be encoded as JSON; Explain says what clients see of an error. A panic in
// a method is an error of that call, and of nothing else.
func (r *Registry) Call(ctx context.Context, from *Caller, m *Method, params json.RawMessage) (result any, err error) {
	if m.Websocket && from.Feeds == nil {
		return nil, fail(api.CodeNoMethod, "%s exists on websockets only; connect to %s", m.Name, api.WebsocketPath)
	}
	if err := from.forbids(m); err != nil {
		return nil, err
	}
	a, err := m.decodeArgs(params)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, fmt.Errorf("panic in %s: %v\n%s", m.Name, r, debug.Stack())
		}
	}()
	return m.Handle(ctx, &Call{Core: &r.Core, args: a, caller: from, methods: r.Methods})
}

// open returns the wallet that the call is about.
func (c *Call) open() (*wallet.Wallet, error) {
	w, err := c.Wallets.Wallet(c.caller.Wallet)
	if errors.Is(err, wallet.ErrNoWallet) && c.caller.Wallet == wallet.DefaultName {
		return nil, errNoDefault
	}
	return w, err
}

// Credentials returns the user name and the password in the parameters of an authenticate
// call, by position or by name.
func Credentials(params json.RawMessage) (user, password string, err error) {
	m := Method{Params: []param{{name: "username", kind: kindString}, {name: "password", kind: kindString}}}
	a, err := m.decodeArgs(params)
	if err != nil {
		return "", "", err
	}
	return a.str("username"), a.str("password"), nil
}
