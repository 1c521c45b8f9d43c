package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/decred/dcrd/wire"
	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
)

// dialTime bounds the time to connect and authenticate.
const dialTime = 10 * time.Second

// errLost means that the connection ended before the answer came.
var errLost = errors.New("connection lost")

// client is a connection to the daemon.
type client struct{ ws *wsrpc.Client }

// dial connects to the daemon. It authenticates by a call rather than in the handshake, so
// that a refusal has a reason. Further options are those of the websocket.
func dial(ctx context.Context, t *target, more ...wsrpc.Option) (*client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	url := "wss://" + t.address + t.path
	if t.tls == nil {
		url = "ws://" + t.address + t.path
	}
	ws, err := wsrpc.Dial(ctx, url, append(more, wsrpc.WithTLSConfig(t.tls))...)
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		return nil, fmt.Errorf("%w on %s: %w (start it: %s)", errNotRunning, t.address, op.Err, t.start)
	case err != nil && t.tls == nil:
		return nil, fmt.Errorf("connect to %s: %w (does it expect TLS? then leave out --notls)", url, err)
	case err != nil:
		return nil, fmt.Errorf("connect to %s: %w (%s)", url, err, refusedCertificate(err))
	}
	c := &client{ws}
	if t.user != "" { // else it is let in by certificate
		if err := c.call(ctx, api.AuthenticateMethod, nil, t.user, t.password); err != nil {
			c.close()
			return nil, fmt.Errorf("authenticate at %s: %w", t.address, err)
		}
	}
	if err := c.checkNetwork(ctx, t); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// checkNetwork returns an error if the user has named a network, and the daemon is on another one.
func (c *client) checkNetwork(ctx context.Context, t *target) error {
	if t.net == 0 {
		return nil
	}
	var net wire.CurrencyNet
	if err := c.call(ctx, "getcurrentnet", &net); err != nil {
		return fmt.Errorf("ask %s for its network: %w", t.address, err)
	}
	if net == t.net {
		return nil
	}
	return fmt.Errorf("the daemon at %s is on %s, and %s was asked for (choose it with --testnet, --simnet or neither)", t.address, networkName(net), networkName(t.net))
}

// networkName returns the name of a network as the directories have it.
func networkName(net wire.CurrencyNet) string {
	for _, p := range networks() {
		if p.Net == net {
			return p.Name
		}
	}
	return net.String()
}

// refusedCertificate says what to do about an error of TLS.
func refusedCertificate(err error) string {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "spvd renews a certificate that it has made when it starts and while it runs: copy the new one from the data directory of the daemon; another one has to be replaced"
	case errors.As(err, &name):
		return "start the daemon with --altdnsnames " + name.Host + " and --renewcert, then copy the new certificate"
	}
	return "is --rpccert the daemon's certificate, or does it run with --notls?"
}

// call calls a method and decodes its result unless result is nil. An error in the daemon's
// reply is an *api.Error.
func (c *client) call(ctx context.Context, method string, result any, params ...any) error {
	err := c.ws.Call(ctx, method, result, params...)
	var answered *wsrpc.Error
	switch {
	case errors.As(err, &answered):
		return &api.Error{Code: api.Code(answered.Code), Message: answered.Message}
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("%s: %w: %w", method, errLost, err)
	}
	return err
}

// close ends the connection, which the daemon may have ended before.
func (c *client) close() { _ = c.ws.Close() }
