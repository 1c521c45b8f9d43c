package settings

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/certificate"
	"github.com/spvd/spvd/internal/logging"
	"github.com/spvd/spvd/peer"
)

// refused returns an error that go-flags does not change.
func refused(format string, args ...any) error {
	return &flags.Error{Type: flags.ErrMarshal, Message: fmt.Sprintf(format, args...)}
}

// Path is a file or directory the user has named; empty when unset. A leading
// ~ is the home directory.
type Path string

// UnmarshalFlag implements flags.Unmarshaler.
func (p *Path) UnmarshalFlag(value string) error {
	if value == "" {
		return refused("the path is empty")
	}
	if value == "~" || strings.HasPrefix(value, "~/") || strings.HasPrefix(value, `~\`) {
		home, err := os.UserHomeDir()
		if err != nil {
			return refused("path %s: %v", value, err)
		}
		value = home + value[1:]
	}
	*p = Path(filepath.Clean(value))
	return nil
}

// or returns the path, or when unset a name in a directory.
func (p Path) or(dir Path, name string) string {
	if p == "" {
		return filepath.Join(string(dir), name)
	}
	return string(p)
}

// PeerAddress is the address of a peer: a host name or IP address, with or
// without a port.
type PeerAddress string

// UnmarshalFlag implements flags.Unmarshaler.
func (a *PeerAddress) UnmarshalFlag(value string) error {
	host, port, err := SplitAddress(value)
	switch {
	case err != nil:
		return refused("peer address %q: %v", value, err)
	case host == "":
		return refused("peer address %q: the host is missing", value)
	case net.ParseIP(host) == nil && certificate.CheckHost(host) != nil:
		return refused("peer address %q: %v", value, certificate.CheckHost(host))
	case port == "0":
		return refused("peer address %q: port 0 is no port of a peer", value)
	}
	*a = PeerAddress(value)
	return nil
}

// ProxyAddress is the address of a SOCKS5 proxy; empty when there is none.
type ProxyAddress string

// UnmarshalFlag implements flags.Unmarshaler.
func (a *ProxyAddress) UnmarshalFlag(value string) error {
	proxy, err := peer.NewProxy(value)
	if err != nil {
		return refused("%v", err)
	}
	*a = ProxyAddress(proxy.String())
	return nil
}

// ListenAddress is an address to listen on: an IP address, localhost or
// nothing for all addresses, with or without a port.
type ListenAddress string

// UnmarshalFlag implements flags.Unmarshaler.
func (a *ListenAddress) UnmarshalFlag(value string) error {
	host, _, err := SplitAddress(value)
	if err != nil {
		return refused("listen address %q: %v", value, err)
	}
	if host != "" && host != "localhost" && net.ParseIP(host) == nil {
		return refused("listen address %q: %s is neither an IP address nor localhost", value, host)
	}
	*a = ListenAddress(value)
	return nil
}

// ServeAddress is an address that light clients are served at: an IP address, with or without a
// port.
type ServeAddress string

// UnmarshalFlag implements flags.Unmarshaler.
func (a *ServeAddress) UnmarshalFlag(value string) error {
	host, _, err := SplitAddress(value)
	if err != nil {
		return refused("address to serve at %q: %v", value, err)
	}
	if net.ParseIP(host) == nil {
		return refused("address to serve at %q: %q is not an IP address: name one of this machine, or 0.0.0.0 for all of them", value, host)
	}
	*a = ServeAddress(value)
	return nil
}

// SplitAddress splits HOST, HOST:PORT, IPv6 or [IPv6]:PORT. The port is empty when there is
// none.
func SplitAddress(value string) (host, port string, err error) {
	bare := value
	if strings.HasPrefix(value, "[") && strings.HasSuffix(value, "]") {
		bare = value[1 : len(value)-1]
	}
	if net.ParseIP(bare) != nil || !strings.Contains(bare, ":") {
		return bare, "", nil
	}
	host, port, err = net.SplitHostPort(value)
	if err != nil {
		return "", "", errors.New("not of the form HOST:PORT")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", "", fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	return host, port, nil
}

// ShowLevels is the level specification that lists the subsystems.
const ShowLevels = "show"

// Levels is a specification of log levels.
type Levels string

// UnmarshalFlag implements flags.Unmarshaler.
func (l *Levels) UnmarshalFlag(value string) error {
	if value != ShowLevels {
		if err := logging.CheckLevels(value, Subsystems()...); err != nil {
			return refused("%v", err)
		}
	}
	*l = Levels(value)
	return nil
}

// LogFormat is the form of the log.
type LogFormat string

// UnmarshalFlag implements flags.Unmarshaler.
func (f *LogFormat) UnmarshalFlag(value string) error {
	if err := logging.CheckFormat(logging.Format(value)); err != nil {
		return refused("%v", err)
	}
	*f = LogFormat(value)
	return nil
}
