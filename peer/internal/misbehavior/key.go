package misbehavior

import (
	"net/netip"
	"strings"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// Key returns the canonical spelling of the address of a ban: host:port, host if it has no
// port, or a /64 network of IPv6 as in bans for proven faults. It is an error if the address
// cannot be parsed.
func Key(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if ip, err := netip.ParseAddr(bare); err == nil {
		return ip.Unmap().String(), nil
	}
	if net, err := netip.ParsePrefix(bare); err == nil && net.Addr().Is6() && net.Bits() == 64 {
		return net.Masked().String(), nil
	}
	if s != "" && !strings.Contains(s, ":") {
		return s, nil
	}
	return addrbook.Parse(s, "")
}
