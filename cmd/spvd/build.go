package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/page"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/version"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/votecheck"
	"github.com/spvd/spvd/wallet"
)

// build makes the services of the daemon, the lowest room first. The RPC
// addresses are bound here, so that an occupied port is found before anything
// runs; whoever runs the services closes them. The function stop ends the
// daemon as a signal does.
func build(ctx context.Context, cfg *config, environ []string, logs *logging.Log, stop func()) (services []service, err error) {
	params, err := cfg.params()
	if err != nil {
		return nil, err
	}
	owned := newWallets(cfg, params, logs.Logger(logWallet))
	defer func() {
		if err != nil {
			err = errors.Join(err, owned.Close())
		}
	}()
	if err := owned.OpenAll(); err != nil {
		return nil, err
	}
	if err := owned.addAccounts(ctx, cfg.Account); err != nil {
		return nil, refusedSetting(err)
	}
	_, watching := owned.Scanned()
	pool, err := newPool(cfg, params, logs, watching)
	if err != nil {
		return nil, err
	}
	syncer, err := spv.New(spv.Config{
		Params:    params,
		ChainFile: filepath.Join(cfg.netDir(), chainFile),
		Peers:     pool,
		Wallet:    owned,
		Log:       logs.Logger(logSync),
		DeepReorg: cfg.DeepReorg,

		BlocksOnly: cfg.BlocksOnly,
	})
	if err != nil {
		return nil, err
	}
	checker, err := votecheck.New(votecheck.Config{
		Params: params, Syncer: syncer, Wallets: owned.Set,
		File:  filepath.Join(cfg.netDir(), votesFile),
		Least: cfg.VerifyVotes.value(),
		Log:   logs.Logger(logVotes),
	})
	if err != nil {
		return nil, err
	}
	server, err := newServer(ctx, cfg, method.Core{
		Params:          params,
		Syncer:          syncer,
		Pool:            pool,
		Wallets:         owned.Set,
		Votes:           checker,
		Hub:             feed.NewHub(syncer, owned.Set, checker),
		Logs:            logs,
		Stop:            stop,
		Version:         rpcVersion(),
		UserAgent:       userAgent(),
		ProtocolVersion: wire.BatchedCFiltersV2Version,
		Proxy:           string(cfg.Proxy),
	})
	if err != nil {
		return nil, err
	}
	shown, err := newPage(ctx, cfg, logs, page.Core{
		Syncer: syncer, Pool: pool, Wallets: owned.Set,
		Store: filepath.Join(cfg.netDir(), chainFile),
		Alive: func() bool { return turns(syncer, time.Now()) },
	})
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	services = append([]service{
		{name: "wallet", run: owned.Run},
		{name: "peer pool", run: pool.Run},
		{name: "sync", run: syncer.Run},
		{name: "vote verification", run: checker.Serve},
		{name: "RPC server", run: server.Run},
	}, shown...)
	services = append(services, newBlockNotify(cfg, syncer, environ, logs.Logger(logHook))...)
	services = append(services, newWalletNotify(cfg, syncer, owned, environ, logs.Logger(logHook))...)
	services = append(services, newSprint(cfg, syncer, logs.Logger(logDaemon), stop)...)
	return append(services, newSupervisor(syncer, environ, logs.Logger(logDaemon))...), nil
}

// refusedSetting makes a usage error of what the wallet refuses: the user has
// set what is no account of this network. Other trouble stays what it is.
func refusedSetting(err error) error {
	if slices.ContainsFunc(wallet.Refusals(), func(reason error) bool { return errors.Is(err, reason) }) {
		return usageError{err}
	}
	return err
}

// params returns the parameters of the network with the user's waypoints.
func (c *config) params() (*consensus.Params, error) {
	params := c.network().params()
	if c.Waypoints == "" {
		return params, nil
	}
	text, err := readRegular(string(c.Waypoints))
	if err != nil {
		return nil, fmt.Errorf("read waypoints: %w", err)
	}
	known, err := consensus.ParseKnown(string(c.Waypoints), text)
	if err != nil {
		return nil, usageError{fmt.Errorf("read waypoints: %w", err)}
	}
	known.Apply(params)
	return params, nil
}

// newPool returns the pool of peers. With a proxy, which is its only way out, the
// process makes no other connections and looks up no names.
func newPool(cfg *config, params *consensus.Params, logs *logging.Log, watching bool) (*peer.Pool, error) {
	log := logs.Logger(logPeer)
	if cfg.SimNet && len(cfg.Connect)+len(cfg.AddPeer) == 0 {
		log.Warn("Nobody can be found on the simulation network, name at least one peer with --connect or --addpeer")
	}
	settings := peer.Config{
		Params:    params.ChainParams,
		UserAgent: userAgent(),
		Connect:   peerAddresses(cfg.Connect),
		AddPeer:   peerAddresses(cfg.AddPeer),
		File:      filepath.Join(cfg.netDir(), peersFile),
		RelayTx:   watching && !cfg.BlocksOnly,
		Log:       log,
	}
	if cfg.Proxy != "" {
		proxy, err := peer.NewProxy(string(cfg.Proxy))
		if err != nil {
			return nil, err
		}
		settings.Dial, settings.Onion = proxy.Dial, true
		settings.DialTimeout = proxyDialTimeout
	}
	return peer.New(settings)
}

// proxyDialTimeout is how long a connection through a proxy may take: Tor builds a
// circuit for each.
const proxyDialTimeout = 30 * time.Second

// userAgent is how the daemon introduces itself to peers.
func userAgent() string { return "/spvd:" + version.Number() + "/" }

func peerAddresses(list []peerAddress) []string {
	out := make([]string, len(list))
	for i, address := range list {
		out[i] = string(address)
	}
	return out
}

// newServer binds the RPC addresses and returns the server that answers there.
func newServer(ctx context.Context, cfg *config, core method.Core) (*rpc.Server, error) {
	log := core.Logs.Logger(logRPC)
	var secure *tls.Config
	if !cfg.NoTLS {
		var err error
		files := rpc.TLSFiles{Cert: cfg.cert(), Key: cfg.key(), Hosts: cfg.AltDNSNames, ClientCAs: string(cfg.ClientCAFile)}
		if secure, err = rpc.LoadTLS(files, log); err != nil {
			return nil, err
		}
	}
	addresses := make([]string, len(cfg.RPCListen))
	for i, address := range cfg.RPCListen {
		addresses[i] = string(address)
	}
	listeners, err := rpc.Listen(ctx, addresses, api.DefaultPort(core.Params.ChainParams.Net), secure)
	if err != nil {
		return nil, err
	}
	server, err := rpc.New(rpc.Config{
		Methods:          method.NewRegistry(core),
		Log:              log,
		Listeners:        listeners,
		Username:         cfg.Username,
		Password:         cfg.Password,
		ReadOnlyUsername: cfg.ReadOnlyUser,
		ReadOnlyPassword: cfg.ReadOnlyPass,
		CookiePath:       cfg.cookieFile(),
		Limits:           rpc.Limits{Websockets: cfg.RPCMaxWebsockets},
	})
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return nil, err
	}
	return server, nil
}

// rpcVersion is the version of the daemon as the version method tells it.
func rpcVersion() api.Version {
	return api.Version{
		VersionString: version.String(),
		Major:         version.Major,
		Minor:         version.Minor,
		Patch:         version.Patch,
		Prerelease:    version.PreRelease,
		BuildMetadata: version.Metadata(),
	}
}
