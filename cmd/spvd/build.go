package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/version"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
)

// build makes the services of the daemon, the lowest room first. The RPC
// addresses are bound here, so that an occupied port is found before anything
// runs; whoever runs the services closes them. The function stop ends the
// daemon as a signal does.
func build(ctx context.Context, cfg *config, logs *logging.Log, stop func()) ([]service, error) {
	params, err := cfg.params()
	if err != nil {
		return nil, err
	}
	pool, err := newPool(cfg, params, logs)
	if err != nil {
		return nil, err
	}
	syncer, err := spv.New(spv.Config{
		Params:    params,
		ChainFile: filepath.Join(cfg.netDir(), chainFile),
		Peers:     pool,
		Log:       logs.Logger(logSync),
	})
	if err != nil {
		return nil, err
	}
	server, err := newServer(ctx, cfg, logs, params, rpc.Ports{
		Chain:   chainPort{syncer: syncer, params: params},
		Blocks:  blocksPort{syncer: syncer},
		Sync:    syncPort{syncer: syncer},
		Peers:   peersPort{pool: pool},
		Control: controlPort{logs: logs, stop: stop},
	})
	if err != nil {
		return nil, err
	}
	return []service{
		{name: "peer pool", run: pool.Run},
		{name: "sync", run: syncer.Run},
		{name: "RPC server", run: server.Run},
	}, nil
}

// params returns the parameters of the network with the user's waypoints.
func (c *config) params() (*chain.Params, error) {
	params := c.network().params()
	if c.Waypoints == "" {
		return params, nil
	}
	text, err := os.ReadFile(string(c.Waypoints))
	if err != nil {
		return nil, fmt.Errorf("read waypoints: %w", err)
	}
	points, err := chain.ParseWaypoints(string(c.Waypoints), text)
	if err != nil {
		return nil, fmt.Errorf("read waypoints: %w", err)
	}
	params.Waypoints = points
	return params, nil
}

func newPool(cfg *config, params *chain.Params, logs *logging.Log) (*peer.Pool, error) {
	connect := make([]string, len(cfg.Connect))
	for i, address := range cfg.Connect {
		connect[i] = string(address)
	}
	log := logs.Logger(logPeer)
	if len(connect) == 0 {
		log.Warn("There is nobody to connect to, name at least one peer with --connect")
	}
	return peer.New(peer.Config{
		Params:    params.Params,
		UserAgent: "/spvd:" + version.Number() + "/",
		Connect:   connect,
		Log:       log,
	})
}

// newServer binds the RPC addresses and returns the server that answers there.
func newServer(ctx context.Context, cfg *config, logs *logging.Log, params *chain.Params, ports rpc.Ports) (*rpc.Server, error) {
	var secure *tls.Config
	if !cfg.NoTLS {
		var err error
		files := rpc.TLSFiles{Cert: cfg.cert(), Key: cfg.key(), Hosts: cfg.AltDNSNames, ClientCAs: string(cfg.ClientCAFile)}
		if secure, err = rpc.LoadTLS(files, logs.Logger(logRPC)); err != nil {
			return nil, err
		}
	}
	addresses := make([]string, len(cfg.RPCListen))
	for i, address := range cfg.RPCListen {
		addresses[i] = string(address)
	}
	listeners, err := rpc.Listen(ctx, addresses, api.DefaultPort(params.Net), secure)
	if err != nil {
		return nil, err
	}
	server, err := rpc.New(rpc.Config{
		Ports:            ports,
		Params:           params.Params,
		Log:              logs.Logger(logRPC),
		Listeners:        listeners,
		Username:         cfg.Username,
		Password:         cfg.Password,
		ReadOnlyUsername: cfg.ReadOnlyUser,
		ReadOnlyPassword: cfg.ReadOnlyPass,
		CookiePath:       cfg.cookieFile(),
		Version:          rpcVersion(),
		ProtocolVersion:  wire.BatchedCFiltersV2Version,
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
