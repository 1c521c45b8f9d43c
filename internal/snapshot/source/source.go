package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/snapshot"
)

const (
	// DefaultPatience is how long a web server may send nothing.
	DefaultPatience = 20 * time.Second

	// dialTimeout is how long a connection may take without a dialer of the caller.
	dialTimeout = 10 * time.Second
)

// Config is how web servers are reached. The zero value reaches them directly.
type Config struct {
	// Dial makes all connections; nil is a net.Dialer that connects to private addresses only for
	// the host of the source itself. A SOCKS proxy is such a function.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Patience is how long a server may send nothing, connecting included; zero is
	// DefaultPatience.
	Patience time.Duration

	// UserAgent is sent with each request; may be empty.
	UserAgent string

	resolver *net.Resolver // nil is that of the system
}

// New returns the source that a text names: the address of a directory of a web server that
// begins with http:// or https://, or the path of a directory. It opens nothing. The error
// says what is wrong with the text.
func New(text string, cfg Config) (snapshot.Source, error) {
	scheme, _, isURL := strings.Cut(text, "://")
	if !isURL {
		if text == "" {
			return nil, errors.New("the source of a snapshot is empty")
		}
		return snapshot.Dir(filepath.Clean(text)), nil
	}
	if s := strings.ToLower(scheme); s != "http" && s != "https" {
		return nil, fmt.Errorf("%s:// is no source of snapshots: want a directory, http:// or https://", scheme)
	}
	base, err := url.Parse(text)
	switch {
	case err != nil:
		var bad *url.Error
		if errors.As(err, &bad) {
			err = bad.Err // without the address, which may hold a password
		}
		return nil, fmt.Errorf("address of a snapshot: %w", err)
	case base.Host == "":
		return nil, errors.New("address of a snapshot: it names no host")
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return nil, errors.New("address of a snapshot: it has to be that of a directory, without ? and #")
	}
	if cfg.Dial == nil {
		cfg.Dial = (&dialer{source: base.Hostname(), resolver: cfg.resolver}).dial
	}
	if cfg.Patience == 0 {
		cfg.Patience = DefaultPatience
	}
	return newWeb(base, cfg), nil
}
