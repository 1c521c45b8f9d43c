package rpcclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
)

// dialTime bounds the time to connect and authenticate.
const dialTime = 10 * time.Second

type (
	// Amount is a number of atoms, of which a coin has 1e8. Its JSON is a number of coins.
	Amount = api.Amount

	// Coins is an amount in options.
	Coins = api.Coins

	// Error is what the daemon answers with in the place of a result: a Code, one of the Code
	// constants, and a Message, one sentence and the next step.
	Error = api.Error

	// Code says what kind of failure an Error is.
	Code = api.Code
)

// ErrLost means that the connection ended before the reply to a call came. The daemon may have
// received the call.
var ErrLost = errors.New("connection lost")

// ErrCertificate means that the daemon cannot be trusted: its certificate is not the one of CertFile,
// has expired or is for another host, or it has none. To try again does not help, so that a
// subscription ends with it.
var ErrCertificate = errors.New("the certificate of spvd is not trusted")

// Config says where the daemon is, and who calls.
type Config struct {
	// Address is the host and the port of the daemon.
	Address string

	// User and Password authenticate the client. Without a user the file CookieFile does, which
	// the daemon writes at each start, in the directory of its network.
	User, Password string
	CookieFile     string

	// CertFile is the certificate of the daemon, rpc.cert in its directory; empty means that
	// the authorities of the system vouch for it. With NoTLS there is none.
	CertFile string
	NoTLS    bool

	// Wallet is the wallet that calls are about; empty means the default one.
	Wallet string
}

// Client is a client of one daemon.
type Client struct {
	cfg Config
	url string
	tls *tls.Config

	mu    sync.Mutex
	calls *wsrpc.Client // the connection for calls, nil before the first
}

// New returns a client. The error is one of the files.
func New(cfg Config) (*Client, error) {
	at := url.URL{Scheme: "wss", Host: cfg.Address, Path: api.WebsocketPath}
	if cfg.Wallet != "" {
		at.Path = api.WalletPath + cfg.Wallet
	}
	c := &Client{cfg: cfg, tls: &tls.Config{MinVersion: tls.VersionTLS12}}
	switch {
	case cfg.NoTLS:
		at.Scheme = "ws"
	case cfg.CertFile != "":
		cert, err := os.ReadFile(cfg.CertFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate of spvd: %w", err)
		}
		c.tls.RootCAs = x509.NewCertPool()
		if !c.tls.RootCAs.AppendCertsFromPEM(cert) {
			return nil, fmt.Errorf("read certificate of spvd: %s holds none", cfg.CertFile)
		}
	}
	c.url = at.String()
	return c, nil
}

// Close ends the connection for calls. Subscriptions end with their contexts.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls != nil {
		_ = c.calls.Close()
		c.calls = nil
	}
}

// Call calls any method with positional parameters; nil ones have their defaults. The result is
// decoded into what result points to, unless that is nil. The error is an *Error if the daemon
// refuses the call, ErrLost, or one of connecting, like ErrCertificate.
func (c *Client) Call(ctx context.Context, method string, result any, params ...any) error {
	ws, err := c.connected(ctx)
	if err != nil {
		return err
	}
	return call(ctx, ws, method, result, params...)
}

// connected returns the connection for calls, which it makes if there is none.
func (c *Client) connected(ctx context.Context) (*wsrpc.Client, error) {
	c.mu.Lock()
	ws := c.calls
	c.mu.Unlock()
	if alive(ws) {
		return ws, nil
	}
	ws, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if alive(c.calls) { // another call was faster
		_ = ws.Close()
		return c.calls, nil
	}
	c.calls = ws
	return ws, nil
}

// alive reports whether a connection was made and has not ended.
func alive(ws *wsrpc.Client) bool {
	if ws == nil {
		return false
	}
	select {
	case <-ws.Done():
		return false
	default:
		return true
	}
}

// dial makes a connection and authenticates on it by a call, so that a refusal has a reason.
func (c *Client) dial(ctx context.Context, options ...wsrpc.Option) (*wsrpc.Client, error) {
	user, password, err := c.credentials()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	ws, err := wsrpc.Dial(ctx, c.url, append(options, wsrpc.WithTLSConfig(c.tls))...)
	if err != nil {
		return nil, fmt.Errorf("connect to spvd at %s: %w", c.cfg.Address, judged(err))
	}
	if err := call(ctx, ws, api.AuthenticateMethod, nil, user, password); err != nil {
		_ = ws.Close()
		return nil, fmt.Errorf("authenticate at %s: %w", c.cfg.Address, err)
	}
	return ws, nil
}

// judged returns an error of a connection with ErrCertificate and the next step if it is one of trust.
func judged(err error) error {
	var untrusted *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var roots x509.SystemRootsError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &name):
		return fmt.Errorf("%w: %w (start spvd with --altdnsnames %s and --renewcert, and copy the new certificate)", ErrCertificate, err, name.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: %w (copy the new one from the data directory of spvd)", ErrCertificate, err)
	case errors.As(err, &plain):
		return fmt.Errorf("%w: %w (it is no server with TLS: does spvd run with --notls?)", ErrCertificate, err)
	case errors.As(err, &untrusted), errors.As(err, &authority), errors.As(err, &invalid), errors.As(err, &roots):
		return fmt.Errorf("%w: %w (CertFile has to be a copy of rpc.cert in the data directory of spvd)", ErrCertificate, err)
	}
	return err
}

// credentials returns the user and the password, of the cookie if none are configured.
func (c *Client) credentials() (user, password string, err error) {
	if c.cfg.User != "" {
		return c.cfg.User, c.cfg.Password, nil
	}
	cookie, err := os.ReadFile(c.cfg.CookieFile)
	if err != nil {
		return "", "", fmt.Errorf("read cookie of spvd: %w", err)
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(cookie)), ":")
	if !ok {
		return "", "", fmt.Errorf("read cookie of spvd: %s holds no user and password", c.cfg.CookieFile)
	}
	return user, password, nil
}

// call calls a method on a connection.
func call(ctx context.Context, ws *wsrpc.Client, method string, result any, params ...any) error {
	for len(params) > 0 && missing(params[len(params)-1]) {
		params = params[:len(params)-1]
	}
	err := ws.Call(ctx, method, result, params...)
	var answered *wsrpc.Error
	switch {
	case errors.As(err, &answered):
		return &Error{Code: Code(answered.Code), Message: answered.Message}
	case err != nil && ctx.Err() == nil && !alive(ws):
		return fmt.Errorf("%s: %w: %w", method, ErrLost, cmp.Or(ws.Err(), err))
	}
	return err
}

// missing reports whether an optional parameter is left out.
func missing(param any) bool {
	v := reflect.ValueOf(param)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	default:
		return false
	}
}
