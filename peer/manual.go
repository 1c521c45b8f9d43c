package peer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/manual"
	"github.com/spvd/spvd/peer/internal/roster"
	"github.com/spvd/spvd/spv/p2p"
)

// Errors about peers that the user names.
var (
	// ErrKnownPeer means that the peer to add or try was added already.
	ErrKnownPeer = manual.ErrKnown

	// ErrUnknownPeer means that the peer to remove or disconnect is not there.
	ErrUnknownPeer = manual.ErrUnknown
)

// Add keeps the pool connected with one more peer, named as host or host:port, until the peer
// is removed or the process ends. A connection that the pool chose itself is replaced. It
// returns ErrKnownPeer if the peer was added already.
func (p *Pool) Add(addr string) error { return p.manual.Add(addr) }

// Remove removes a peer of Add or of the configuration, and ends its connection. It returns
// ErrUnknownPeer if no such peer was named.
func (p *Pool) Remove(addr string) error { return p.manual.Remove(addr) }

// Try connects once to a peer, named as host or host:port. It does not connect again after
// that fails or ends. It returns ErrKnownPeer if the peer was added, is connected or is being
// tried.
func (p *Pool) Try(addr string) error { return p.manual.Try(addr) }

// Disconnect ends the connection with a peer, given by its id or the address it was dialled
// at. A manual peer is dialled again. It returns ErrUnknownPeer if there is no such peer.
func (p *Pool) Disconnect(id p2p.PeerID, addr string) error {
	live := p.roster.Live()
	i := slices.IndexFunc(live, func(m *roster.Peer) bool { return m.ID == id || m.Addr == addr })
	if i < 0 {
		return fmt.Errorf("disconnect peer %s: %w", addr, ErrUnknownPeer)
	}
	live[i].End(fault.New(fault.ClosedByUs, errors.New("the user asked for it")))
	return nil
}

// Manual returns the addresses of the peers that the user named, in their order,
// without those of the configuration's Connect.
func (p *Pool) Manual() []string { return p.manual.Added() }
