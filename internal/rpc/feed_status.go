package rpc

import "context"

// statusFeed notifies one client of the current status and of each newer one.
type statusFeed struct{ seen uint64 }

// tell implements feed.
func (f *statusFeed) tell(ctx context.Context, n *news, to *feeds) error {
	if n.status.Seq <= f.seen || ctx.Err() != nil {
		return nil
	}
	message, err := n.frame()
	if err != nil {
		return err
	}
	f.seen = n.status.Seq
	return to.pass(message)
}
