package peer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestNewRefuses checks which configurations are refused.
func TestNewRefuses(t *testing.T) {
	good := Config{Params: peertest.Params, UserAgent: "/spvd:0.1.0/", Connect: []string{"localhost"}}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"network parameters":  func(c *Config) { c.Params = nil },
		"no user agent":       func(c *Config) { c.UserAgent = "" },
		"257 characters":      func(c *Config) { c.UserAgent = strings.Repeat("a", 257) },
		"printable":           func(c *Config) { c.UserAgent = "/spvd:\n/" },
		"negative limit":      func(c *Config) { c.maxBytes = -1 },
		"negative duration":   func(c *Config) { c.pingEvery = -1 },
		"above its maximum":   func(c *Config) { c.retryMin = time.Hour },
		`address "a:b:c:d"`:   func(c *Config) { c.Connect = []string{"a:b:c:d"} },
		`no host`:             func(c *Config) { c.Connect = []string{":9108"} },
		`bad port "http"`:     func(c *Config) { c.Connect = []string{"a:http"} },
		`bad port "70000"`:    func(c *Config) { c.Connect = []string{"a:70000"} },
		`peer address "": no`: func(c *Config) { c.Connect = []string{""} },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAddresses checks the default port and that each address is listed once.
func TestAddresses(t *testing.T) {
	got, err := addrbook.ParseList([]string{
		"Example.org", "example.org:9108", "1.2.3.4", "1.2.3.4:5", "::1", "[::1]", "[::1]:9108", "[2001:db8::1]:7", " 1.2.3.4 ",
	}, "9108")
	want := []string{"example.org:9108", "1.2.3.4:9108", "1.2.3.4:5", "[::1]:9108", "[2001:db8::1]:7"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, want %q: %v", got, want, err)
	}
}
