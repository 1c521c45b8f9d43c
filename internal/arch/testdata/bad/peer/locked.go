package peer

import "sync"

type pool struct {
	name string // above the lock: it does not change

	mu    sync.Mutex
	peers []string
}

func (p *pool) Peers() []string { return p.peers } // want locked

func (p *pool) forgetLocked() {
	p.mu.Lock() // want locked
	p.peers = nil
	p.mu.Unlock()
}

func (p *pool) addLocked(peer string) { p.peers = append(p.peers, peer) }

func (p *pool) add(peer string) {
	p.addLocked(peer) // want locked
}

func (p *pool) Add(peer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addLocked(p.name + peer)
}

func (p *pool) Len() (n int) {
	p.view(func() { n = len(p.peers) })
	return n
}

func (p *pool) view(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}
