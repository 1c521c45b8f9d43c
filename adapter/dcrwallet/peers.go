package dcrwallet

import (
	"net"
	"net/netip"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv/p2p"
)

// RemotePeer describes a connected peer. What the peer says about itself is a claim.
type RemotePeer struct{ info peer.Info }

// ID returns the number of the connection, which is unique within a process.
func (p *RemotePeer) ID() uint64 { return uint64(p.info.ID) }

// RemoteAddr returns the address of the peer.
func (p *RemotePeer) RemoteAddr() net.Addr { return addrOf(p.info.Addr) }

// LocalAddr returns the local address of the connection.
func (p *RemotePeer) LocalAddr() net.Addr { return addrOf(p.info.LocalAddr) }

// Services returns the services that the peer claims to offer.
func (p *RemotePeer) Services() wire.ServiceFlag { return wire.ServiceFlag(p.info.Services) }

// Pver returns the negotiated protocol version.
func (p *RemotePeer) Pver() uint32 { return p.info.Version }

// UA returns the user agent of the peer.
func (p *RemotePeer) UA() string { return p.info.UserAgent }

// InitialHeight returns the height that the peer claimed in the handshake.
func (p *RemotePeer) InitialHeight() int32 { return int32(p.info.StartingHeight) }

// LastHeight returns the greatest height that the peer has claimed.
func (p *RemotePeer) LastHeight() int32 { return int32(p.info.Height) }

// BanScore returns the ban score of the peer; at 100 it is disconnected.
func (p *RemotePeer) BanScore() uint32 { return uint32(p.info.Score) }

// String returns the address of the peer.
func (p *RemotePeer) String() string { return p.info.Addr }

// Info returns all that the engine knows of the peer.
func (p *RemotePeer) Info() peer.Info { return p.info }

// addrOf returns an address of the form host:port, whose host may be a name.
func addrOf(addr string) net.Addr {
	if ap, err := netip.ParseAddrPort(addr); err == nil {
		return net.TCPAddrFromAddrPort(ap)
	}
	return namedAddr(addr)
}

// namedAddr is the address of a peer that is known by name, as behind a proxy.
type namedAddr string

// Network returns tcp.
func (namedAddr) Network() string { return "tcp" }

// String returns the address.
func (a namedAddr) String() string { return string(a) }

// GetRemotePeers returns the connected peers by address; none while Run does not run.
func (s *Syncer) GetRemotePeers() map[string]*RemotePeer {
	r, err := s.running()
	if err != nil {
		return nil
	}
	peers := make(map[string]*RemotePeer)
	for _, info := range r.peers.Infos() {
		peers[info.Addr] = &RemotePeer{info}
	}
	return peers
}

// showPeers notifies the front end of peers that have connected and disconnected since the
// last call.
func (r *session) showPeers(infos []peer.Info) {
	live := make(map[p2p.PeerID]bool, len(infos))
	for _, info := range infos {
		live[info.ID] = true
	}
	for id, addr := range r.shown {
		if !live[id] {
			delete(r.shown, id)
			r.notify.peerDisconnected(len(r.shown), addr)
		}
	}
	for _, info := range infos {
		if _, ok := r.shown[info.ID]; !ok {
			r.shown[info.ID] = info.Addr
			r.notify.peerConnected(len(r.shown), info.Addr)
		}
	}
}
