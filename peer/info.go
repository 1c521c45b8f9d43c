package peer

import (
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Role is why a connection exists.
type Role uint8

// The roles.
const (
	Wanted   Role = iota // one of the only peers that the user wants
	Added                // the user added this peer
	Once                 // the user asked for one connection
	Outbound             // chosen from the book
	Renewal              // exists while another connection to this peer is replaced
	Search               // chosen from the book in search of newer blocks
)

// String returns the role in lower case.
func (r Role) String() string {
	switch r {
	case Wanted:
		return "connect"
	case Added:
		return "added"
	case Once:
		return "once"
	case Outbound:
		return "outbound"
	case Renewal:
		return "renewal"
	case Search:
		return "search"
	}
	return "unknown"
}

// Info describes one live peer. What the peer says about itself is a claim.
type Info struct {
	ID        p2p.PeerID
	Addr      string // host:port that was dialled
	LocalAddr string
	Role      Role
	Connected time.Time // when the handshake was done

	Services       uint64 // claimed
	Version        uint32 // negotiated protocol version
	UserAgent      string // claimed
	StartingHeight uint32 // claimed in the handshake
	Height         uint32 // the greatest claimed since

	// TimeOffset is how far the peer's clock is ahead of ours, in whole seconds, as claimed
	// in the handshake.
	TimeOffset time.Duration

	BytesReceived, BytesSent uint64
	LastReceived, LastSent   time.Time
	Ping                     time.Duration // the last round trip
	PingWait                 time.Duration // since an unanswered ping was sent; zero without one
	Unknown                  uint64        // messages of commands that are not known here

	// WantsTx means that the peer wants transactions announced to it, TellsTx that it was
	// asked to announce transactions to us.
	WantsTx, TellsTx bool

	// Rate is how fast the peer delivers, in bytes per second; zero if not measured.
	Rate float64

	// Requests and RequestBytes are the number of requests in flight and the estimated size
	// of their replies.
	Requests, RequestBytes int

	// Score is the ban score; at 100 the peer is disconnected.
	Score int

	// LastReason is the last fault of a peer at this address, zero if there was none.
	LastReason fault.Reason
}

// Infos returns the descriptions of the live peers, by rising id.
func (p *Pool) Infos() []Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	var infos []Info
	for _, m := range p.members {
		if !m.Live() {
			continue
		}
		c := m.Stats()
		points, last := p.bans.Score(m.host)
		infos = append(infos, Info{
			ID:        m.id,
			Addr:      m.addr,
			LocalAddr: c.LocalAddr,
			Role:      m.role,
			Connected: m.since,

			Services:       uint64(c.Services),
			Version:        c.Version,
			UserAgent:      c.UserAgent,
			StartingHeight: c.StartingHeight,
			Height:         c.Height,
			TimeOffset:     c.TimeOffset,

			BytesReceived: c.BytesReceived,
			BytesSent:     c.BytesSent,
			LastReceived:  c.LastReceived,
			LastSent:      c.LastSent,
			Ping:          c.Ping,
			PingWait:      c.PingWait,
			Unknown:       c.Unknown,
			WantsTx:       c.WantsTx,
			TellsTx:       c.TellsTx,

			Rate:         m.gauge.Rate(),
			Requests:     m.requests,
			RequestBytes: m.bytes,
			Score:        int(points),
			LastReason:   last,
		})
	}
	return infos
}

// BytesTotal returns the bytes received from and sent to all peers since the
// pool was made.
func (p *Pool) BytesTotal() (received, sent uint64) { return p.opener.Traffic() }
