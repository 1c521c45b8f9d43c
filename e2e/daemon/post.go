package daemon

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spvd/spvd/e2e/openrpc"
)

// Access is what another program needs to talk to the daemon.
type Access struct {
	Addr       string // of the RPC listener
	Cert       string // the path of its certificate
	User, Pass string
}

// Access says how to talk to the daemon.
func (d *Daemon) Access() Access {
	return Access{Addr: d.rpc, Cert: filepath.Join(d.dir, certFile), User: d.client.user, Pass: d.client.pass}
}

// certFile is where the daemon leaves its certificate.
const certFile = "rpc.cert"

// client sends POST requests to a daemon with the certificate and the cookie
// that it left in its data directory.
type client struct {
	url        string
	user, pass string
	http       *http.Client

	// described returns the document that every result is held to, once it was read.
	described func() (*openrpc.Document, error)
}

// newClient reads the daemon's files.
func newClient(dir, addr string) (*client, error) {
	cert, err := os.ReadFile(filepath.Join(dir, certFile))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(cert) {
		return nil, errors.New("rpc.cert holds no certificate")
	}
	cookie, err := os.ReadFile(filepath.Join(dir, network, "rpc.cookie"))
	if err != nil {
		return nil, err
	}
	user, pass, ok := strings.Cut(strings.TrimSpace(string(cookie)), ":")
	if !ok {
		return nil, errors.New("rpc.cookie holds no name and password")
	}
	c := &client{
		url:  "https://" + addr + "/",
		user: user,
		pass: pass,
		http: &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		}},
	}
	c.described = sync.OnceValues(c.discover)
	return c, nil
}

// discover reads the document that the daemon describes itself by.
func (c *client) discover() (*openrpc.Document, error) {
	var raw json.RawMessage
	if err := c.answer(context.Background(), "", "rpc.discover", &raw); err != nil {
		return nil, err
	}
	return openrpc.Parse(raw)
}

// Reply is the answer to a POST request.
type Reply struct {
	Status int // of HTTP
	Body   []byte
}

// Post sends a request body as it is, with the right password or without any.
func (d *Daemon) Post(ctx context.Context, body string, authenticated bool) (Reply, error) {
	return d.client.post(ctx, "", []byte(body), authenticated)
}

func (c *client) post(ctx context.Context, path string, body []byte, authenticated bool) (Reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return Reply{}, fmt.Errorf("post to spvd: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if authenticated {
		req.SetBasicAuth(c.user, c.pass)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Reply{}, fmt.Errorf("post to spvd: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}, fmt.Errorf("post to spvd: %w", err)
	}
	return Reply{Status: resp.StatusCode, Body: answer}, nil
}

// Refusal is an error the daemon answered with.
type Refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error returns the message and the code.
func (r *Refusal) Error() string { return fmt.Sprintf("%s (code %d)", r.Message, r.Code) }

// Call calls a method with positional parameters and reads its result. What the
// daemon refuses is a *Refusal.
func (d *Daemon) Call(ctx context.Context, method string, result any, params ...any) error {
	return d.client.call(ctx, "", method, result, params...)
}

// Wallet is one of several wallets of a daemon.
type Wallet struct {
	client *client
	path   string
}

// Wallet returns the wallet of a name. The daemon itself answers for the one that
// it has without being told.
func (d *Daemon) Wallet(name string) *Wallet {
	return &Wallet{client: d.client, path: "wallet/" + name}
}

// Call does what Daemon.Call does, about this wallet.
func (w *Wallet) Call(ctx context.Context, method string, result any, params ...any) error {
	return w.client.call(ctx, w.path, method, result, params...)
}

// call calls a method and holds its result to the document.
func (c *client) call(ctx context.Context, path, method string, result any, params ...any) error {
	var raw json.RawMessage
	if err := c.answer(ctx, path, method, &raw, params...); err != nil {
		return err
	}
	doc, err := c.described()
	if err == nil {
		err = doc.Result(method, raw)
	}
	if err == nil && result != nil {
		err = json.Unmarshal(raw, result)
	}
	if err != nil {
		return fmt.Errorf("spvd %s: %w", method, err)
	}
	return nil
}

// answer calls a method and reads its result as it is.
func (c *client) answer(ctx context.Context, path, method string, result *json.RawMessage, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("spvd %s: %w", method, err)
	}
	reply, err := c.post(ctx, path, body, true)
	if err != nil {
		return fmt.Errorf("spvd %s: %w", method, err)
	}
	if reply.Status != http.StatusOK {
		return fmt.Errorf("spvd %s: HTTP status %d", method, reply.Status)
	}
	answer := struct {
		Result json.RawMessage `json:"result"`
		Error  *Refusal        `json:"error"`
	}{}
	if err := json.Unmarshal(reply.Body, &answer); err != nil {
		return fmt.Errorf("spvd %s: %w", method, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("spvd %s: %w", method, answer.Error)
	}
	*result = answer.Result
	return nil
}
