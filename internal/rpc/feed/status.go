package feed

import "context"

// Status notifies one client of the current status and of each newer one. The zero value
// begins with the current one.
type Status struct{ seen uint64 }

// tell implements Feed.
func (f *Status) tell(ctx context.Context, u *update, to *Sender) error {
	if u.status.Seq <= f.seen || ctx.Err() != nil {
		return nil
	}
	message, err := u.frame()
	if err != nil {
		return err
	}
	f.seen = u.status.Seq
	return to.pass(message)
}
