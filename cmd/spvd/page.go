package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/internal/metrics"
	"github.com/spvd/spvd/internal/page"
	"github.com/spvd/spvd/internal/version"
	"github.com/spvd/spvd/wallet"
)

// pageSource is what the status page shows.
type pageSource struct {
	syncPort
	peersPort
	owned *wallets
	store string // the file of the chain
}

// Alive implements page.Source.
func (s pageSource) Alive() bool { return turns(s.syncer, time.Now()) }

// Counts implements page.Source.
func (s pageSource) Counts() metrics.Counts {
	var c metrics.Counts
	c.Received, c.Sent = s.pool.BytesTotal()
	c.Bans = len(s.pool.Bans())
	if info, err := os.Stat(s.store); err == nil {
		c.StoreBytes = info.Size()
	}
	list, _ := s.owned.List() // without the directory there are no wallets
	for _, listed := range list {
		w, err := s.owned.Wallet(listed.Name)
		if err != nil { // it is closed
			continue
		}
		for _, j := range w.Jobs(s.syncer.Status().Tip.Height) {
			switch {
			case j.Over():
			case j.State == wallet.JobQueued:
				c.JobsQueued++
			default:
				c.JobsRunning++
			}
		}
	}
	return c
}

// newPage binds the addresses of the status page and returns the service that
// shows it, none without addresses.
func newPage(ctx context.Context, cfg *config, logs *logging.Log, source pageSource) ([]service, error) {
	if len(cfg.MetricsListen) == 0 {
		return nil, nil
	}
	listeners, err := listenPage(ctx, cfg)
	if err != nil {
		return nil, err
	}
	server, err := page.New(page.Config{
		Source:    source,
		Log:       logs.Logger(logPage),
		Network:   cfg.network().dir,
		Version:   version.String(),
		Started:   time.Now(),
		Listeners: listeners,
		Profile:   cfg.Profile,
	})
	if err != nil {
		return nil, errors.Join(err, closeAll(listeners))
	}
	return []service{{name: "status page", run: server.Run}}, nil
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
	switch cfg.network().params().Net {
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
