package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/orchestrator"
	"github.com/spvd/spvd/internal/page"
	"github.com/spvd/spvd/internal/version"
)

// newPage binds the addresses of the status page and returns the service that serves it, none
// without addresses.
func newPage(ctx context.Context, cfg *config, logs *logging.Log, core page.Core) ([]orchestrator.Worker, error) {
	if len(cfg.MetricsListen) == 0 {
		return nil, nil
	}
	listeners, err := listenPage(ctx, cfg)
	if err != nil {
		return nil, err
	}
	server, err := page.New(page.Config{
		Core:      core,
		Log:       logs.Logger(logPage),
		Network:   cfg.network().String(),
		Version:   version.String(),
		Interval:  cfg.network().Params().ChainParams.TargetTimePerBlock,
		Started:   time.Now(),
		Listeners: listeners,
		Profile:   cfg.Profile,
	})
	if err != nil {
		return nil, errors.Join(err, closeAll(listeners))
	}
	return []orchestrator.Worker{{Name: "status page", Serve: server.Run}}, nil
}

// listenPage binds all addresses of the status page, or none.
func listenPage(ctx context.Context, cfg *config) ([]net.Listener, error) {
	var bound []net.Listener
	for _, address := range cfg.MetricsListen {
		host, port, err := splitAddress(string(address))
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
func defaultPagePort(cfg *config) string {
	switch cfg.network().Params().ChainParams.Net {
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
