package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/page"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/settings"
	"github.com/spvd/spvd/internal/version"
)

// newPage binds the addresses of the status page and returns the service that serves it, none
// without addresses. Users log in as those of the RPC server, whose certificates, nil without
// TLS, the page may have too.
func newPage(ctx context.Context, cfg *settings.Config, logs *logging.Log, core page.Core, users *rpc.Server, certificates *rpc.Certificates) ([]orchestrator.Worker, error) {
	if len(cfg.MetricsListen) == 0 {
		return nil, nil
	}
	core.Calls = users.Calls
	core.Login = func(ctx context.Context, address, name, password string) (page.User, error) {
		visitor, err := users.Login(ctx, address, name, password)
		if err != nil {
			return nil, err
		}
		return visitor, nil
	}
	var secure *tls.Config
	if cfg.MetricsTLS {
		secure = certificates.Config()
	}
	listeners, err := listenPage(ctx, cfg)
	if err != nil {
		return nil, err
	}
	server, err := page.New(page.Config{
		Core:      core,
		Log:       logs.Logger(settings.LogPage),
		Network:   cfg.Network().String(),
		Version:   version.String(),
		Interval:  cfg.Network().Params().ChainParams.TargetTimePerBlock,
		Started:   time.Now(),
		Listeners: listeners,
		TLS:       secure,
		Profile:   cfg.Profile,
	})
	if err != nil {
		return nil, errors.Join(err, closeAll(listeners))
	}
	return []orchestrator.Worker{{Name: "status page", Serve: server.Run}}, nil
}

// listenPage binds all addresses of the status page, or none.
func listenPage(ctx context.Context, cfg *settings.Config) ([]net.Listener, error) {
	var bound []net.Listener
	for _, address := range cfg.MetricsListen {
		host, port, err := settings.SplitAddress(string(address))
		if err != nil {
			return nil, errors.Join(err, closeAll(bound))
		}
		if port == "" {
			port = defaultPagePort(cfg)
		}
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w: choose another port with --metricslisten", syscall.EADDRINUSE)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen for the status page on %s: %w", address, err), closeAll(bound))
		}
		bound = append(bound, l)
	}
	return bound, nil
}

// defaultPagePort is the port after that of JSON-RPC.
func defaultPagePort(cfg *settings.Config) string {
	switch cfg.Network().Params().ChainParams.Net {
	case wire.TestNet3:
		return "19113"
	case wire.SimNet:
		return "19560"
	default:
		return "9113"
	}
}

func closeAll(listeners []net.Listener) error {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
