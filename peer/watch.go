package peer

import (
	"context"
	"errors"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
)

const (
	watchEvery = 10 * time.Second

	// forgotten is how long a process may stand still, as when the machine
	// sleeps: after that every dcrd node has dropped it.
	forgotten = 2 * time.Minute

	// staleBlocks is for how many block intervals a peer may tell of no new block
	// until another one takes its place: by chance that happens once in 160,000
	// blocks. One peer is replaced at a time.
	staleBlocks  = 12
	replaceEvery = 10 * time.Minute
)

// watch sees that time has passed without us, that peers have nothing new, and that
// none but banned ones are left.
func (p *Pool) watch(ctx context.Context) {
	timer := wait.NewTimer(watchEvery)
	defer timer.Stop()
	steady, wall := time.Now(), p.cfg.Now().Round(0)
	var replaced, alone time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
			timer.Reset(watchEvery)
		}
		now, wallNow := time.Now(), p.cfg.Now().Round(0)
		if slept := wallNow.Sub(wall) - now.Sub(steady); slept >= forgotten {
			p.cfg.Log.Info("Woken up, connecting anew", "slept", slept.Round(time.Second))
			p.awake()
		}
		steady, wall = now, wallNow
		alone = p.pardon(now, alone)
		p.renewOne()
		if now.Sub(replaced) >= replaceEvery && p.replaceStale(now) {
			replaced = now
		}
	}
}

// awake ends all connections and all pauses.
func (p *Pool) awake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.members {
		m.end(fault(ConnLost, errors.New("the machine was asleep")))
	}
	p.line.failed, p.line.cut = 0, false
	p.wake()
}

// replaceStale leaves the automatic peer that has had nothing new for the longest
// time, if that is too long. What it tells is no more than a hint: one that makes
// up blocks keeps only itself. It reports whether it left one.
func (p *Pool) replaceStale(now time.Time) bool {
	if net := p.cfg.Params.Net; net != wire.MainNet && net != wire.TestNet3 {
		return false // blocks are mined at will
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var stalest *member
	for _, m := range p.members {
		if m.role == Outbound && m.live() && (stalest == nil || m.news.Before(stalest.news)) {
			stalest = m
		}
	}
	if stalest == nil {
		return false
	}
	quiet := now.Sub(stalest.news)
	if quiet < staleBlocks*p.cfg.Params.TargetTimePerBlock {
		return false
	}
	p.cfg.Log.Info("Peer tells of no new block, looking for another", "addr", stalest.addr, "since", quiet.Round(time.Second))
	stalest.end(fault(ClosedByUs, errors.New("no new block")))
	return true
}
