package addrbook

import "net/netip"

// Routable reports whether an IP address may be that of a node on the internet: it is not
// within the special-purpose ranges of the IANA registries (RFC 6890), and of IPv6 in the
// range that is assigned for unicast. Ranges that stand for IPv4 addresses (6to4, Teredo,
// NAT64) are not routable here: they would give the owner of one IPv4 address further groups.
func Routable(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() || ip.Is6() && !globalUnicast().Contains(ip) {
		return false
	}
	if ip.Is4() {
		return routable4(ip.As4())
	}
	return routable6(ip.As16())
}

// globalUnicast returns the range of IPv6 that is assigned for unicast.
func globalUnicast() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3) }

// routable4 reports whether an IPv4 address is in no special range.
func routable4(ip [4]byte) bool {
	switch a, b, c := ip[0], ip[1], ip[2]; a {
	case 0, 10, 127: // this network, RFC 791; private, RFC 1918; loopback, RFC 1122
		return false
	case 100: // shared, RFC 6598
		return b&0xc0 != 64
	case 169: // link local, RFC 3927
		return b != 254
	case 172: // private, RFC 1918
		return b&0xf0 != 16
	case 192:
		switch {
		case b == 168, // private, RFC 1918
			b == 0 && c == 0,   // protocol assignments, RFC 6890
			b == 0 && c == 2,   // documentation, RFC 5737
			b == 88 && c == 99: // 6to4 relays, RFC 7526
			return false
		}
	case 198:
		return b&0xfe != 18 && // benchmarks, RFC 2544
			(b != 51 || c != 100) // documentation, RFC 5737
	case 203: // documentation, RFC 5737
		return b != 0 || c != 113
	default: // multicast, RFC 5771; reserved, RFC 1112, and broadcast
		return a < 224
	}
	return true
}

// routable6 reports whether an address of the range for unicast is in no special range.
func routable6(ip [16]byte) bool {
	switch uint16(ip[0])<<8 | uint16(ip[1]) {
	case 0x2001:
		return ip[2] >= 2 && // protocol assignments, RFC 2928: Teredo, ORCHID and others
			(ip[2] != 0x0d || ip[3] != 0xb8) // documentation, RFC 3849
	case 0x2002: // 6to4, RFC 3056
		return false
	case 0x3fff: // documentation, RFC 9637
		return ip[2]&0xf0 != 0
	}
	return true
}
