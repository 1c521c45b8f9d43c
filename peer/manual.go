package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Errors about peers that the user names.
var (
	// ErrKnownPeer means that AddPeer was called for a peer that is added already.
	ErrKnownPeer = errors.New("peer was added already")

	// ErrUnknownPeer means that the peer to remove or disconnect is not there.
	ErrUnknownPeer = errors.New("no such peer")
)

// manualPeer is a peer that the user named. The pool's lock guards it.
type manualPeer struct {
	addr string
	host string // see addrbook.HostOf
	role Role
	stop context.CancelFunc // ends the goroutine that keeps it connected; nil while there is none
}

func newManualPeer(addr string, role Role) *manualPeer {
	return &manualPeer{addr: addr, host: addrbook.HostOf(addr), role: role}
}

// poolRun is one run of the pool, for goroutines that are started in the course of it.
type poolRun struct {
	ctx context.Context
	wg  *sync.WaitGroup
}

// Add keeps the pool connected with one more peer, named as host or host:port, until the peer
// is removed or the process ends. A connection that the pool chose itself is replaced. It
// returns ErrKnownPeer if the peer was added already.
func (p *Pool) Add(addr string) error {
	addr, err := addrbook.Parse(addr, p.cfg.Params.DefaultPort)
	if err != nil {
		return err
	}
	if err := p.reachable(addr); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.manualAtLocked(addr) >= 0 {
		return fmt.Errorf("add peer %s: %w", addr, ErrKnownPeer)
	}
	for _, m := range p.members {
		if m.addr == addr {
			m.End(fault.New(fault.ClosedByUs, errors.New("the user has added this peer")))
		}
	}
	w := newManualPeer(addr, Added)
	p.manual = append(p.manual, w)
	p.startManualLocked(w)
	return nil
}

// Remove removes a peer of Add or of the configuration, and ends its connection. It returns
// ErrUnknownPeer if no such peer was named.
func (p *Pool) Remove(addr string) error {
	addr, err := addrbook.Parse(addr, p.cfg.Params.DefaultPort)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.manualAtLocked(addr)
	if i < 0 {
		return fmt.Errorf("remove peer %s: %w", addr, ErrUnknownPeer)
	}
	if stop := p.manual[i].stop; stop != nil {
		stop()
	}
	for _, m := range p.members {
		if m.addr == addr && m.role == Renewal {
			m.End(fault.New(fault.ClosedByUs, errors.New("the user has removed this peer")))
		}
	}
	p.manual = slices.Delete(p.manual, i, i+1)
	return nil
}

// Try connects once to a peer, named as host or host:port. It does not connect again after
// that fails or ends.
func (p *Pool) Try(addr string) error {
	addr, err := addrbook.Parse(addr, p.cfg.Params.DefaultPort)
	if err != nil {
		return err
	}
	if err := p.reachable(addr); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	host := addrbook.HostOf(addr)
	inUse := func(m *member) bool { return m.addr == addr && m.Live() }
	if p.trying[host] || p.manualAtLocked(addr) >= 0 || slices.ContainsFunc(p.members, inUse) {
		return fmt.Errorf("try peer %s: %w", addr, ErrKnownPeer)
	}
	if s := p.current; s != nil {
		p.trying[host] = true
		s.wg.Go(func() {
			defer p.release(addr)
			_, _ = p.session(s.ctx, addr, Once, nil, func() {}) // session logs its result
		})
	}
	return nil
}

// Disconnect ends the connection with a peer, given by its id or the address it was dialled
// at. A manual peer is dialled again. It returns ErrUnknownPeer if there is no such peer.
func (p *Pool) Disconnect(id p2p.PeerID, addr string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.members, func(m *member) bool { return m.Live() && (m.id == id || m.addr == addr) })
	if i < 0 {
		return fmt.Errorf("disconnect peer %s: %w", addr, ErrUnknownPeer)
	}
	p.members[i].End(fault.New(fault.ClosedByUs, errors.New("the user asked for it")))
	return nil
}

// Manual returns the addresses of the peers that the user named, in their order,
// without those of the configuration's Connect.
func (p *Pool) Manual() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var addrs []string
	for _, w := range p.manual {
		if w.role == Added {
			addrs = append(addrs, w.addr)
		}
	}
	return addrs
}

// manualAtLocked returns the index of a peer that the user named, -1 if there is none.
func (p *Pool) manualAtLocked(addr string) int {
	return slices.IndexFunc(p.manual, func(w *manualPeer) bool { return w.addr == addr })
}

// startManualLocked starts the goroutine that keeps a manual peer connected, if the pool runs.
func (p *Pool) startManualLocked(w *manualPeer) {
	s := p.current
	if s == nil {
		return
	}
	ctx, stop := context.WithCancel(s.ctx)
	w.stop = stop
	p.connectivity.AddDialers(1)
	s.wg.Go(func() {
		defer stop()
		p.keep(ctx, w.addr, w.role)
	})
}

// release marks the host of an address as no longer in use.
func (p *Pool) release(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.trying, addrbook.HostOf(addr))
}
