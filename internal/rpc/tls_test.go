package rpc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// discard returns a log without output.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// pairIn returns the paths of a certificate and its key in a directory.
func pairIn(dir string) (cert, key string) {
	return filepath.Join(dir, "rpc.cert"), filepath.Join(dir, "rpc.key")
}

func TestTLS(t *testing.T) {
	cert, key := pairIn(t.TempDir())
	files := rpc.TLSFiles{Cert: cert, Key: key, Hosts: []string{"spvd.example", "192.0.2.7"}}
	address, _ := rpctest.StartTLS(t, rpctest.Config(rpctest.NewOffline(t).Registry), files)
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the file")
	}
	for _, name := range []string{"127.0.0.1", "::1", "localhost", "spvd.example", "192.0.2.7"} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+address, strings.NewReader(countRequest))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(rpctest.User, rpctest.Password)
		answer, err := client.Do(r)
		if err != nil {
			t.Errorf("as %s: %v", name, err)
			continue
		}
		answer.Body.Close()
		client.CloseIdleConnections()
		if answer.StatusCode != 200 {
			t.Errorf("as %s: %s", name, answer.Status)
		}
	}
	for name, config := range map[string]*tls.Config{
		"other name": {RootCAs: roots, ServerName: "example.org"},
		"no trust":   {ServerName: "localhost"},
		"TLS 1.1":    {RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
	} {
		if conn, err := tls.Dial("tcp", address, config); err == nil {
			conn.Close()
			t.Errorf("%s is connected", name)
		}
	}
}

func TestGeneratedPair(t *testing.T) {
	cert, key := pairIn(t.TempDir())
	loaded, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard())
	if err != nil {
		t.Fatal(err)
	}
	first := loaded.Config()
	private, ok := first.Certificates[0].PrivateKey.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		t.Errorf("key is a %T", first.Certificates[0].PrivateKey)
	}
	for name, want := range map[string]os.FileMode{cert: 0o644, key: 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	again, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard())
	if err != nil || !again.Config().Certificates[0].PrivateKey.(*ecdsa.PrivateKey).Equal(private) {
		t.Errorf("the pair was not kept: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(cert)); err != nil || len(left) != 2 {
		t.Errorf("directory holds %v, %v", left, err)
	}
}

func TestHalfAPairIsAnError(t *testing.T) {
	for _, remove := range []string{"rpc.cert", "rpc.key"} {
		dir := t.TempDir()
		cert, key := pairIn(dir)
		if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard()); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, remove)); err != nil {
			t.Fatal(err)
		}
		_, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard())
		if err == nil || !strings.Contains(err.Error(), cert) || !strings.Contains(err.Error(), key) {
			t.Errorf("without %s: %v", remove, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("without %s the directory holds %v, %v", remove, left, err)
		}
	}
}

func TestBrokenPair(t *testing.T) {
	cert, key := pairIn(t.TempDir())
	if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard()); err == nil || !strings.Contains(err.Error(), key) {
		t.Errorf("got %v", err)
	}
}

// A failure leaves nothing behind that would be taken for half a pair.
func TestPairThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	cert, key := pairIn(dir)
	for _, pair := range [][2]string{
		{cert, filepath.Join(dir, "missing", "key")},
		{filepath.Join(dir, "missing", "cert"), key},
	} {
		if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: pair[0], Key: pair[1]}, discard()); err == nil {
			t.Errorf("%v: no error", pair)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%v: directory holds %v, %v", pair, left, err)
		}
	}
}

func TestListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cert, key := pairIn(t.TempDir())
	certificates, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard())
	if err != nil {
		t.Fatal(err)
	}
	secure := certificates.Config()
	for _, test := range []struct {
		name      string
		addresses []string
		secure    *tls.Config
		want      string // part of the error; empty if there is none
	}{
		{"loopback", []string{"127.0.0.1:0"}, nil, ""},
		{"loopback, default port", []string{"127.0.0.1"}, nil, ""},
		{"localhost", []string{"localhost"}, nil, ""},
		{"other loopback", []string{"127.5.6.7:0"}, nil, ""},
		{"all addresses", []string{":0"}, secure, ""},
		{"all addresses, default port", []string{""}, secure, ""},
		{"all addresses in plain text", []string{":0"}, nil, "listen for RPC on :0: without TLS only loopback addresses are allowed"},
		{"any in plain text", []string{"0.0.0.0:0"}, nil, "without TLS"},
		{"one of two in plain text", []string{"127.0.0.1:0", "192.0.2.1:0"}, nil, "listen for RPC on 192.0.2.1:0: without TLS"},
		{"taken", []string{taken.Addr().String()}, nil, "listen for RPC on " + taken.Addr().String() + ": address already in use: another program has the port"},
		{"host name", []string{"example.org:0"}, secure, "listen for RPC on example.org:0: not an IP address or localhost"},
		{"not ours", []string{"192.0.2.1:0"}, secure, "listen for RPC on 192.0.2.1:0: "},
		{"bad port", []string{"127.0.0.1:x"}, nil, "listen for RPC on 127.0.0.1:x: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			ls, err := rpc.Listen(t.Context(), test.addresses, "0", test.secure)
			for _, l := range ls {
				l.Close()
			}
			if test.want == "" && (err != nil || len(ls) == 0) {
				t.Errorf("%d listeners, %v", len(ls), err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || len(ls) > 0) {
				t.Errorf("%d listeners, %v", len(ls), err)
			}
		})
	}
}

// Of several addresses all are bound or none.
func TestListenIsAllOrNothing(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	if _, err := rpc.Listen(t.Context(), []string{address, "nonsense"}, "0", nil); err == nil {
		t.Fatal("a host name is fine")
	}
	again, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("the first address stays bound: %v", err)
	}
	again.Close()
}
