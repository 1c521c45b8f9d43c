package feed

import (
	"context"
	"reflect"
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Status notifies one client of the current status and of each newer one that differs in more
// than rates. The zero value begins with the current one.
type Status struct {
	// OfChain leaves out warnings that are about wallets and the daemon.
	OfChain bool

	seen uint64
	sent api.SyncStatus // without the fields that change without a notification, see lasting
}

// tell implements Feed.
func (f *Status) tell(ctx context.Context, u *update, to *Sender) error {
	if u.status.Seq <= f.seen || ctx.Err() != nil {
		return nil
	}
	st, frame := &u.status, u.frame
	if f.OfChain {
		st, frame = u.public(), u.publicFrame
	}
	next := lasting(st)
	if f.seen > 0 && reflect.DeepEqual(next, f.sent) {
		f.seen = u.status.Seq
		return nil
	}
	message, err := frame()
	if err != nil {
		return err
	}
	f.seen, f.sent = u.status.Seq, next
	return to.pass(message)
}

// lasting returns a status without the fields that change while nothing happens: its number,
// the age of the tip, and rates with the times that follow from them. Of a rate remains
// whether there is one.
func lasting(st *api.SyncStatus) api.SyncStatus {
	out := *st
	out.Seq, out.Tip.Age, out.ETA = 0, 0, min(st.ETA, 1)
	out.Stages = slices.Clone(st.Stages)
	for i := range out.Stages {
		s := &out.Stages[i]
		s.ETA = min(s.ETA, 1)
		if s.Rate > 0 {
			s.Rate = 1
		}
	}
	return out
}
