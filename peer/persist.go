package peer

import (
	"context"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/peersfile"
)

// saveEvery is how often state that changes all the time is written: the part that a crash
// loses is learned again.
const saveEvery = 10 * time.Minute

// maxAnchors is the number of peers of the last run that are dialled first: an attacker
// cannot get all connections of a client by making it restart.
const maxAnchors = 2

// readFile restores the state of the last process from peers.json.
func (p *Pool) readFile() {
	if p.cfg.File == "" {
		return
	}
	s, err := peersfile.Load(p.cfg.File, p.cfg.Params.Name, p.cfg.Now())
	if err != nil {
		p.cfg.Log.Warn("Known peers are lost", "err", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book.Restore(s.Addresses)
	p.kept = s.Anchors[:min(len(s.Anchors), maxAnchors)]
	p.anchors = slices.Clone(p.kept)
	p.bans.Restore(s.Bans)
	for _, m := range p.manual {
		if left := p.bans.Left(m.addr, m.host); left > 0 {
			p.cfg.Log.Warn("Peer of the settings is banned: it is not dialled before the ban ends or is lifted by unban",
				"addr", m.addr, "until", p.cfg.Now().Add(left).Format(time.RFC3339))
		}
	}
}

// keepFile writes peers.json, periodically and after each change that must not be lost, until
// ctx ends. Run writes it at the end.
func (p *Pool) keepFile(ctx context.Context) {
	if p.cfg.File == "" {
		return
	}
	timer := wait.NewTimer(saveEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
			timer.Reset(saveEvery)
		case <-p.unsaved:
		}
		p.save(p.bestPeers())
	}
}

// save writes peers.json, if the configuration names it.
func (p *Pool) save(anchors []string) {
	if p.cfg.File == "" {
		return
	}
	s := peersfile.State{Addresses: p.book.Entries(), Anchors: anchors, Bans: p.Bans()}
	if err := peersfile.Save(p.cfg.File, p.cfg.Params.Name, s); err != nil {
		p.cfg.Log.Error("Known peers cannot be kept", "err", err)
	}
}

// bestPeers returns the addresses of the outbound peers that have been connected for the
// longest time, as anchors. If there are too few, those of the last run stay: a start without
// a network does not lose them.
func (p *Pool) bestPeers() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	addrs := []string{}
	for _, m := range p.members { // by rising id
		if m.role == Outbound && len(addrs) < maxAnchors {
			addrs = append(addrs, m.addr)
		}
	}
	for _, addr := range p.kept {
		if len(addrs) < maxAnchors && !slices.Contains(addrs, addr) && p.bans.Left(addr, addrbook.HostOf(addr)) <= 0 {
			addrs = append(addrs, addr)
		}
	}
	p.kept = addrs
	return slices.Clone(addrs)
}
