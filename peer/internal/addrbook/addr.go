package addrbook

import (
	"crypto/sha3"
	"encoding/base32"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// onionSuffix ends the names of Tor services.
const onionSuffix = ".onion"

// Canonical returns the canonical spelling of an address of the form host:port, and whether
// it has this form: the host is an IP address, without a zone, or the name of a Tor service
// of version 3, and the port is not zero. An IPv4 address that is mapped into IPv6 is an IPv4
// address.
func Canonical(addr string) (string, bool) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(ip.Unmap(), uint16(n)).String(), ip.Zone() == ""
	}
	host = strings.ToLower(host)
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), isOnionV3(host)
}

// HostOf returns the host of an address of the form host:port, as the package describes
// it. Of an address that is not routed publicly the port belongs to the host: such hosts
// are machines of the user, which may run several nodes.
func HostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return strings.ToLower(host)
	case !Routable(ip):
		return addr
	case ip.Unmap().Is4():
		return ip.Unmap().String()
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
}

// GroupOf returns the network group of an address of the form host:port, as the package
// describes it. A name that has to be looked up is a group of its own.
func GroupOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap().WithZone("")
		bits := 32
		if ip.Is4() {
			bits = 16
		}
		return netip.PrefixFrom(ip, bits).Masked().Addr().String()
	}
	host = strings.ToLower(host)
	if IsOnion(host) {
		return "tor:" + host[:1]
	}
	return "name:" + host
}

// IsOnion reports whether a host is in the domain of Tor services, which must not be
// looked up in DNS (RFC 7686).
func IsOnion(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == onionSuffix[1:] || strings.HasSuffix(host, onionSuffix)
}

// OnionName returns the name of the Tor service with a public key: the key, two bytes of
// checksum and the version, in base 32 (Tor rend-spec-v3, section 6).
func OnionName(key [32]byte) string {
	const version = 3
	sum := sha3.Sum256(append(append([]byte(".onion checksum"), key[:]...), version))
	raw := append(key[:], sum[0], sum[1], version)
	return strings.ToLower(base32.StdEncoding.EncodeToString(raw)) + onionSuffix
}

// isOnionV3 reports whether a host is the name of a Tor service of version 3.
func isOnionV3(host string) bool {
	name, ok := strings.CutSuffix(host, onionSuffix)
	if !ok {
		return false
	}
	raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(name))
	return err == nil && len(raw) == 35 && OnionName([32]byte(raw[:32])) == host
}
