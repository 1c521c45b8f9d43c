package peer

import (
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/spv/p2p"
)

// Role is why a connection exists.
type Role = roster.Role

// The roles.
const (
	Wanted   = roster.Wanted   // one of the only peers that the user wants
	Added    = roster.Added    // the user added this peer
	Once     = roster.Once     // the user asked for one connection
	Outbound = roster.Outbound // chosen from the book
	Renewal  = roster.Renewal  // exists while another connection to this peer is replaced
	Search   = roster.Search   // chosen from the book in search of newer blocks
)

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
	var infos []Info
	for _, m := range p.roster.Live() {
		c := m.Stats()
		points, last := p.bans.Score(m.Host)
		load := p.requests.Load(m)
		infos = append(infos, Info{
			ID:        m.ID,
			Addr:      m.Addr,
			LocalAddr: c.LocalAddr,
			Role:      m.Role(),
			Connected: m.Since,

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

			Rate:         load.Rate,
			Requests:     load.Requests,
			RequestBytes: load.Bytes,
			Score:        int(points),
			LastReason:   last,
		})
	}
	return infos
}

// BytesTotal returns the bytes received from and sent to all peers since the
// pool was made.
func (p *Pool) BytesTotal() (received, sent uint64) { return p.opener.Traffic() }

// SentNonce reports whether a handshake of a connection of ours that has not ended yet sent a
// nonce: then a client that sends it to a server in this program is this program.
func (p *Pool) SentNonce(nonce uint64) bool { return p.opener.HasNonce(nonce) }

// Ping sends a ping to each connected peer that owes no pong. Infos shows the round trips.
func (p *Pool) Ping() {
	now := time.Now()
	for _, m := range p.roster.Live() {
		m.Ping(now)
	}
}
