package spv

import "context"

// catchUp is the phase CatchingUp: headers and filters are fetched from all
// peers until no live peer has more.
func (r *run) catchUp(ctx context.Context) (Phase, error) {
	return r.pursue(ctx, func(p *pursuit) (Phase, bool) {
		return Rescanning, p.caughtUp()
	})
}
