package addrbook

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// ParseList returns a list in the form host:port, each address once, with the default port
// where one has none. It is an error if one cannot be parsed.
func ParseList(list []string, port string) ([]string, error) {
	var out []string
	seen := make(map[string]bool)
	for _, s := range list {
		addr, err := Parse(s, port)
		if err != nil {
			return nil, err
		}
		if !seen[addr] {
			seen[addr] = true
			out = append(out, addr)
		}
	}
	return out, nil
}

// Parse returns the canonical spelling of one address, in the form host:port. An IPv6
// address without a port needs no brackets.
func Parse(s, port string) (string, error) {
	s = strings.TrimSpace(s)
	host := s
	switch {
	case net.ParseIP(s) != nil:
	case strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]"):
		host = s[1 : len(s)-1]
	case strings.Contains(s, ":"):
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return "", fmt.Errorf("peer address %q: %w", s, err)
		}
	}
	if host == "" {
		return "", fmt.Errorf("peer address %q: no host", s)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("peer address %q: bad port %q", s, port)
	}
	host = strings.ToLower(host)
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}
