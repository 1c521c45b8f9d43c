package rpc_test

import (
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/decred/dcrd/certgen"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestReadOnlyUser calls every method with the examples of their help.
func TestReadOnlyUser(t *testing.T) {
	d := rpctest.NewOffline(t)
	cfg := rpctest.Config(d.Registry)
	cfg.ReadOnlyUsername, cfg.ReadOnlyPassword = "reader", "secret"
	address, _ := rpctest.Start(t, cfg)
	byHeader := mustDial(t, address, authorization("reader", "secret"))
	byCall := mustDial(t, address, nil)
	exchange(t, byCall, `{"jsonrpc":"2.0","method":"authenticate","params":["reader","secret"],"id":1}`)
	for _, m := range described(t, address) {
		request := fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s,"id":1}`, m.Name, m.Example)
		for how, conn := range map[string]*websocket.Conn{"header": byHeader, "call": byCall} {
			var r struct{ Error *api.Error }
			if err := json.Unmarshal([]byte(exchange(t, conn, request)), &r); err != nil {
				t.Fatal(err)
			}
			if refused := r.Error != nil && r.Error.Code == api.CodeForbidden; refused == m.Reads {
				t.Errorf("%s by %s: %v", m.Name, how, r.Error)
			}
		}
		if !m.Websocket {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(request))
			if err != nil {
				t.Fatal(err)
			}
			r.SetBasicAuth("reader", "secret")
			if _, reply := do(t, r); strings.Contains(reply, `"error":{"code":-32001`) == m.Reads {
				t.Errorf("%s by POST: %s", m.Name, reply)
			}
		}
		byHeader.CloseNow() // notifications of what was subscribed to
		byCall.CloseNow()
		byHeader = mustDial(t, address, authorization("reader", "secret"))
		byCall = mustDial(t, address, nil)
		exchange(t, byCall, `{"jsonrpc":"2.0","method":"authenticate","params":["reader","secret"],"id":1}`)
	}
	select {
	case <-d.Stopped():
		t.Error("the read-only user has stopped the daemon")
	default:
	}
}

func TestBatchReplyIsCapped(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Limits.ReplyBytes = 3000
	address, _ := rpctest.Start(t, cfg)
	const call = `{"jsonrpc":"2.0","method":"help","params":["subscribe"],"id":1}`
	_, reply := post(t, address, "["+strings.Repeat(call+",", 99)+call+"]")
	var replies []struct {
		Result string
		Error  *api.Error
	}
	if err := json.Unmarshal([]byte(reply), &replies); err != nil || len(replies) != 100 {
		t.Fatalf("%d replies, %v", len(replies), err)
	}
	size, refused := 0, 0
	for _, r := range replies {
		if size > 3000 != (r.Error != nil) {
			t.Fatalf("after %d bytes: %v", size, r.Error)
		}
		if r.Error != nil {
			refused++
		}
		size += len(r.Result) + len(`{"jsonrpc":"2.0","result":"","id":1}`)
	}
	if refused == 0 || refused == 100 {
		t.Errorf("%d of 100 calls were refused", refused)
	}
}

// writePair writes a new certificate and its key and returns them.
func writePair(t *testing.T, cert, key string) tls.Certificate {
	t.Helper()
	c, k, err := certgen.NewTLSCertPair(elliptic.P256(), "test", time.Now().Add(time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{cert: c, key: k} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.X509KeyPair(c, k)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// secureServer is a server whose certificates lie in a directory.
type secureServer struct {
	*testing.T
	address               string
	cert, key, clients, k string

	sessions tls.ClientSessionCache // of all clients; nil if they keep none
}

func startSecure(t *testing.T) (s *secureServer, client tls.Certificate) {
	dir := t.TempDir()
	s = &secureServer{T: t, clients: filepath.Join(dir, "clients.pem"), k: filepath.Join(dir, "client.key")}
	s.cert, s.key = pairIn(dir)
	client = writePair(t, s.clients, s.k)
	s.address, _ = rpctest.StartTLS(t, rpctest.Config(rpctest.NewOffline(t).Registry), rpc.TLSFiles{Cert: s.cert, Key: s.key, ClientCAs: s.clients})
	return s, client
}

// status returns the status of a call on a new connection, zero if there is none.
func (s *secureServer) status(user string, client ...tls.Certificate) int {
	s.Helper()
	status, _ := s.call(user, client...)
	return status
}

// call calls on a new connection, which trusts the certificate that is in the file
// now. It returns the status, zero if there is no connection, and whether that has
// resumed the session of an earlier one.
func (s *secureServer) call(user string, client ...tls.Certificate) (status int, resumed bool) {
	s.Helper()
	pem, err := os.ReadFile(s.cert)
	if err != nil {
		s.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	// A client that follows the server's hints leaves out what is not trusted.
	config := &tls.Config{RootCAs: roots, ClientSessionCache: s.sessions, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if len(client) == 0 {
			return &tls.Certificate{}, nil
		}
		return &client[0], nil
	}}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, "https://"+s.address, strings.NewReader(countRequest))
	if err != nil {
		s.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, rpctest.Password)
	}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return 0, false
	}
	answer.Body.Close()
	return answer.StatusCode, answer.TLS.DidResume
}

func TestClientCertificate(t *testing.T) {
	s, client := startSecure(t)
	dir := t.TempDir()
	stranger := writePair(t, filepath.Join(dir, "cert"), filepath.Join(dir, "key"))
	for _, test := range []struct {
		name   string
		got    int
		status int
	}{
		{"certificate", s.status("", client), 200},
		{"neither", s.status(""), 401},
		{"password", s.status(rpctest.User), 200},
		{"wrong user", s.status("x"), 401},
		{"unknown certificate", s.status("", stranger), 0},
		{"unknown certificate and password", s.status(rpctest.User, stranger), 0},
	} {
		if test.got != test.status {
			t.Errorf("%s: status %d, want %d", test.name, test.got, test.status)
		}
	}
}

func TestCertificatesAreReadAgain(t *testing.T) {
	s, client := startSecure(t)
	writePair(t, s.cert, s.key)
	if got := s.status(rpctest.User); got != 200 {
		t.Errorf("a new certificate gives %d", got)
	}
	other := writePair(t, s.clients, s.k)
	if got := s.status("", other); got != 200 {
		t.Errorf("a new client gives %d", got)
	}
	if got := s.status("", client); got != 0 {
		t.Errorf("a client that is trusted no more gives %d", got)
	}
	// What cannot be read changes nothing, and is read once it can be.
	if err := os.WriteFile(s.clients, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.status("", other); got != 200 {
		t.Errorf("with a broken file a client gives %d", got)
	}
	client = writePair(t, s.clients, s.k)
	if got := s.status("", client); got != 200 {
		t.Errorf("after it was mended a client gives %d", got)
	}
}

// TestSessionsAreNotResumed has a client connect with the session of an earlier connection:
// its certificate is verified again.
func TestSessionsAreNotResumed(t *testing.T) {
	s, client := startSecure(t)
	s.sessions = tls.NewLRUClientSessionCache(0)
	for range 2 {
		if status, resumed := s.call("", client); status != 200 || resumed {
			t.Errorf("a client that is trusted gives %d, resumed %v", status, resumed)
		}
	}
	writePair(t, s.clients, s.k)
	if got := s.status("", client); got != 0 {
		t.Errorf("a client that is trusted no more gives %d", got)
	}
}
