package socks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// The parts of SOCKS5 that this package speaks (RFC 1928, RFC 1929).
const (
	socksVersion     = 5
	socksNoAuth      = 0
	socksPassword    = 2
	socksConnect     = 1
	socksIPv4        = 1
	socksName        = 3
	socksIPv6        = 4
	passwordVersion  = 1
	maxSocksNameSize = 255
)

// Proxy connects through a SOCKS5 proxy. It passes names to the proxy and looks none up, so
// that onion names work if the proxy is Tor. Every connection has credentials of its own, for
// which Tor uses a circuit of its own.
type Proxy struct {
	addr string
}

// New returns the proxy at an address of the form IP:port; the host may also be
// localhost. Other names are refused, because they would have to be looked up.
func New(addr string) (*Proxy, error) {
	bare := addr
	for _, scheme := range []string{"socks5://", "socks5h://"} { // names are passed to the proxy with both
		bare = strings.TrimPrefix(bare, scheme)
	}
	host, port, err := net.SplitHostPort(strings.TrimSuffix(bare, "/"))
	if err != nil {
		return nil, fmt.Errorf("proxy address %q: not of the form IP:PORT", addr)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if net.ParseIP(host) == nil {
		return nil, fmt.Errorf("proxy address %q: %s is not an IP address, and with a proxy no name is looked up", addr, host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, fmt.Errorf("proxy address %q: bad port %q", addr, port)
	}
	return &Proxy{addr: net.JoinHostPort(host, port)}, nil
}

// String returns the address of the proxy.
func (p *Proxy) String() string { return p.addr }

// Dial connects to an address of the form host:port through the proxy.
func (p *Proxy) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial %s by proxy: %w", addr, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || host == "" || len(host) > maxSocksNameSize {
		return nil, fmt.Errorf("dial %s by proxy: not an address", addr)
	}
	nc, err := new(net.Dialer).DialContext(ctx, network, p.addr)
	if err != nil {
		return nil, fmt.Errorf("dial %s by proxy: %w", addr, err)
	}
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	err = ask(nc, host, uint16(port))
	if !stop() {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("dial %s by proxy %s: %w", addr, p.addr, err)
	}
	return nc, nil
}

// ask makes the proxy connect to a host and port.
func ask(nc net.Conn, host string, port uint16) error {
	if _, err := nc.Write([]byte{socksVersion, 2, socksNoAuth, socksPassword}); err != nil {
		return err
	}
	var choice [2]byte
	if _, err := io.ReadFull(nc, choice[:]); err != nil {
		return err
	}
	if choice[0] != socksVersion {
		return fmt.Errorf("it does not speak SOCKS5 but says %x", choice)
	}
	switch choice[1] {
	case socksNoAuth:
	case socksPassword:
		if err := authenticate(nc); err != nil {
			return err
		}
	default:
		return errors.New("it wants another kind of authentication")
	}
	request := append([]byte{socksVersion, socksConnect, 0}, encodeHost(host)...)
	if _, err := nc.Write(append(request, byte(port>>8), byte(port))); err != nil {
		return err
	}
	return readSocksReply(nc)
}

// authenticate sends credentials that no other connection has.
func authenticate(nc net.Conn) error {
	user, password := rand.Text(), rand.Text()
	msg := append([]byte{passwordVersion, byte(len(user))}, user...)
	msg = append(append(msg, byte(len(password))), password...)
	if _, err := nc.Write(msg); err != nil {
		return err
	}
	var status [2]byte
	if _, err := io.ReadFull(nc, status[:]); err != nil {
		return err
	}
	if status[1] != 0 {
		return errors.New("it refuses credentials")
	}
	return nil
}

// encodeHost returns the type and the bytes of an address.
func encodeHost(host string) []byte {
	ip := net.ParseIP(host)
	switch {
	case ip == nil:
		return append([]byte{socksName, byte(len(host))}, host...)
	case ip.To4() != nil:
		return append([]byte{socksIPv4}, ip.To4()...)
	default:
		return append([]byte{socksIPv6}, ip...)
	}
}

// readSocksReply reads the reply of the proxy, up to the first byte of the connection. It
// returns an error if the proxy has not connected.
func readSocksReply(r io.Reader) error {
	var head [5]byte // version, status, reserved, type of address, its first byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	if head[1] != 0 {
		return socksError(head[1])
	}
	rest := 2 // the port
	switch head[3] {
	case socksIPv4:
		rest += net.IPv4len - 1
	case socksIPv6:
		rest += net.IPv6len - 1
	case socksName:
		rest += int(head[4])
	default:
		return fmt.Errorf("its reply has an address of type %d", head[3])
	}
	_, err := io.ReadFull(r, make([]byte, rest))
	return err
}

// socksError returns the error for a status.
func socksError(status byte) error {
	texts := [...]string{
		1: "general failure", 2: "not allowed", 3: "network unreachable", 4: "host unreachable",
		5: "connection refused", 6: "time to live expired", 7: "command not supported", 8: "type of address not supported",
	}
	if int(status) < len(texts) {
		return errors.New("it says: " + texts[status])
	}
	return fmt.Errorf("it says: failure %d", status)
}
