package certificate

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Sizes of a host name and of its parts in bytes (RFC 1035, 2.3.4).
const (
	maxName  = 253
	maxLabel = 63
)

// CheckHost returns an error for a text that no certificate can be valid for: it is neither an IP
// address nor a host name. The first part of a name may be "*".
func CheckHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if _, port, err := net.SplitHostPort(host); err == nil && !strings.Contains(port, "/") {
		return fmt.Errorf("%q has a port: leave it out", host)
	}
	for _, r := range host {
		if r > '~' {
			return fmt.Errorf("%q is not ASCII: write the name in its form that begins with xn--", host)
		}
	}
	name := strings.TrimSuffix(strings.TrimPrefix(host, "*."), ".")
	if len(name) > maxName {
		return fmt.Errorf("the host name %.20q… is longer than %d characters", host, maxName)
	}
	for label := range strings.SplitSeq(name, ".") {
		if !validLabel(label) {
			return fmt.Errorf("%q is neither an IP address nor a host name", host)
		}
	}
	return nil
}

// validLabel reports whether a text may be one part of a host name. Underscores are no part of host
// names by the standard, and used all the same.
func validLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(label, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// MachineHosts returns the addresses of this machine that are not link-local, which change with the
// networks that it is in, and localhost.
func MachineHosts() ([]string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	hosts := []string{"localhost"}
	for _, a := range addresses {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && !ip.IsLinkLocalUnicast() {
			hosts = append(hosts, ip.String())
		}
	}
	return hosts, nil
}

// Lacking returns the hosts that a certificate is not valid for.
func Lacking(cert *x509.Certificate, hosts []string) []string {
	var lacking []string
	for _, host := range hosts {
		written := slices.ContainsFunc(cert.DNSNames, func(name string) bool { return strings.EqualFold(name, host) })
		if !written && cert.VerifyHostname(host) != nil {
			lacking = append(lacking, host)
		}
	}
	return lacking
}
