package rpc_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// withCookie returns the status of a call with the credentials a cookie holds.
func withCookie(t *testing.T, address, cookie string) int {
	t.Helper()
	user, password, ok := strings.Cut(cookie, ":")
	if !ok || user != api.CookieUser || len(password) != 64 {
		t.Fatalf("cookie is %q", cookie)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(countRequest))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	status, _ := do(t, r)
	return status
}

func TestCookie(t *testing.T) {
	name := filepath.Join(t.TempDir(), api.CookieFile)
	if err := os.WriteFile(name, []byte("left behind"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.Username, cfg.Password, cfg.CookiePath = "", "", name
	address, stop := rpctest.Start(t, cfg)
	first, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}
	if status := withCookie(t, address, string(first)); status != 200 {
		t.Errorf("the cookie gives %d", status)
	}
	if status, _ := post(t, address, countRequest); status != 401 {
		t.Errorf("a password that was not set gives %d", status)
	}
	stop()
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 0 {
		t.Errorf("after the end the directory holds %v, %v", left, err)
	}

	address, _ = rpctest.Start(t, cfg)
	second, err := os.ReadFile(name)
	if err != nil || string(second) == string(first) {
		t.Errorf("the next cookie is %q, %v", second, err)
	}
	if status := withCookie(t, address, string(first)); status != 401 {
		t.Errorf("the old cookie gives %d", status)
	}
}

func TestCookieOfAnotherServerStays(t *testing.T) {
	name := filepath.Join(t.TempDir(), api.CookieFile)
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.CookiePath = name
	_, stop := rpctest.Start(t, cfg)
	const other = "__cookie__:of another server"
	if err := os.WriteFile(name, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	stop()
	if held, err := os.ReadFile(name); err != nil || string(held) != other {
		t.Errorf("file holds %q, %v", held, err)
	}
}

func TestUnwritableCookieEndsTheServer(t *testing.T) {
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.CookiePath = filepath.Join(t.TempDir(), "missing", api.CookieFile)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listeners = []net.Listener{l}
	s, err := rpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), cfg.CookiePath) {
		t.Errorf("Run returned %v", err)
	}
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("the address stays bound: %v", err)
	}
	again.Close()
}

// A failure leaves nothing behind.
func TestCookieThatCannotBePutInPlace(t *testing.T) {
	dir := t.TempDir()
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.CookiePath = filepath.Join(dir, api.CookieFile)
	if err := os.MkdirAll(filepath.Join(cfg.CookiePath, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	cfg.Listeners = []net.Listener{newPipes()}
	s, err := rpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("Run returned nil")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("directory holds %v, %v", left, err)
	}
}

func TestConfig(t *testing.T) {
	fine := rpctest.Config(rpctest.NewOffline(t).Registry)
	fine.Listeners = []net.Listener{newPipes()}
	if _, err := rpc.New(fine); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*rpc.Config){
		"no methods":              func(c *rpc.Config) { c.Methods = nil },
		"no log":                  func(c *rpc.Config) { c.Log = nil },
		"no listeners":            func(c *rpc.Config) { c.Listeners = nil },
		"no password":             func(c *rpc.Config) { c.Password = "" },
		"no user":                 func(c *rpc.Config) { c.Username = "" },
		"colon in the user":       func(c *rpc.Config) { c.Username = "a:b" },
		"user of the cookie":      func(c *rpc.Config) { c.Username = api.CookieUser },
		"reader without password": func(c *rpc.Config) { c.ReadOnlyUsername = "reader" },
		"reader without name":     func(c *rpc.Config) { c.ReadOnlyPassword = "secret" },
		"reader who is the user":  func(c *rpc.Config) { c.ReadOnlyUsername, c.ReadOnlyPassword = rpctest.User, "x" },
		"colon in the reader":     func(c *rpc.Config) { c.ReadOnlyUsername, c.ReadOnlyPassword = "a:b", "x" },
		"no credentials":          func(c *rpc.Config) { c.Username, c.Password = "", "" },
	} {
		cfg := fine
		change(&cfg)
		if _, err := rpc.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	onlyCookie := fine
	onlyCookie.Username, onlyCookie.Password, onlyCookie.CookiePath = "", "", "x"
	if _, err := rpc.New(onlyCookie); err != nil {
		t.Errorf("only a cookie: %v", err)
	}
}
