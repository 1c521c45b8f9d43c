package conn

import (
	"net"
	"time"

	"github.com/decred/dcrd/wire"
)

// stats describes a connection. The statements of the peer about itself are claims.
type stats struct {
	LocalAddr string

	Services       wire.ServiceFlag // claimed
	Version        uint32           // negotiated protocol version
	UserAgent      string           // claimed
	StartingHeight uint32           // claimed in the handshake
	Height         uint32           // the greatest claimed since
	TimeOffset     time.Duration    // of the peer's clock from ours, as claimed in the handshake

	BytesReceived, BytesSent uint64
	LastReceived, LastSent   time.Time
	Ping                     time.Duration // the last round trip
	PingWait                 time.Duration // since an unanswered ping was sent; zero without one
	Unknown                  uint64        // messages of commands that are not known here

	WantsTx bool // the peer wants transactions announced to it
	TellsTx bool // the peer was asked to announce transactions to us
}

// Stats returns the description of the connection.
func (c *Conn) Stats() stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return stats{
		LocalAddr:      c.nc.LocalAddr().String(),
		Services:       c.remote.services,
		Version:        c.remote.pver,
		UserAgent:      c.remote.agent,
		StartingHeight: c.remote.height,
		Height:         c.claim,
		TimeOffset:     c.remote.offset,
		BytesReceived:  c.nc.own.in.Load(),
		BytesSent:      c.nc.own.out.Load(),
		LastReceived:   c.nc.received(),
		LastSent:       c.nc.written(),
		Ping:           c.alive.rtt,
		PingWait:       c.alive.waiting(time.Now()),
		Unknown:        c.unknown.Load(),
		WantsTx:        c.remote.wantsTx,
		TellsTx:        c.relayTx,
	}
}

// Services returns the services that the peer claims to offer.
func (c *Conn) Services() wire.ServiceFlag { return c.remote.services }

// WantsTx reports whether transactions may be announced to the peer.
func (c *Conn) WantsTx() bool { return c.remote.wantsTx }

// TellsTx reports whether the peer was asked to announce transactions.
func (c *Conn) TellsTx() bool { return c.relayTx }

// LocalAddr returns the address of our end.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }
