package rpc

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
)

// jobFeed tells one client of the jobs of a wallet: of each that has changed. Its
// place is the newest job up to which all are over, and known to be.
type jobFeed struct {
	wallet Wallet
	name   string // of the wallet
	place  int64
	told   map[int64]api.Job // above the place, as the client knows them
}

// newJobFeed returns the feed after a cursor; an empty one is none at all. It
// returns nil for a text that is no cursor.
func newJobFeed(w Wallet, name, after string) *jobFeed {
	f := &jobFeed{wallet: w, name: name, told: make(map[int64]api.Job)}
	if after == "" {
		return f
	}
	var err error
	if f.place, err = strconv.ParseInt(after, 10, 32); err != nil || f.place < 0 {
		return nil
	}
	return f
}

// begin sets the place to what is over by now.
func (f *jobFeed) begin() error {
	list, err := f.wallet.Jobs()
	if len(list) > 0 {
		f.place = list[0].ID - 1
	}
	f.advance(list)
	return err
}

// tell implements feed. Without a wallet there is nothing to tell.
func (f *jobFeed) tell(ctx context.Context, n *news, to *feeds) error {
	list, err := n.read.jobList(f.name, f.wallet.Jobs)
	if err != nil || ctx.Err() != nil {
		return nil
	}
	ev := api.JobsEvent{Gap: len(list) > 0 && list[0].ID > f.place+1}
	for _, j := range list {
		if known, ok := f.told[j.ID]; j.ID > f.place && (!ok || known != j) {
			ev.Jobs = append(ev.Jobs, j)
			f.told[j.ID] = j
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
	message, err := n.read.frame(f.frameKey(&ev), func() ([]byte, error) { return encodeNotification(api.TopicJobs, &ev) })
	if err != nil {
		return err
	}
	return to.pass(message)
}

// advance moves the place over the jobs that are over, oldest first.
func (f *jobFeed) advance(list []api.Job) {
	for _, j := range list {
		if j.ID <= f.place {
			continue
		}
		if j.State != api.JobDone && j.State != api.JobCanceled {
			return
		}
		f.place = j.ID
		delete(f.told, j.ID)
	}
}

// frameKey returns what tells a notification from all others that come from the
// same list of jobs.
func (f *jobFeed) frameKey(ev *api.JobsEvent) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %t %s", api.TopicJobs, ev.Cursor, ev.Gap, f.name)
	for _, j := range ev.Jobs {
		fmt.Fprintf(&b, " %d", j.ID)
	}
	return b.String()
}

func (f *jobFeed) cursor() string { return strconv.FormatInt(f.place, 10) }
