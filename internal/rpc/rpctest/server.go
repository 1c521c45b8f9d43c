package rpctest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/method"
)

// The credentials of a server.
const (
	User     = "user"
	Password = "pass word"
)

// Config returns the configuration of a server for methods, without listeners.
func Config(methods *method.Registry) rpc.Config {
	return rpc.Config{
		Methods:  methods,
		Log:      slog.New(slog.DiscardHandler),
		Username: User,
		Password: Password,
	}
}

// Start runs a server in plain text on a loopback port until the test ends, or
// until stop is called. Either way it fails the test unless Run returns nil.
// When Start returns the server answers, so its cookie has been written.
func Start(t testing.TB, cfg rpc.Config) (address string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listeners = append(cfg.Listeners, l)
	s, err := rpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	address = l.Addr().String()
	r, err := http.Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	return address, stop
}

// StartTLS is Start with TLS on another port, whose address it returns.
func StartTLS(t testing.TB, cfg rpc.Config, files rpc.TLSFiles) (address string, stop func()) {
	t.Helper()
	certificates, err := rpc.LoadTLS(files, cfg.Log)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Listeners, err = rpc.Listen(t.Context(), []string{"127.0.0.1:0"}, "", certificates.Config()); err != nil {
		t.Fatal(err)
	}
	_, stop = Start(t, cfg)
	return cfg.Listeners[0].Addr().String(), stop
}
