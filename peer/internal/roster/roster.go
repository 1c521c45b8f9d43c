package roster

import (
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/spv/p2p"
)

// Roster is the list of the connected peers.
type Roster struct {
	mu       sync.Mutex
	lastID   p2p.PeerID
	peers    []*Peer // by rising id
	departed departed
	top      uint32    // the greatest height of the best chain that a peer was credited with
	topAt    time.Time // when it was
}

// Join gives a peer its id and adds it. It calls joined with the lock held, so that joined has
// returned before any other goroutine can find the peer.
func (r *Roster) Join(p *Peer, joined func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastID++
	p.ID = r.lastID
	joined()
	r.peers = append(r.peers, p)
}

// Leave removes a peer whose connection has ended.
func (r *Roster) Leave(p *Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peers = slices.DeleteFunc(r.peers, func(o *Peer) bool { return o == p })
	r.departed.add(p.ID, p.Addr)
}

// Get returns the peer with an id, nil if it has left. Its connection may have ended already.
func (r *Roster) Get(id p2p.PeerID) *Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.getLocked(id)
}

// getLocked returns the peer with an id, nil if it has left.
func (r *Roster) getLocked(id p2p.PeerID) *Peer {
	i := slices.IndexFunc(r.peers, func(p *Peer) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return r.peers[i]
}

// Addr returns the address of a peer that is connected or has left recently.
func (r *Roster) Addr(id p2p.PeerID) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.getLocked(id); p != nil {
		return p.Addr, true
	}
	return r.departed.addr(id)
}

// Live returns the peers whose connections have not ended, by rising id.
func (r *Roster) Live() []*Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	var live []*Peer
	for _, p := range r.peers {
		if p.Live() {
			live = append(live, p)
		}
	}
	return live
}

// All returns the peers that have not left, by rising id. The connections of some may have ended.
func (r *Roster) All() []*Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.peers)
}

// Empty reports whether every peer has left.
func (r *Roster) Empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.peers) == 0
}

// Credit records that a peer has sent the header of the newest block of the best chain, which has
// the given height. It reports whether that is news for the peer, and whether it is for all.
func (r *Roster) Credit(id p2p.PeerID, height uint32) (news, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.getLocked(id)
	if p == nil {
		return false, false
	}
	if height < r.top { // a chain with fewer blocks and more work is the best now
		r.top = height - 1
		for _, o := range r.peers {
			o.fallBack(height - 1)
		}
	}
	if best, _ := p.Best(); height <= best {
		return false, false
	}
	now := time.Now()
	p.advance(height, now)
	if height <= r.top {
		return true, false
	}
	r.top, r.topAt = height, now
	return true, true
}

// Top returns the greatest height of the best chain that a peer was credited with, and when it was.
func (r *Roster) Top() (height uint32, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.top, r.topAt
}

// departed remembers the addresses of the connections that ended last.
type departed struct {
	ids   [256]p2p.PeerID
	addrs [256]string
	next  int
}

// add records the address of a connection that has ended.
func (d *departed) add(id p2p.PeerID, addr string) {
	d.ids[d.next], d.addrs[d.next] = id, addr
	d.next = (d.next + 1) % len(d.ids)
}

// addr returns the address of a connection that has ended, false if it is not remembered.
func (d *departed) addr(id p2p.PeerID) (string, bool) {
	i := slices.Index(d.ids[:], id)
	if i < 0 || id == 0 {
		return "", false
	}
	return d.addrs[i], true
}
