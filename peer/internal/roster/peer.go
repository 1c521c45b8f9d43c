package roster

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/conn"
	"github.com/spvd/spvd/spv/p2p"
)

// Peer is a connection that has completed its handshake. The exported fields do not change once it
// is in a Roster.
type Peer struct {
	*conn.Conn
	ID     p2p.PeerID
	Addr   string    // host:port that was dialled
	Host   string    // see addrbook.HostOf
	Since  time.Time // when the handshake was done, by the clock of the configuration
	Joined time.Time // the same by the clock of the machine

	mu     sync.Mutex
	role   Role
	best   uint32    // the height of the newest block of the best chain that it has sent; zero if none
	bestAt time.Time // when it sent that block; until then, when it connected
}

// NewPeer returns the peer of a connection with an address; since is the time by the clock of the
// configuration.
func NewPeer(c *conn.Conn, addr string, role Role, since time.Time) *Peer {
	now := time.Now()
	return &Peer{Conn: c, Addr: addr, Host: addrbook.HostOf(addr), Since: since, Joined: now, role: role, bestAt: now}
}

// Role returns why the connection exists.
func (p *Peer) Role() Role {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.role
}

// SetRole changes why the connection exists.
func (p *Peer) SetRole(r Role) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.role = r
}

// Best returns the height of the newest block of the best chain that the peer has sent, zero if it
// has sent none, and when it sent that block; until then, when it connected.
func (p *Peer) Best() (height uint32, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.best, p.bestAt
}

// advance records a newer block of the best chain.
func (p *Peer) advance(height uint32, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.best, p.bestAt = height, at
}

// fallBack bounds the height of the newest block: higher ones are not of the best chain any more.
func (p *Peer) fallBack(height uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.best = min(p.best, height)
}

// Machine names the machine of the peer as far as its address shows: an IPv4 address, the /64
// network of an IPv6 address, or the name of the host.
func (p *Peer) Machine() string { return machine(p.Addr) }

// machine returns the result of Machine for an address of the form host:port.
func machine(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case ip.Unmap().Is4():
		return ip.Unmap().String()
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return network.String()
}

// Group returns the network group of the address of the peer. It is empty for addresses that are
// not routed publicly, like those of the user's own network.
func (p *Peer) Group() string {
	host, _, err := net.SplitHostPort(p.Addr)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err == nil && !addrbook.Routable(ip) {
		return ""
	}
	return addrbook.GroupOf(p.Addr)
}
