package rpc_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/certificate"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
)

// watched runs certificates until the test ends, and returns a function for the codes and texts of the
// warnings that hold.
func watched(t *testing.T, c *rpc.Certificates) func() string {
	t.Helper()
	var mu sync.Mutex
	var now []api.Warning
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Run(ctx, func(list []api.Warning) {
			mu.Lock()
			defer mu.Unlock()
			now = list
		}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		wg.Wait()
	})
	return func() string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		var b strings.Builder
		for _, w := range now {
			b.WriteString(w.Code + ": " + w.Text + "\n")
		}
		return b.String()
	}
}

// presented returns the certificate that a client is shown that trusts another one.
func presented(t *testing.T, c *rpc.Certificates, roots *x509.CertPool) *x509.Certificate {
	t.Helper()
	server, client := net.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() { tls.Server(server, c.Config()).Handshake() }) //nolint:errcheck // the client's error is looked at
	defer wg.Wait()
	defer server.Close()
	defer client.Close()
	conn := tls.Client(client, &tls.Config{RootCAs: roots, ServerName: "localhost"})
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0]
}

// poolOf returns the pool of what a certificate file holds.
func poolOf(t *testing.T, name string) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the file")
	}
	return pool
}

// TestRenewedWhileItRuns: the certificate of a server that runs for ten years is renewed before it
// ends, for clients that connect then and for those that only have the old one.
func TestRenewedWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, key := pairIn(t.TempDir())
		var log bytes.Buffer
		c, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		old := poolOf(t, cert)
		first := presented(t, c, old)
		<-time.After(certificate.Life - certificate.Soon - time.Hour)
		if now := presented(t, c, old); !now.Equal(first) {
			t.Errorf("renewed at %v although it ends at %v", time.Now(), first.NotAfter)
		}
		warnings := watched(t, c)
		<-time.After(2 * time.Hour)
		renewed := presented(t, c, old)
		if renewed.Equal(first) || renewed.NotAfter.Before(time.Now().Add(certificate.Life-3*time.Hour)) {
			t.Errorf("ends at %v, and it is %v", renewed.NotAfter, time.Now())
		}
		<-time.After(certificate.Soon)
		if now := presented(t, c, poolOf(t, cert)); !now.Equal(renewed) {
			t.Error("renewed twice")
		}
		if got := warnings(); got != "" {
			t.Errorf("warned: %s", got)
		}
		if n := strings.Count(log.String(), "RPC certificate renewed"); n != 1 {
			t.Errorf("the log says %d times that it was renewed:\n%s", n, &log)
		}
	})
}

// TestRenewedAtTheStart: one that has expired while no server ran.
func TestRenewedAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, key := pairIn(t.TempDir())
		if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key, Hosts: []string{"old.example"}}, discard()); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * certificate.Life)
		c, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard())
		if err != nil {
			t.Fatal(err)
		}
		if err := presented(t, c, poolOf(t, cert)).VerifyHostname("old.example"); err != nil {
			t.Errorf("a name is lost: %v", err)
		}
	})
}

// TestForeignIsWarnedOf until it is replaced.
func TestForeignIsWarnedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		cert, key := pairIn(dir)
		files := rpc.TLSFiles{Cert: cert, Key: key, Hosts: []string{"missing.example"}}
		if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard()); err != nil {
			t.Fatal(err)
		}
		own, err := os.ReadFile(cert)
		if err != nil {
			t.Fatal(err)
		}
		foreign := append([]byte("of an issuer\n"), own...)
		replace(t, cert, foreign)
		c, err := rpc.LoadTLS(files, discard())
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(certificate.Life + time.Hour) // no server runs
		warnings := watched(t, c)
		got := warnings()
		for _, want := range []string{
			"certificate-lacks-names: ", "missing.example",
			"certificate-expires: ", "expired on 2009-12-29, and spvd has not made it",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
		}
		if now, err := os.ReadFile(cert); err != nil || !bytes.Equal(now, foreign) {
			t.Errorf("the file has changed, %v", err)
		}
		if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key, Hosts: files.Hosts, Renew: true}, discard()); err == nil ||
			!strings.Contains(err.Error(), "spvd has not made it") {
			t.Errorf("--renewcert gives %v", err)
		}
		replace(t, key, nil)
		<-time.After(2 * time.Minute)
		if got := warnings(); !strings.Contains(got, "certificate-unreadable") || !strings.Contains(got, key+" is empty") {
			t.Errorf("an empty key: %q", got)
		}
		if err := os.Remove(cert); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(key); err != nil {
			t.Fatal(err)
		}
		if _, err := rpc.LoadTLS(files, discard()); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * time.Minute)
		if got := warnings(); got != "" {
			t.Errorf("after both were made again: %q", got)
		}
	})
}

func replace(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRenewalThatFails is warned of, and is tried again.
func TestRenewalThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "files")
		cert, key := pairIn(dir)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		c, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard())
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(certificate.Life - certificate.Soon + time.Minute)
		if err := os.Rename(dir, dir+".away"); err != nil { // where the new file would be written
			t.Fatal(err)
		}
		warnings := watched(t, c)
		if got := warnings(); !strings.Contains(got, "certificate-unreadable") {
			t.Errorf("without the directory: %q", got)
		}
		if err := os.Rename(dir+".away", dir); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * time.Hour)
		if got := warnings(); got != "" {
			t.Errorf("with the directory: %q", got)
		}
	})
}

// TestRenewCert renews for the names of the settings, once.
func TestRenewCert(t *testing.T) {
	cert, key := pairIn(t.TempDir())
	if _, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key}, discard()); err != nil {
		t.Fatal(err)
	}
	files := rpc.TLSFiles{Cert: cert, Key: key, Hosts: []string{"new.example", "192.0.2.9"}, Renew: true}
	var before []byte
	for i := range 2 {
		c, err := rpc.LoadTLS(files, discard())
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range files.Hosts {
			if err := c.Config().Certificates[0].Leaf.VerifyHostname(host); err != nil {
				t.Error(err)
			}
		}
		now, err := os.ReadFile(cert)
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 && !bytes.Equal(now, before) {
			t.Error("renewed although it lacked nothing")
		}
		before = now
	}
}

// TestClientCertificateThatExpires is warned of until its file is replaced.
func TestClientCertificateThatExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert, key := pairIn(t.TempDir())
		clients, clientKey := pairIn(t.TempDir())
		if err := (certificate.Files{Cert: clients, Key: clientKey}).Ensure(nil); err != nil {
			t.Fatal(err)
		}
		c, err := rpc.LoadTLS(rpc.TLSFiles{Cert: cert, Key: key, ClientCAs: clients}, discard())
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(certificate.Life - time.Hour)
		warnings := watched(t, c)
		if got := warnings(); !strings.HasPrefix(got, "client-certificate-expires: ") || !strings.Contains(got, clients) {
			t.Errorf("got %q", got)
		}
		if err := os.Remove(clients); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(clientKey); err != nil {
			t.Fatal(err)
		}
		if err := (certificate.Files{Cert: clients, Key: clientKey}).Ensure(nil); err != nil {
			t.Fatal(err)
		}
		<-time.After(2 * time.Minute)
		if got := warnings(); got != "" {
			t.Errorf("after it was replaced: %q", got)
		}
	})
}
