package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestStatusPage asks a synced daemon for what it shows without a password.
func TestStatusPage(t *testing.T) {
	ns := serveNodes(t, 1)
	d, _ := ns.startSynced(t, t.TempDir(), "--metricslisten=127.0.0.1:0")
	url := strings.TrimSuffix(d.await(t, "Status page and metrics url="), "/")
	for path, want := range map[string]string{
		"/":        "Synced at height 450 with 1 peer.",
		"/metrics": "\nspvd_role_peers{role=\"connect\"} 1\n",
		"/livez":   "Synced",
		"/readyz":  "Synced",
	} {
		r, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s gives %s %s, %v; want %q", path, r.Status, body, err, want)
		}
	}
}

// logIn logs a user in at the page with a client that keeps cookies, and returns the page.
func logIn(t *testing.T, client *http.Client, page, name, password string) (status int, body string) {
	t.Helper()
	r, err := client.PostForm(page+"/login", url.Values{"name": {name}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

// TestStatusPageForUsers logs in with the cookie of local tools, and as a user of a wallet.
func TestStatusPageForUsers(t *testing.T) {
	dir := t.TempDir()
	d := startDaemon(t, "--appdata", dir, "--notls", "--metricslisten=127.0.0.1:0", "--walletuser=clerk:default:ro", "--walletpass=clerk:till", "--connect=127.0.0.1:1")
	page := strings.TrimSuffix(d.await(t, "Status page and metrics url="), "/")
	d.await(t, "RPC server listens")
	cookie, err := os.ReadFile(filepath.Join(dir, "simnet", api.CookieFile))
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(cookie), ":")
	for _, test := range []struct {
		name, password string
		status         int
		want           string
	}{
		{"clerk", "guess", http.StatusForbidden, "Wrong user name or password."},
		{"clerk", "till", http.StatusOK, "There is no wallet that clerk may see."},
		{user, password, http.StatusOK, "There is no wallet that " + user + " may see."},
	} {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		status, body := logIn(t, &http.Client{Jar: jar}, page, test.name, test.password)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s gets %d %s", test.name, test.password, status, body)
		}
	}
}

// TestStatusPageOverTLS: with --metricstls the page has the certificate of JSON-RPC, and a cookie for
// TLS only.
func TestStatusPageOverTLS(t *testing.T) {
	dir := t.TempDir()
	d := startDaemon(t, "--appdata", dir, "--metricslisten=127.0.0.1:0", "--metricstls", "--username=operator", "--password=secret", "--connect=127.0.0.1:1",
		"--account=savings="+newOwner(t, 1).xpub())
	page := strings.TrimSuffix(d.await(t, "Status page and metrics url="), "/")
	if !strings.HasPrefix(page, "https://") {
		t.Fatalf("the page is at %s", page)
	}
	pem, err := os.ReadFile(filepath.Join(dir, api.CertFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("there is no certificate")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	if status, body := logIn(t, client, page, "operator", "secret"); status != http.StatusOK || !strings.Contains(body, "Wallet default") {
		t.Errorf("the login gives %d %s", status, body)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r, err := client.PostForm(page+"/login", url.Values{"name": {"operator"}, "password": {"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if list := r.Cookies(); len(list) != 1 || !list[0].Secure {
		t.Errorf("the cookies are %v", list)
	}
}
