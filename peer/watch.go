package peer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
)

const (
	watchEvery = 10 * time.Second

	// forgotten is how long a process may stand still, as when the machine sleeps, before its
	// connections are taken for dead: by then every dcrd node has dropped us.
	forgotten = 2 * time.Minute

	// noteEvery is how often the connected peers are recorded in the book: it forgets
	// addresses that have not worked for long.
	noteEvery = 10 * time.Minute
)

// watch detects that the process stood still, and that the addresses of the machine have changed;
// it records that connected peers still work, and lifts a ban when only banned peers are left. It
// returns when ctx ends.
func (p *Pool) watch(ctx context.Context) {
	timer := wait.NewTimer(watchEvery)
	defer timer.Stop()
	steady, wall := time.Now(), p.cfg.Now().Round(0)
	var alone misbehavior.Isolation
	noted := time.Now()
	addrs := p.lookAtMachine(nil)
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
			timer.Reset(watchEvery)
		}
		now, wallNow := time.Now(), p.cfg.Now().Round(0)
		if slept := wallNow.Sub(wall) - now.Sub(steady); slept >= forgotten {
			p.cfg.Log.Info("Woken up, reconnecting", "slept", slept.Round(time.Second))
			p.awake()
		}
		steady, wall = now, wallNow
		addrs = p.lookAtMachine(addrs)
		p.pardon(&alone, now)
		p.renewOne()
		if now.Sub(noted) >= noteEvery {
			p.noteLive()
			noted = now
		}
	}
}

// awake ends all connections and all pauses.
func (p *Pool) awake() {
	for _, m := range p.roster.Live() {
		m.End(fault.New(fault.ConnLost, errors.New("the machine was asleep")))
	}
	p.connectivity.Reset()
}

// noteLive records in the book that the connected peers work.
func (p *Pool) noteLive() {
	for _, m := range p.roster.Live() {
		p.book.Worked(m.Addr, uint64(m.Services()))
	}
}

// pardon lifts a ban when package misbehavior decides that one is due.
func (p *Pool) pardon(alone *misbehavior.Isolation, now time.Time) {
	if !alone.PardonDue(p.isolated(), now) {
		return
	}
	var hosts []string
	for _, addr := range p.manual.Addrs() {
		hosts = append(hosts, addrbook.HostOf(addr))
	}
	b, ok := p.bans.Pardon(func(b Ban) bool { return p.cfg.choosesOutbound() || slices.Contains(hosts, b.Addr) })
	if !ok {
		return
	}
	p.book.Learn(b.Peer, []addrbook.Announced{{Addr: b.Peer, Services: 1, Seen: p.cfg.Now()}}) // it may be forgotten
	p.connectivity.Wake()
}

// isolated reports that no peer is connected and that none can be dialled, because of bans.
func (p *Pool) isolated() bool {
	if !p.roster.Empty() || !p.bans.Any() {
		return false
	}
	for _, addr := range p.manual.Addrs() {
		if p.bans.Left(addr, addrbook.HostOf(addr)) <= 0 {
			return false
		}
	}
	return !p.cfg.choosesOutbound() || p.outbound.Exhausted()
}
