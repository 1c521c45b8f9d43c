package spvd_test

import (
	"errors"
	"testing"

	"github.com/spvd/spvd"
)

// TestAddressesToServeAt: with the network's port where they have none; names are refused, and
// one address twice.
func TestAddressesToServeAt(t *testing.T) {
	cfg := spvd.Config{Dir: t.TempDir(), Network: spvd.Simnet, Listen: []string{"192.0.2.1", "[2001:db8::1]", "2001:db8::2", "192.0.2.1:0"}}
	c, err := spvd.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"192.0.2.1:18555", "[2001:db8::1]:18555", "[2001:db8::2]:18555", "192.0.2.1:0"}
	for i, l := range c.Server().Listeners() {
		if l.Address != want[i] {
			t.Errorf("%s, want %s", l.Address, want[i])
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	for _, list := range [][]string{{"localhost:1"}, {":1"}, {"192.0.2.1", "192.0.2.1:18555"}, {""}} {
		cfg.Listen = list
		var wrong *spvd.ConfigError
		if _, err := spvd.Open(cfg); !errors.As(err, &wrong) || wrong.Field != "Listen" {
			t.Errorf("%q: got %v", list, err)
		}
	}
}
