package feed

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/votecheck"
)

// Jobs notifies one client of each job of a wallet that has changed. There are two series
// of them, each with numbers of its own that rise: the searches of the wallet, and the
// verification of votes. Make one with NewJobs.
type Jobs struct {
	hub    *Hub
	wallet string // its name
	own    series // the searches of the wallet
	votes  series // those from votecheck.FirstJob on

	// resumed is true until the first read after a cursor: jobs that were forgotten while the
	// client was away are a gap.
	resumed bool
}

// series is the place of a client in one of them: the newest job up to which all have ended,
// and the client was notified of it.
type series struct {
	place int64
	known map[int64]api.Job // above the place, as the client was last notified
}

func newSeries(place int64) series { return series{place, make(map[int64]api.Job)} }

// NewJobs returns a feed of api.JobsEvents of the wallet with a name after a cursor, or, for
// an empty one, of the jobs that have not ended, and the cursor it begins after. The feed is
// nil if the text is no cursor. Without a wallet it begins with the first job.
func NewJobs(h *Hub, wallet, after string) (f *Jobs, cursor string) {
	f = &Jobs{hub: h, wallet: wallet, own: newSeries(0), votes: newSeries(votecheck.FirstJob)}
	if after != "" {
		if !f.resume(after) {
			return nil, ""
		}
		f.resumed = true
		return f, f.cursor()
	}
	if list, err := f.read(); err == nil {
		own, votes := split(list)
		f.own.begin(own)
		f.votes.begin(votes)
	}
	return f, f.cursor()
}

// begin sets the place before the oldest job that has not ended.
func (s *series) begin(list []api.Job) {
	if len(list) > 0 {
		s.place = list[0].ID - 1
	}
	s.advance(list)
}

// resume sets the places to a cursor, and reports whether the text is one.
func (f *Jobs) resume(cursor string) bool {
	own, votes, both := strings.Cut(cursor, "/")
	place, err := strconv.ParseInt(own, 10, 32)
	if err != nil || place < 0 || place >= votecheck.FirstJob {
		return false
	}
	f.own.place = place
	if both {
		if place, err = strconv.ParseInt(votes, 10, 64); err != nil || place < votecheck.FirstJob || place > 1<<32 {
			return false
		}
		f.votes.place = place
	}
	return true
}

// read returns the jobs of the wallet.
func (f *Jobs) read() ([]api.Job, error) {
	w, err := f.hub.wallets.Wallet(f.wallet)
	if err != nil {
		return nil, err
	}
	st := f.hub.syncer.Status()
	list := view.Jobs(f.wallet, w, &st)
	if f.hub.votes != nil {
		list = append(list, view.VoteJobs(f.hub.votes.Jobs(f.wallet))...)
	}
	return list, nil
}

// split returns the jobs of both series.
func split(list []api.Job) (own, votes []api.Job) {
	i := 0
	for i < len(list) && list[i].ID < votecheck.FirstJob {
		i++
	}
	return list[:i], list[i:]
}

// tell implements Feed. Without a wallet there is nothing to send.
func (f *Jobs) tell(ctx context.Context, u *update, to *Sender) error {
	list, err := u.read.jobList(f.wallet, f.read)
	if err != nil || ctx.Err() != nil {
		return nil
	}
	own, votes := split(list)
	var ev api.JobsEvent
	if len(own) > 0 && own[0].ID > f.own.place+1 {
		ev.Gap, f.own.place = true, own[0].ID-1
	}
	if f.resumed && f.oldestVotes() > f.votes.place+1 {
		ev.Gap = true
	}
	f.resumed = false
	ev.Jobs = append(f.own.changed(own), f.votes.changed(votes)...)
	f.own.advance(own)
	f.votes.advance(votes)
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

// oldestVotes returns the number of the oldest job of the verification of votes, of all
// wallets, that is remembered; zero if none was ever forgotten.
func (f *Jobs) oldestVotes() int64 {
	if f.hub.votes == nil {
		return 0
	}
	return int64(f.hub.votes.Oldest())
}

// changed returns the jobs above the place that differ from those of the last notification,
// and records them.
func (s *series) changed(list []api.Job) (updates []api.Job) {
	for _, j := range list {
		if known, ok := s.known[j.ID]; j.ID > s.place && (!ok || known != j) {
			updates = append(updates, j)
			s.known[j.ID] = j
		}
	}
	return updates
}

// advance moves the place over the jobs that have ended, oldest first.
func (s *series) advance(list []api.Job) {
	for _, j := range list {
		if j.ID <= s.place {
			continue
		}
		if j.State != api.JobDone && j.State != api.JobCanceled {
			return
		}
		s.place = j.ID
		delete(s.known, j.ID)
	}
}

// frameKey returns a key that differs for every notification made from the same list of jobs.
func (f *Jobs) frameKey(ev *api.JobsEvent) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %t %s", api.TopicJobs, ev.Cursor, ev.Gap, f.wallet)
	for _, j := range ev.Jobs {
		fmt.Fprintf(&b, " %d", j.ID)
	}
	return b.String()
}

// cursor returns the places as text; that of the votes is left out before the first.
func (f *Jobs) cursor() string {
	own := strconv.FormatInt(f.own.place, 10)
	if f.votes.place == votecheck.FirstJob {
		return own
	}
	return own + "/" + strconv.FormatInt(f.votes.place, 10)
}
