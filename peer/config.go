package peer

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/peer/internal/txrelay"
)

// dialFunc connects to an address of the form host:port.
type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// Config is the configuration of a pool. Params and UserAgent are required; the zero value of
// every other field means the default given there.
type Config struct {
	// Params are the parameters of the network.
	Params *chaincfg.Params

	// UserAgent is our name in the handshake, in the form "/name:1.2.3/": at most 256
	// printable ASCII characters.
	UserAgent string

	// Connect lists the peers to stay connected with, as host or host:port; the default port
	// is the network's. If it is not empty, the pool connects to no others.
	Connect []string

	// AddPeer lists further peers to stay connected with.
	AddPeer []string

	// Outbound is how many peers are chosen from the book when Connect is empty; 8, or 3 with
	// LowBandwidth. A negative number means none.
	Outbound int

	// LowBandwidth saves bytes: fewer peers are connected, they are asked for addresses only
	// while the book is small, and untested addresses are tried out more seldom.
	LowBandwidth bool

	// Seeders are asked over HTTPS for addresses while connections are missing; the default
	// is the network's list. SeederRoots are the authorities that may certify them; nil means
	// those of the system.
	Seeders     []string
	SeederRoots *x509.CertPool

	// File is the path of peers.json, which keeps the book, two anchors and the bans across
	// restarts; empty keeps them in memory only.
	File string

	// RelayTx asks peers from the start to announce transactions; else they are asked once the
	// syncer wants transactions. It is off by default, which also silences mixing.
	RelayTx bool

	// Mixing requests the messages of peer-to-peer mixing that peers announce, for TakeMix, and
	// serves those of OfferMix. It needs RelayTx.
	Mixing bool

	// Log receives events of peers; nil logs nothing.
	Log *slog.Logger

	// Dial makes every connection, to peers and to seeders, and looks up every name; the
	// default is the plain net.Dialer.
	Dial dialFunc

	// Onion means that Dial reaches the names of Tor services, as a proxy does. Without it
	// they are never passed to Dial, which would look them up.
	Onion bool

	// Now is the clock for times that are shown, kept or sent, and Rand the source of nonces
	// and jitter; the defaults are time.Now and the runtime's generator. Neither is called
	// often.
	Now  func() time.Time
	Rand func() uint64

	DialTimeout time.Duration // for connecting; 10 s

	// What is below is changed by tests of this package only.

	// machineAddrs returns the addresses of this machine. With a Dial, which may use others, they
	// are not looked at.
	machineAddrs func() (map[string]bool, error)

	handshakeTimeout time.Duration // from connected to verack; 15 s
	writeTimeout     time.Duration // for a write to end; 20 s
	pingEvery        time.Duration // of silence in either direction; 60 s
	pongTimeout      time.Duration // without any byte after a ping; 30 s

	// requestStall is how long a request waits while no byte arrives from its peer, 10 s, and
	// requestMax how long it may take in any case, 90 s. A reply is in time when it arrived
	// before both.
	requestStall time.Duration
	requestMax   time.Duration

	// minRate is the least rate at which a peer has to deliver while it owes a
	// reply, in bytes per second; 1 KiB.
	minRate int

	// maxRequests and maxBytes bound the requests in flight of one peer: their number, 512,
	// and the size of their replies as estimated from earlier ones, 8 MiB. A dcrd node
	// disconnects above 1,000 requests for blocks and 40 MiB.
	maxRequests int
	maxBytes    int

	// probeEvery is the longest pause between dials while no network is found, 5 s.
	probeEvery time.Duration

	// retryMin and retryMax bound the pause before a peer is dialled again, 1 s and 30 s. It
	// doubles with every failure. retryRefused is the pause after a failure that most likely
	// lasts, 10 min.
	retryMin     time.Duration
	retryMax     time.Duration
	retryRefused time.Duration

	// routedOnly refuses addresses that are not routed publicly on a simulation network too.
	routedOnly bool

	// banFor is how long a proven fault bans a host; 24 h.
	banFor time.Duration
}

