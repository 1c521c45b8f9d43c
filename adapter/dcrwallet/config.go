package dcrwallet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/version"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// proxyDialTimeout is how long a connection through a proxy may take: Tor builds a
// circuit for each.
const proxyDialTimeout = 30 * time.Second

// Config is what a Syncer is made from. Dir is required; the zero value of every other field
// means the default it names.
type Config struct {
	// Dir is the data directory of the engine. The headers, filters, addresses of peers and
	// the lock are kept in a directory of the wallet's network below it, which is created
	// if it does not exist. A running spvd must not use the same directory.
	Dir string

	// Connect lists the only peers to connect to, as HOST or HOST:PORT. SetPersistentPeers
	// replaces it. Empty: peers are found through the seeders of the network.
	Connect []string

	// Proxy is the IP:PORT of a SOCKS5 proxy that every connection is made through. Names
	// are looked up by the proxy only. Empty: connections are made directly.
	Proxy string

	// Dial makes every connection and looks up every name in the place of a net.Dialer.
	// It excludes Proxy.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// LowBandwidth saves bytes: three peers are connected instead of eight, and unmined
	// transactions of others and messages of mixing are not requested: a payment shows when
	// it is mined, and mixes find no peers.
	LowBandwidth bool

	// Known are blocks that the chain has to hold, and the least work it has, see
	// consensus.ParseKnown. They take the place of what is built in, which nil means.
	Known *consensus.Known

	// UserAgent is the name in the handshake with peers, like "/name:1.2.3/"; that of spvd.
	UserAgent string

	// Now is the clock that block times are compared with; time.Now.
	Now func() time.Time

	// Log takes what happens, and PeerLog what happens to connections; nil drops it.
	Log     *slog.Logger
	PeerLog *slog.Logger
}

// networkOf returns the network with the given parameters, or an error for one that the
// engine does not know.
func networkOf(params *chaincfg.Params) (spvd.Network, error) {
	for _, n := range []spvd.Network{spvd.Mainnet, spvd.Testnet, spvd.Simnet} {
		if n.Params().ChainParams.Net == params.Net {
			return n, nil
		}
	}
	return 0, fmt.Errorf("spvd has no network %s: use mainnet, testnet3 or simnet", params.Name)
}

// complete returns a copy with the defaults filled in. The error names the wrong field.
func (c Config) complete() (Config, error) {
	switch {
	case c.Dir == "":
		return c, errors.New("config: Dir is required")
	case c.Proxy != "" && c.Dial != nil:
		return c, errors.New("config: Dial excludes Proxy")
	}
	if c.UserAgent == "" {
		c.UserAgent = "/spvd:" + version.Number() + "/"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.PeerLog == nil {
		c.PeerLog = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// pool returns the configuration of the peers.
func (c *Config) pool(params *consensus.Params, dir string) (peer.Config, error) {
	settings := peer.Config{
		Params:    params.ChainParams,
		UserAgent: c.UserAgent,
		Connect:   c.Connect,
		File:      filepath.Join(dir, spvd.PeersFile),
		RelayTx:   !c.LowBandwidth,
		Log:       c.PeerLog,
		Dial:      c.Dial,
		Now:       c.Now,

		LowBandwidth: c.LowBandwidth,
	}
	if c.Proxy == "" {
		return settings, nil
	}
	proxy, err := peer.NewProxy(c.Proxy)
	if err != nil {
		return settings, fmt.Errorf("config: Proxy: %w", err)
	}
	settings.Dial, settings.Onion, settings.DialTimeout = proxy.Dial, true, proxyDialTimeout
	return settings, nil
}

// engine returns the configuration of the engine.
func (c *Config) engine(params *consensus.Params, dir string, peers *peer.Pool, b *books) spv.Config {
	return spv.Config{
		Params:    params,
		ChainFile: filepath.Join(dir, spvd.ChainFile),
		Peers:     peers.Peers(),
		Wallet:    b,
		Log:       c.Log,
		Now:       c.Now,

		BlocksOnly: c.LowBandwidth, LowBandwidth: c.LowBandwidth,
	}
}
