package spv

import "context"

// follow is the phase Following: the chain is complete, peers are asked to
// announce by headers, and new blocks are taken as they come. It is left when
// more is missing than announcements bring, or when the wallet has gone far back
// to search old blocks.
func (r *run) follow(ctx context.Context) (Phase, error) {
	return r.pursue(ctx, func(p *pursuit) (Phase, bool) {
		p.scan()
		if r.status.FirstSyncDone {
			p.tellPeers()
		}
		if p.lagging() {
			return Rescanning, true
		}
		return CatchingUp, p.behind()
	})
}
