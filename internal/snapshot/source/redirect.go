package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
)

// maxRedirects is how many redirects of a request are followed.
const maxRedirects = 5

// redirect decides whether a redirect is followed.
func redirect(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) > maxRedirects:
		return fmt.Errorf("it redirects more than %d times", maxRedirects)
	case before[0].URL.Scheme == "https" && next.URL.Scheme != "https":
		return errors.New("it redirects from https to http")
	case next.URL.Hostname() != before[0].URL.Hostname() && isInside(next.URL.Hostname()):
		return fmt.Errorf("it redirects to %q, which is no host of the internet: name that as the source, if it is one", next.URL.Hostname())
	}
	return nil
}

// isInside reports whether a host is this machine or one of a private network, as far as its name
// says: services there answer requests that no stranger may send.
func isInside(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return isPrivate(ip)
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	last := name[strings.LastIndexByte(name, '.')+1:]
	return last == name || slices.Contains([]string{"localhost", "local", "internal", "lan", "home", "arpa"}, last)
}

// carrierGrade is the address space between providers and their customers (RFC 6598), which
// overlay networks use for the machines of their users.
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

func isPrivate(ip netip.Addr) bool {
	ip = ip.Unmap()
	return !ip.IsGlobalUnicast() || ip.IsPrivate() || carrierGrade.Contains(ip)
}

// dialer connects to the source, and to where it redirects. The owner of a name decides which
// address it has, and may change that between two requests: only the host that was named as the
// source may have a private address, and only as long as it has had no other.
type dialer struct {
	source   string        // host
	resolver *net.Resolver // nil is that of the system
	public   atomic.Bool   // the source has had a public address
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	permit := func(_, address string, _ syscall.RawConn) error { return d.permit(host, address) }
	return (&net.Dialer{Timeout: dialTimeout, Resolver: d.resolver, Control: permit}).DialContext(ctx, network, address)
}

// permit decides whether a connection to an address that a host has is made.
func (d *dialer) permit(host, address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ofSource := strings.EqualFold(host, d.source)
	switch {
	case !isPrivate(to.Addr()):
		if ofSource {
			d.public.Store(true)
		}
		return nil
	case ofSource && !d.public.Load():
		return nil
	}
	return fmt.Errorf("the host %q has the address %v, which is none of the internet: name that as the source, if it is one", host, to.Addr())
}
