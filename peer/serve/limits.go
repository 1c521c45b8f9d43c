package serve

import (
	"runtime"
	"time"
)

// Times of a connection, as those of a full node.
const (
	// handshakeTime is for the version and the verack of a client.
	handshakeTime = 15 * time.Second

	// idleTime is how long a client may send nothing, and pingEvery when it is asked for a
	// sign of life.
	idleTime  = 120 * time.Second
	pingEvery = 107 * time.Second

	// writeTime is how long one write of at most maxWrite bytes, or one message, may take.
	writeTime = 20 * time.Second

	// fetchTime is how long a block is fetched from the network before the client is answered
	// that it was not found, and the longest wait for the hourly limit before that answer.
	fetchTime = 20 * time.Second

	// drainTime is how long answers that are queued may take to be written when the server
	// stops.
	drainTime = 500 * time.Millisecond

	// bindPause is how long a server waits before it tries again to listen at an address.
	bindPause = 30 * time.Second
)

// Sizes of what is held for one client.
const (
	maxQueued   = 256 << 10 // bytes of answers that wait before a client is no longer read from
	maxUnread   = 1 << 20   // bytes that wait above which announcements end the connection
	maxWrite    = 256 << 10 // bytes that are written at a time, at least a message
	readAhead   = 8 << 10   // bytes buffered from the socket
	fetchAhead  = 8         // blocks of a client that are fetched at the same time
	maxTxsAsked = 100       // transactions that a client was asked for and has not sent
	maxTxsHeld  = 20        // transactions of a client that wait to be published
)

// maxSources bounds the hosts that limits are remembered of. A host without connections whose
// budgets are full is forgotten at once.
const maxSources = 4096

// limits are what clients may cost. Those of a source, which is a host or a /64 network of IPv6,
// count over all its connections.
type limits struct {
	conns       int // connections of all clients
	sourceConns int // of one source

	// dials bounds the new connections of a source: so many at once, and dialRate per second
	// after that.
	dials, dialRate float64

	// waiting is how many blocks and transactions of getdata may wait to be sent to a
	// source. A client that asks for more is disconnected, as by a full node.
	waiting int

	// bytes may be sent to and received from a source at once, which is more than a first
	// sync of the main network, and byteRate per second after that.
	bytes, byteRate float64

	// blocks may be fetched through for a source at once, and blockRate per second after
	// that. Those in the cache do not count.
	blocks, blockRate float64

	// txs may be published for a source at once, and txRate per second after that.
	txs, txRate float64

	// cache is how many bytes of blocks are kept, and fetches how many are fetched at once.
	cache, fetches int

	// share and busyShare are the processors that answers to all clients may use, on
	// average, while the sync has nothing to do and while it has. A source gets half.
	share, busyShare float64
}

func defaultLimits() limits {
	const hour = 3600
	return limits{
		conns: 64, sourceConns: 8,
		dials: 30, dialRate: 0.5,
		waiting: 5000,
		bytes:   1 << 30, byteRate: 4 << 20,
		blocks: 10_000, blockRate: 10_000.0 / hour,
		txs: 50, txRate: 1.0 / 5,
		cache: 64 << 20, fetches: 16,
		share: max(0.5, float64(runtime.GOMAXPROCS(0))/2), busyShare: 0.05,
	}
}
