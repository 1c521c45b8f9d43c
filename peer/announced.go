package peer

import (
	"net"
	"strconv"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// announcedV1 converts the addresses of an addr message.
func announcedV1(msg *wire.MsgAddr) []addrbook.Announced {
	list := make([]addrbook.Announced, 0, len(msg.AddrList))
	for _, a := range msg.AddrList {
		list = append(list, announcedIP(a.IP, a.Port, a.Services, a.Timestamp))
	}
	return list
}

// announcedV2 converts the addresses of an addrv2 message. Addresses of unknown types are
// left out.
func announcedV2(msg *wire.MsgAddrV2) []addrbook.Announced {
	list := make([]addrbook.Announced, 0, len(msg.AddrList))
	for _, a := range msg.AddrList {
		switch a.Type {
		case wire.IPv4Address, wire.IPv6Address:
			list = append(list, announcedIP(a.EncodedAddr, a.Port, a.Services, a.Timestamp))
		case wire.TorV3Address:
			addr := net.JoinHostPort(addrbook.OnionName([32]byte(a.EncodedAddr)), strconv.Itoa(int(a.Port)))
			list = append(list, addrbook.Announced{Addr: addr, Services: uint64(a.Services), Seen: a.Timestamp})
		}
	}
	return list
}

func announcedIP(ip net.IP, port uint16, services wire.ServiceFlag, seen time.Time) addrbook.Announced {
	return addrbook.Announced{Addr: net.JoinHostPort(ip.String(), strconv.Itoa(int(port))), Services: uint64(services), Seen: seen}
}
