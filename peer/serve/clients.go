package serve

import (
	"cmp"
	"slices"
	"time"
)

// Client is a light client that is served.
type Client struct {
	ID        uint64 // counts the connections of the process, from one
	Addr      string // IP:PORT
	UserAgent string // as it says; empty before its handshake
	Version   uint32 // of the protocol that is spoken with it; zero before its handshake
	Since     time.Time
	Sent      uint64 // bytes sent to it
	Received  uint64 // bytes received from it
	Blocks    uint64 // blocks sent to it
	Headers   bool   // it has asked for new blocks to be announced by their headers
}

// Listener is an address to listen at.
type Listener struct {
	Address string // as it was configured
	Bound   string // the address in use, empty while it is not listened at
	Err     error  // why it is not, nil if the store is not open yet or nothing is wrong
}

// Stats are the sums of a process.
type Stats struct {
	Accepted, Refused uint64 // connections
	Sent, Received    uint64 // bytes
	Blocks            uint64 // sent to clients
	Fetched           uint64 // blocks fetched from the network for clients
	Transactions      uint64 // of clients, passed on
	Cached            int    // bytes of blocks that are kept
	Defects           uint64 // panics over what clients sent
}

// Clients returns the clients that are connected, oldest first.
func (s *Server) Clients() []Client {
	var list []Client
	for _, c := range s.snapshot() {
		view := Client{
			ID: c.id, Addr: c.addr, Since: c.since, Headers: c.wantsHeaders.Load(),
			Sent: c.sent.Load(), Received: c.received.Load(), Blocks: c.blocks.Load(),
		}
		if h := c.hello.Load(); h != nil {
			view.UserAgent, view.Version = h.agent, h.version
		}
		list = append(list, view)
	}
	slices.SortFunc(list, func(a, b Client) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Listeners returns the addresses to listen at, in the order of the configuration.
func (s *Server) Listeners() []Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.listeners)
}

// Stats returns the sums since the process began.
func (s *Server) Stats() Stats {
	return Stats{
		Accepted: s.accepted.Load(), Refused: s.refused.Load(),
		Sent: s.sent.Load(), Received: s.received.Load(),
		Blocks: s.blocks.Load(), Fetched: s.fetched.Load(), Transactions: s.txs.Load(),
		Cached: s.cache.held(), Defects: s.defects.Load(),
	}
}