// complete returns a copy with the defaults filled in.
func (c Config) complete() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
		if c.machineAddrs == nil {
			c.machineAddrs = machineAddrs
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Uint64
	}
	setDefault(&c.DialTimeout, 10*time.Second)
	setDefault(&c.handshakeTimeout, 15*time.Second)
	setDefault(&c.writeTimeout, 20*time.Second)
	setDefault(&c.pingEvery, time.Minute)
	setDefault(&c.pongTimeout, 30*time.Second)
	setDefault(&c.requestStall, 10*time.Second)
	setDefault(&c.requestMax, 90*time.Second)
	setDefault(&c.minRate, 1<<10)
	setDefault(&c.maxRequests, 512)
	setDefault(&c.maxBytes, 8<<20)
	setDefault(&c.probeEvery, 5*time.Second)
	if c.LowBandwidth {
		setDefault(&c.Outbound, fewOutbound)
	}
	setDefault(&c.Outbound, 8)
	if c.Seeders == nil && c.Params != nil {
		c.Seeders = c.Params.Seeders()
	}
	setDefault(&c.retryMin, time.Second)
	setDefault(&c.retryMax, 30*time.Second)
	setDefault(&c.retryRefused, 10*time.Minute)
	setDefault(&c.banFor, 24*time.Hour)
	return c
}

// With LowBandwidth: how many peers are chosen from the book, and how many known addresses make peers
// not be asked for more.
const (
	fewOutbound = 3
	enoughAddrs = 200
)

// choosesOutbound reports whether the pool chooses peers itself.
func (c *Config) choosesOutbound() bool { return len(c.Connect) == 0 && c.Outbound > 0 }

// blockTime returns the mean time between two blocks of the network, zero if they come at any
// time.
func (c *Config) blockTime() time.Duration {
	if net := c.Params.Net; net == wire.MainNet || net == wire.TestNet3 {
		return c.Params.TargetTimePerBlock
	}
	return 0
}

// connections returns the configuration of the connections.
func (c *Config) connections(relay *txrelay.Relay, defect func()) conn.Config {
	return conn.Config{
		Net:              c.Params.Net,
		UserAgent:        c.UserAgent,
		Log:              c.Log,
		Now:              c.Now,
		Rand:             c.Rand,
		HandshakeTimeout: c.handshakeTimeout,
		WriteTimeout:     c.writeTimeout,
		PingEvery:        c.pingEvery,
		PongTimeout:      c.pongTimeout,
		RequestStall:     c.requestStall,
		RequestMax:       c.requestMax,
		MinRate:          c.minRate,
		MaxRequests:      c.maxRequests,
		Txs:              relay,
		Defect:           defect,
	}
}

// setDefault sets a value that is zero.
func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// validate checks a complete configuration.
func (c *Config) validate() error {
	switch {
	case c.Params == nil:
		return errors.New("peer config: no network parameters")
	case c.UserAgent == "":
		return errors.New("peer config: no user agent")
	case len(c.UserAgent) > wire.MaxUserAgentLen:
		return fmt.Errorf("peer config: user agent of %d characters, at most %d", len(c.UserAgent), wire.MaxUserAgentLen)
	case strings.ContainsFunc(c.UserAgent, func(r rune) bool { return r < 0x20 || r > 0x7e }):
		return fmt.Errorf("peer config: user agent %q is not printable ASCII", c.UserAgent)
	case c.maxRequests < 0 || c.maxBytes < 0 || c.minRate < 0:
		return errors.New("peer config: negative limit")
	case c.retryMin > c.retryMax:
		return fmt.Errorf("peer config: retry pause of %v above its maximum of %v", c.retryMin, c.retryMax)
	}
	for _, d := range []time.Duration{c.DialTimeout, c.handshakeTimeout, c.writeTimeout, c.pingEvery, c.pongTimeout,
		c.requestStall, c.requestMax, c.probeEvery, c.retryMin, c.retryRefused, c.banFor} {
		if d < 0 {
			return fmt.Errorf("peer config: negative duration %v", d)
		}
	}
	return nil
}
