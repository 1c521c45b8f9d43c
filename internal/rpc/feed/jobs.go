package feed

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
)

// Jobs notifies one client of each job of a wallet that has changed. Its place is the
// newest job up to which all are over, and known to be. Make one with NewJobs.
type Jobs struct {
	hub    *Hub
	wallet string // its name
	place  int64
	known  map[int64]api.Job // above the place, as the client knows them
}

// NewJobs returns a feed of api.JobsEvents of the wallet of a name after a cursor, or of
// the jobs that are not over for an empty one, and the cursor it begins after. The feed
// is nil if the text is no cursor. Without a wallet it begins with the first job.
func NewJobs(h *Hub, wallet, after string) (f *Jobs, cursor string) {
	f = &Jobs{hub: h, wallet: wallet, known: make(map[int64]api.Job)}
	if after != "" {
		var err error
		if f.place, err = strconv.ParseInt(after, 10, 32); err != nil || f.place < 0 {
			return nil, ""
		}
		return f, f.cursor()
	}
	if list, err := f.read(); err == nil {
		if len(list) > 0 {
			f.place = list[0].ID - 1
		}
		f.advance(list)
	}
	return f, f.cursor()
}

// read returns the jobs of the wallet.
func (f *Jobs) read() ([]api.Job, error) {
	w, err := f.hub.wallets.Wallet(f.wallet)
	if err != nil {
		return nil, err
	}
	st := f.hub.syncer.Status()
	return view.Jobs(f.wallet, w, &st), nil
}

// tell implements Feed. Without a wallet there is nothing to send.
func (f *Jobs) tell(ctx context.Context, u *update, to *Sender) error {
	list, err := u.read.jobList(f.wallet, f.read)
	if err != nil || ctx.Err() != nil {
		return nil
	}
	ev := api.JobsEvent{Gap: len(list) > 0 && list[0].ID > f.place+1}
	for _, j := range list {
		if known, ok := f.known[j.ID]; j.ID > f.place && (!ok || known != j) {
			ev.Jobs = append(ev.Jobs, j)
			f.known[j.ID] = j
		}
	}
	if ev.Gap {
		f.place = list[0].ID - 1
	}
	f.advance(list)
	if len(ev.Jobs) == 0 && !ev.Gap {
		return nil
	}
	ev.Cursor = f.cursor()
	message, err := u.read.frame(f.frameKey(&ev), func() ([]byte, error) { return encodeNotification(api.TopicJobs, &ev) })
	if err != nil {
		return err
	}
	return to.pass(message)
}

// advance moves the place over the jobs that are over, oldest first.
func (f *Jobs) advance(list []api.Job) {
	for _, j := range list {
		if j.ID <= f.place {
			continue
		}
		if j.State != api.JobDone && j.State != api.JobCanceled {
			return
		}
		f.place = j.ID
		delete(f.known, j.ID)
	}
}

// frameKey returns a key that differs for every notification that is made of the same
// list of jobs.
func (f *Jobs) frameKey(ev *api.JobsEvent) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %t %s", api.TopicJobs, ev.Cursor, ev.Gap, f.wallet)
	for _, j := range ev.Jobs {
		fmt.Fprintf(&b, " %d", j.ID)
	}
	return b.String()
}

func (f *Jobs) cursor() string { return strconv.FormatInt(f.place, 10) }
