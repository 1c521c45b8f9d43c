package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/page"
	"github.com/spvd/spvd/internal/regular"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/feed"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/internal/version"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// openClient opens the light client of the daemon, which takes over the lock on its data.
func openClient(cfg *settings.Config, logs *logging.Log, held *spvd.Lock) (*spvd.Client, error) {
	own, err := clientConfig(cfg)
	if err != nil {
		return nil, errors.Join(err, held.Release())
	}
	own.Lock = held
	own.Log = logs.Logger(settings.LogSync)
	own.PeerLog, own.WalletLog = logs.Logger(settings.LogPeer), logs.Logger(settings.LogWallet)
	own.VotesLog, own.ServeLog = logs.Logger(settings.LogVotes), logs.Logger(settings.LogServe)
	if cfg.SimNet && len(cfg.Connect)+len(cfg.AddPeer) == 0 {
		own.PeerLog.Warn("No peers can be found on the simulation network, name at least one with --connect or --addpeer")
	}
	c, err := spvd.Open(own)
	return c, refusedSetting(err)
}

// clientConfig returns the settings of the light client.
func clientConfig(c *settings.Config) (spvd.Config, error) {
	out := spvd.Config{
		Dir:          string(c.AppData),
		Network:      c.Network(),
		Connect:      peerAddresses(c.Connect),
		AddPeer:      peerAddresses(c.AddPeer),
		Proxy:        string(c.Proxy),
		BlocksOnly:   c.BlocksOnly,
		LowBandwidth: c.LowBandwidth,
		DeepReorg:    c.DeepReorg,
		UserAgent:    userAgent(),

		VerifyVotes: c.VerifyVotes.Value(),
		SnapshotDir: string(c.SnapshotDir),
		Bootstrap:   c.Bootstrap,
		Listen:      serveAddresses(c.Listen),

		KeepFilters:        c.KeepFilters,
		Prune:              c.Prune,
		SearchNewAddresses: c.SearchNewAddresses,
	}
	for _, a := range c.Account {
		out.Accounts = append(out.Accounts, spvd.Account{Name: a.Name, Xpub: a.Xpub})
	}
	if c.Birthday != "" {
		born := c.Birthday.Value()
		out.Birthday = &born
	}
	var err error
	out.Known, err = known(c)
	return out, err
}

// build makes the services of the daemon, the lowest room first. It binds the RPC addresses,
// so that an occupied port is found before anything runs; the caller closes them by running
// the services. The function stop ends the daemon as a signal does.
func build(ctx context.Context, cfg *settings.Config, environ []string, logs *logging.Log, client *spvd.Client, stop func()) (services []orchestrator.Worker, err error) {
	pipes, err := openParent(cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, pipes.close())
		}
	}()
	syncer, wallets := client.Sync(), client.Wallets()
	hub := feed.NewHub(syncer, wallets, client.Votes())
	posts, err := newWebhook(cfg, client, hub, logs.Logger(settings.LogHook))
	if err != nil {
		return nil, err
	}
	certificates, err := newCertificates(cfg, pipes.issuer, logs.Logger(settings.LogRPC))
	if err != nil {
		return nil, err
	}
	server, err := newServer(ctx, cfg, certificates, method.Core{
		Params:          client.Params(),
		Syncer:          syncer,
		Pool:            client.Peers(),
		Wallets:         wallets,
		Votes:           client.Votes(),
		Snapshots:       client.Snapshots(),
		Server:          client.Server(),
		Webhook:         posts.Info,
		Hub:             hub,
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
		Syncer: syncer, Pool: client.Peers(), Wallets: wallets, Server: client.Server(),
		Store: filepath.Join(cfg.NetDir(), spvd.ChainFile),
		Alive: func() bool { return turns(syncer, time.Now()) },
	}, server, certificates)
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	services = append([]orchestrator.Worker{
		{Name: "client", Serve: client.Run},
		{Name: "RPC server", Serve: server.Run},
	}, shown...)
	if certificates != nil {
		services = append(services, certificateService(certificates, syncer))
	}
	services = append(services, pipes.services(cfg, server.Addrs(), certificates, stop, logs.Logger(settings.LogDaemon))...)
	if posts != nil {
		services = append(services, orchestrator.Worker{Name: "--notifyurl", Serve: posts.Run})
	}
	services = append(services, newHooks(cfg, syncer, wallets, environ, logs.Logger(settings.LogHook))...)
	services = append(services, newSprint(cfg, syncer, logs.Logger(settings.LogDaemon), stop)...)
	services = append(services, newGarbage(syncer, debug.FreeOSMemory))
	return append(services, newSupervisor(syncer, environ, logs.Logger(settings.LogDaemon))...), nil
}

// flagOf returns the flags of a setting that a client may refuse.
func flagOf(field string) string {
	if field == "Accounts" {
		return "--account"
	}
	return "--" + strings.ToLower(field)
}

// refusedSetting returns a usage error for a setting that the client refuses: for example,
// the key of another network. Other errors are returned as they are.
func refusedSetting(err error) error {
	var wrong *spvd.ConfigError
	if errors.As(err, &wrong) {
		return settings.UsageError{Err: fmt.Errorf("%s: %w", flagOf(wrong.Field), wrong.Err)}
	}
	return err
}

// networkParams returns the parameters of the network with the user's waypoints.
func networkParams(c *settings.Config) (*consensus.Params, error) {
	p := c.Network().Params()
	list, err := known(c)
	if list != nil {
		list.Apply(p)
	}
	return p, err
}

// known returns the chain data of the user's waypoints file, nil if there is no such file.
func known(c *settings.Config) (*consensus.Known, error) {
	if c.Waypoints == "" {
		return nil, nil
	}
	text, err := regular.Read(string(c.Waypoints))
	if err != nil {
		return nil, fmt.Errorf("read waypoints: %w", err)
	}
	list, err := consensus.ParseKnown(string(c.Waypoints), text)
	if err != nil {
		return nil, settings.UsageError{Err: fmt.Errorf("read waypoints: %w", err)}
	}
	return &list, nil
}

// userAgent is how the daemon introduces itself to peers.
func userAgent() string { return "/spvd:" + version.Number() + "/" }

func peerAddresses(list []settings.PeerAddress) []string {
	out := make([]string, len(list))
	for i, address := range list {
		out[i] = string(address)
	}
	return out
}

func serveAddresses(list []settings.ServeAddress) []string {
	out := make([]string, len(list))
	for i, address := range list {
		out[i] = string(address)
	}
	return out
}

// newServer binds the RPC addresses and returns the server that answers there. The certificates are
// nil without TLS.
func newServer(ctx context.Context, cfg *settings.Config, certificates *rpc.Certificates, core method.Core) (*rpc.Server, error) {
	log := core.Logs.Logger(settings.LogRPC)
	var secure *tls.Config
	if certificates != nil {
		secure = certificates.Config()
	}
	users, err := cfg.Users()
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		for _, name := range u.Wallets {
			if _, err := core.Wallets.Wallet(name); errors.Is(err, wallet.ErrNoWallet) {
				log.Warn("A user may use a wallet that does not exist yet", "user", u.Name, "wallet", name)
			}
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
		WalletUsers:      users,
		CookiePath:       cfg.CookieFile(),
		CookieGroup:      cfg.CookieGroup.Number,
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

// rpcVersion is the version of the daemon in the result of the version method.
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
