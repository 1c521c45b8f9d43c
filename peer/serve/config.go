package serve

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"
)

// Config is what a Server is made from. The fields up to Changes are required.
type Config struct {
	// Params are the parameters of the network.
	Params *chaincfg.Params

	// UserAgent is how the server introduces itself, in the form "/name:1.2.3/".
	UserAgent string

	// Listen are the addresses to listen at, each IP:PORT or [IP]:PORT.
	Listen []string

	// Chain returns the chain, or an error while there is none to be read.
	Chain func() (Chain, error)

	// Network is the network behind the server.
	Network Network

	// Changes yields the state of the sync, and each later one that differs, until ctx ends.
	Changes func(ctx context.Context) iter.Seq[State]

	// Report replaces what is wrong with the server, one sentence each; none withdraws it.
	// It must not wait.
	Report func(troubles ...string)

	// Ours reports whether one of our own outbound connections sent a nonce in its handshake:
	// then the client is this program. Nil: none did.
	Ours func(nonce uint64) bool

	// Log receives events of clients; nil logs nothing.
	Log *slog.Logger

	// Bind listens at an address; that of the system.
	Bind func(ctx context.Context, address string) (net.Listener, error)

	// Now is the clock for times that are sent or shown; time.Now.
	Now func() time.Time

	limits limits // changed by tests only
}

// complete returns a copy with the defaults filled in, or an error.
func (c Config) complete() (Config, error) {
	switch {
	case c.Params == nil || c.Chain == nil || c.Network == nil || c.Changes == nil || c.Report == nil:
		return c, errors.New("serve config: a required field is missing")
	case c.UserAgent == "" || len(c.UserAgent) > wire.MaxUserAgentLen:
		return c, fmt.Errorf("serve config: user agent of %d characters, want 1 to %d", len(c.UserAgent), wire.MaxUserAgentLen)
	case len(c.Listen) == 0:
		return c, errors.New("serve config: no address to listen at")
	}
	seen := make(map[string]bool)
	for _, address := range c.Listen {
		if err := checkAddress(address); err != nil {
			return c, fmt.Errorf("serve config: %w", err)
		}
		if seen[address] {
			return c, fmt.Errorf("serve config: %s is named twice", address)
		}
		seen[address] = true
	}
	if c.Ours == nil {
		c.Ours = func(uint64) bool { return false }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Bind == nil {
		c.Bind = func(ctx context.Context, address string) (net.Listener, error) {
			return new(net.ListenConfig).Listen(ctx, "tcp", address)
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.limits == (limits{}) {
		c.limits = defaultLimits()
	}
	return c, nil
}

// checkAddress returns an error unless a text is an address to listen at: an IP address, also an
// unspecified one that stands for all of the machine, and a port. No name is looked up and no host
// is left out, because to serve has to be meant.
func checkAddress(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("address to listen at %q: want IP:PORT: %w", text, err)
	}
	if _, err := parseHost(host); err != nil {
		return fmt.Errorf("address to listen at %q: want IP:PORT: %w", text, err)
	}
	if n, err := net.LookupPort("tcp", port); err != nil || n < 0 {
		return fmt.Errorf("address to listen at %q: %q is no port", text, port)
	}
	return nil
}

// newNonce returns the nonce of a version or a ping.
func newNonce() uint64 { return rand.Uint64() }
