package conn

import (
	"net"
	"strconv"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// How many addresses a peer may announce: one full message, the reply to our request, and a
// few now and then, as nodes announce themselves.
const (
	maxAnnounced   = 1000
	announcedEvery = 10 * time.Second // until one more is allowed
)

// quota counts the addresses that one peer announced. The zero value is a full quota.
type quota struct {
	used int
	at   time.Time
}

// take returns how many of n announced addresses are accepted.
func (q *quota) take(n int, now time.Time) int {
	if regained := int(now.Sub(q.at) / announcedEvery); regained > 0 {
		q.used = max(q.used-regained, 0)
		q.at = now
	}
	n = min(n, maxAnnounced-q.used)
	q.used += n
	return n
}

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

// AskAddresses asks the peer for addresses of other nodes. A dcrd node answers the first such
// request of a connection only.
func (c *Conn) AskAddresses() {
	if err := c.out.put(wire.NewMsgGetAddr()); err != nil {
		c.End(err)
	}
}
