package peer

import (
	"crypto/sha3"
	"encoding/base32"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/decred/dcrd/addrmgr/v3"
	"github.com/decred/dcrd/wire"
)

// Told is an address as somebody told it: nothing about it is a fact.
type Told struct {
	Addr     string // host:port, the host an IP address or an onion name
	Services uint64
	Seen     time.Time // when the node was last seen by whoever told it
}

// onionSuffix ends the names of Tor services.
const onionSuffix = ".onion"

// toldV1 translates the addresses of an addr message.
func toldV1(msg *wire.MsgAddr) []Told {
	told := make([]Told, 0, len(msg.AddrList))
	for _, a := range msg.AddrList {
		told = append(told, toldIP(a.IP, a.Port, a.Services, a.Timestamp))
	}
	return told
}

// toldV2 translates the addresses of an addrv2 message.
func toldV2(msg *wire.MsgAddrV2) []Told {
	told := make([]Told, 0, len(msg.AddrList))
	for _, a := range msg.AddrList {
		switch a.Type {
		case wire.IPv4Address, wire.IPv6Address:
			told = append(told, toldIP(a.EncodedAddr, a.Port, a.Services, a.Timestamp))
		case wire.TorV3Address:
			addr := net.JoinHostPort(onionName([32]byte(a.EncodedAddr)), strconv.Itoa(int(a.Port)))
			told = append(told, Told{Addr: addr, Services: uint64(a.Services), Seen: a.Timestamp})
		}
	}
	return told
}

func toldIP(ip net.IP, port uint16, services wire.ServiceFlag, seen time.Time) Told {
	return Told{Addr: net.JoinHostPort(ip.String(), strconv.Itoa(int(port))), Services: uint64(services), Seen: seen}
}

// onionName returns the name of the Tor service with a public key: the key, two
// bytes of checksum and the version, in base 32 (Tor rend-spec-v3, section 6).
func onionName(key [32]byte) string {
	const version = 3
	sum := onionChecksum(key, version)
	raw := append(key[:], sum[0], sum[1], version)
	return strings.ToLower(base32.StdEncoding.EncodeToString(raw)) + onionSuffix
}

// onionChecksum returns the checksum in the name of a Tor service.
func onionChecksum(key [32]byte, version byte) [32]byte {
	return sha3.Sum256(append(append([]byte(".onion checksum"), key[:]...), version))
}

// groupOf returns the network group of an address of the form host:port: the part
// of the network that one party may well hold all of. For IP addresses it is
// addrmgr's; Tor names, which cost nothing, make 32 groups.
func groupOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return addrmgr.NewNetAddressFromIPPort(ip.AsSlice(), 0, 0).GroupKey()
	}
	if strings.HasSuffix(host, onionSuffix) {
		return "tor:" + host[:1]
	}
	return "name:" + host
}

// dialable reports whether an address that was told may lead to a node: it is an
// onion name, or an IP address that is routed publicly. With local set any IP
// address will do.
func dialable(addr string, local bool) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "0" {
		return false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return false
	}
	if isOnion(host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return false
	}
	return local || addrmgr.IsRoutable(ip.AsSlice())
}

// isOnion reports whether a host is the name of a Tor service of version 3.
func isOnion(host string) bool {
	name, ok := strings.CutSuffix(host, onionSuffix)
	if !ok {
		return false
	}
	raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(name))
	return err == nil && len(raw) == 35 && onionName([32]byte(raw[:32])) == host
}
