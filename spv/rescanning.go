package spv

import "context"

// rescan is the phase Rescanning: the filters above the wallet's tip are
// matched, and blocks that match are fetched and applied, until the wallet is
// at the tip. The chain is kept in step meanwhile.
func (r *run) rescan(ctx context.Context) (Phase, error) {
	return r.runLoop(ctx, (*loop).rescanned)
}

// rescanned is the goal of Rescanning.
func (p *loop) rescanned() (Phase, bool) {
	if p.behind() {
		return CatchingUp, true
	}
	p.scan.ToTip(p.supply())
	p.walletMoved()
	return Following, p.caughtUp() && p.scan.Done()
}
