package rpc

import (
	"context"

	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd/internal/rpc/api"
)

// exampleHash names a block that exists on mainnet from the start: genesis.
const exampleHash = "298e5cc3d985bfe7f81dc135f360abe089edd4396b86d2de66b0cef42b21d980"

// method is an entry of the method table: everything there is to say about one
// JSON-RPC method, and what runs it. Dispatch, parameter checks, help and
// docs/rpc.md all read the table.
type method struct {
	// name is what clients call.
	name string

	// summary is one sentence; help, if there is more to say, any number.
	summary string
	help    string

	// params are the parameters in positional order, optional ones last.
	params []param

	// result describes what is returned; returns holds a value of each type
	// that may be.
	result  string
	returns []any

	// example is the parameters of an example call, as a JSON array.
	example string

	// reads is true for methods that change nothing: read-only users may call
	// them.
	reads bool

	// keys is true for methods that may be given a private key by mistake: what
	// they are given is not repeated in errors.
	keys bool

	// waits is true for methods that wait for peers: meanwhile others may work.
	waits bool

	// websocket is true for methods that exist on websockets only.
	websocket bool

	// handle answers a call whose parameters fit params.
	handle func(ctx context.Context, b *backend, a args) (any, error)
}

// backend is what methods can use.
type backend struct {
	Ports

	// Wallet is the one that the call is about.
	Wallet Wallet

	params          *chaincfg.Params
	version         api.Version
	protocolVersion uint32
	proxy           string
	methods         table
	news            *newsroom
}

// callFor returns the backend for a call about a wallet.
func (b *backend) callFor(wallet string) *backend {
	chosen := *b
	if b.Wallets != nil {
		chosen.Wallet = b.Wallets.Wallet(wallet)
	}
	return &chosen
}

// caller is the client a call comes from.
type caller struct {
	may access

	// wallet is the name of the wallet it calls for.
	wallet string

	// feeds are the subscriptions of its websocket, nil for a POST request.
	feeds *feeds

	// share is what the message and its replies take of the memory for those of all
	// clients; nil means that it is not counted.
	share *share

	// replied is closed once the reply to the message was sent. It is nil for
	// a POST request. Subscribed says that a feed waits for it.
	replied    chan struct{}
	subscribed bool
}

// follow subscribes the client's websocket to a feed.
func (c *caller) follow(name string, what feed) {
	c.feeds.start(name, c.replied, what)
	c.subscribed = true
}

// table is the list of all methods in alphabetical order.
type table []method

// methods returns the table. A new method is added here and in a file of its
// own, and nowhere else.
func methods() table {
	return table{
		abandonTransaction(),
		accountAddressIndex(),
		addNode(),
		cancelJob(),
		createNewAccount(),
		createWallet(),
		debugLevel(),
		decodeRawTransaction(),
		disconnectNode(),
		discoverUsage(),
		estimateSmartFee(),
		getAccount(),
		getAddedNodeInfo(),
		getAddressesByAccount(),
		getBalance(),
		getBestBlock(),
		getBestBlockHash(),
		getBlock(),
		getBlockCount(),
		getBlockHash(),
		getBlockHeader(),
		getCFilterV2(),
		getConnectionCount(),
		getCurrentNet(),
		getInfo(),
		getJob(),
		getNetTotals(),
		getNetworkInfo(),
		getNewAddress(),
		getPeerInfo(),
		getRawChangeAddress(),
		getReceivedByAccount(),
		getReceivedByAddress(),
		getTransaction(),
		getTxOut(),
		getUnconfirmedBalance(),
		help(),
		importAddress(),
		importPubKey(),
		importScript(),
		importXpub(),
		listAccounts(),
		listAddressTransactions(),
		listBans(),
		listJobs(),
		listLabels(),
		listLockUnspent(),
		listPublished(),
		listSinceBlock(),
		listTransactions(),
		listUnspent(),
		listWalletDir(),
		listWallets(),
		loadWallet(),
		lockUnspent(),
		node(),
		notifyBlocks(),
		renameAccount(),
		rescanWallet(),
		discover(),
		sendRawTransaction(),
		setBan(),
		setLabel(),
		stop(),
		stopNotifyBlocks(),
		subscribe(),
		syncStatus(),
		unban(),
		unloadWallet(),
		unsubscribe(),
		validateAddress(),
		version(),
		walletInfo(),
	}
}

// find returns the method of a name, nil if there is none.
func (t table) find(name string) *method {
	for i := range t {
		if t[i].name == name {
			return &t[i]
		}
	}
	return nil
}
