package peer

import "time"

// Role is why a connection exists.
type Role uint8

// The roles.
const (
	Wanted   Role = iota // one of the peers that the user wants and no others
	Added                // the user added this peer
	Once                 // the user wanted to connect to it once
	Outbound             // chosen from the book
	Renewal              // there while a connection to the same peer is made anew
	Search               // chosen from the book to find out whether it knows more than the others
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

// Info is what is known about one live peer. What the peer says about itself is
// a claim.
type Info struct {
	ID        uint64
	Addr      string // host:port that was dialled
	LocalAddr string
	Role      Role
	Connected time.Time // when the handshake was done

	Services       uint64 // claimed
	Version        uint32 // negotiated protocol version
	UserAgent      string // claimed
	StartingHeight uint32 // claimed in the handshake
	Height         uint32 // the greatest claimed since

	// TimeOffset is how far its clock is ahead of ours, in whole seconds, as claimed
	// in the handshake.
	TimeOffset time.Duration

	BytesReceived, BytesSent uint64
	LastReceived, LastSent   time.Time
	Ping                     time.Duration // the last round trip
	PingWait                 time.Duration // since a ping that is not answered yet; zero without one
	Unknown                  uint64        // messages of commands that are not known here

	// WantsTx says that the peer wants to be told of transactions, TellsTx that it was
	// asked to tell us of them.
	WantsTx, TellsTx bool

	// Rate is how fast it delivers, in bytes per second; zero if not measured.
	Rate float64

	// Requests and RequestBytes are what it owes: the number of requests in
	// flight and the estimated size of their replies.
	Requests, RequestBytes int

	// Score is how badly it has behaved; at 100 it is left.
	Score int

	// LastReason is the last thing that went wrong with a peer at this address,
	// zero if nothing has.
	LastReason Reason
}

// Infos returns what is known about the live peers, by rising id.
func (p *Pool) Infos() []Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	var infos []Info
	for _, m := range p.members {
		if !m.live() {
			continue
		}
		i := m.info()
		i.Role = m.role
		i.Connected = m.since
		i.Rate = m.gauge.rate()
		i.Requests, i.RequestBytes = m.requests, m.bytes
		i.Score = int(p.banScores[m.host].now(now))
		i.LastReason = p.banScores[m.host].last
		infos = append(infos, i)
	}
	return infos
}

// info returns what the connection itself knows.
func (c *conn) info() Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Info{
		ID:             c.id,
		Addr:           c.addr,
		LocalAddr:      c.nc.LocalAddr().String(),
		Services:       uint64(c.remote.services),
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

// BytesTotal returns the bytes received from and sent to all peers since the
// pool was made.
func (p *Pool) BytesTotal() (received, sent uint64) { return p.total.in.Load(), p.total.out.Load() }
