package spv

import (
	"context"
	"time"
)

// follow is the phase Following: the chain is complete, peers are asked to
// announce by headers, and new blocks are taken as they come. Unmined transactions
// are heard and published only here: before, what they spend is not known. It is left when
// more is missing than announcements bring, or when the wallet has gone far back
// to search old blocks.
func (r *run) follow(ctx context.Context) (Phase, error) {
	r.store.Trim()
	r.relay.Begin(r.store)
	defer r.relay.End()
	return r.runLoop(ctx, func(p *loop) (Phase, bool) {
		p.scan.ToTip(p.supply())
		p.walletMoved()
		_, watching := p.scan.Position()
		p.relay.Turn(ctx, p.headers.Live(), watching && !p.cfg.BlocksOnly, p.publications.take(), time.Now())
		p.publications.updated(p.relay.Changed())
		if r.status.FirstSyncDone {
			p.headers.Subscribe()
		}
		if p.scan.Lag() > p.cfg.Behind {
			return Rescanning, true
		}
		return CatchingUp, p.behind()
	})
}
