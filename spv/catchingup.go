package spv

import "context"

// catchUp is the phase CatchingUp: headers and filters are fetched from all
// peers until no live peer has more. The wallet is taken along behind what is written,
// except for the newest blocks. Rescanning follows in the same loop, so that what was
// matched and fetched ahead of the wallet is kept.
func (r *run) catchUp(ctx context.Context) (Phase, error) {
	return r.runLoop(ctx, func(p *loop) (Phase, bool) {
		if p.status.Phase == Rescanning {
			return p.rescanned()
		}
		if p.caughtUp() && p.store.State().Filters == p.staged.Filters {
			p.enter(Rescanning)
			return p.rescanned()
		}
		p.scan.Behind(p.supply())
		p.walletMoved()
		return Rescanning, false
	})
}
