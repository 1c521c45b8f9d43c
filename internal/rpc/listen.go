package rpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// Listen binds the addresses of the server. An address is an IP address, localhost (both
// loopback addresses), or nothing (all addresses), with or without a port. Without TLS it
// binds loopback addresses only. If one address cannot be bound, none is.
func Listen(ctx context.Context, addresses []string, defaultPort string, secure *tls.Config) ([]net.Listener, error) {
	var bound []net.Listener
	for _, address := range addresses {
		ls, err := listen(ctx, address, defaultPort, secure)
		bound = append(bound, ls...)
		if err != nil {
			for _, l := range bound {
				l.Close()
			}
			return nil, fmt.Errorf("listen for RPC on %s: %w", address, err)
		}
	}
	return bound, nil
}

// listen binds one configured address.
func listen(ctx context.Context, address, defaultPort string, secure *tls.Config) ([]net.Listener, error) {
	host, port := splitAddress(address, defaultPort)
	hosts := []string{host}
	if host == "localhost" {
		hosts = []string{"127.0.0.1", "::1"}
	}
	var bound []net.Listener
	for i, host := range hosts {
		if err := allowed(host, secure != nil); err != nil {
			return bound, err
		}
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		switch {
		case err == nil && secure != nil:
			bound = append(bound, tls.NewListener(l, secure))
		case err == nil:
			bound = append(bound, l)
		case i > 0 && unavailable(err): // a machine without IPv6
		case errors.Is(err, syscall.EADDRINUSE):
			return bound, fmt.Errorf("%w: another program has the port; choose another one with --rpclisten", syscall.EADDRINUSE)
		default:
			return bound, err
		}
	}
	return bound, nil
}

// splitAddress splits an address into host and port; a missing port is the default one.
func splitAddress(address, defaultPort string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil { // a bare host, IPv6 with or without brackets
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	if port == "" {
		port = defaultPort
	}
	return host, port
}

// allowed returns an error for a host that needs a resolver, and for plain text that leaves
// the machine.
func allowed(host string, secure bool) error {
	ip := net.ParseIP(host)
	switch {
	case ip == nil && host != "":
		return errors.New("not an IP address or localhost")
	case !secure && (ip == nil || !ip.IsLoopback()):
		return errors.New("without TLS only loopback addresses are allowed: remove --notls or listen on localhost")
	}
	return nil
}

// unavailable reports whether the machine lacks the address or its family.
func unavailable(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
