package rpc

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// While much changes, in a first sync or when the chain is caught up with, each
// client is notified once in busyPace and, on average, perFollower for each
// follower: all of them together get a bounded number of notifications, spread
// at random. What comes meanwhile is told together. Later all comes at once.
const (
	busyPace    = time.Second
	perFollower = 2 * time.Millisecond
)

// news is the newest status with what feeds need to know of it. It is made once
// for all of them and never changes.
type news struct {
	status api.SyncStatus

	// busy is true while so much changes that notifications are put off.
	busy bool

	// filtered is the height up to which the filters reach.
	filtered int64

	// read is what was read of the wallets.
	read *readings

	// steps are the steps along the chain that lead to this end of it.
	steps *steps

	// frame returns the notification of the status.
	frame func() ([]byte, error)
}

// newsroom shows the newest status to all feeds, so that what is made of it is
// made once, and pokes them when it changes.
type newsroom struct {
	sync    Sync
	changed func(ctx context.Context) <-chan struct{} // pokes when a wallet has changed

	mu        sync.Mutex // guards all below
	current   *news
	followers map[*feeds]struct{}
}

func newNewsroom(s Sync, walletChanged func(ctx context.Context) <-chan struct{}) *newsroom {
	return &newsroom{sync: s, changed: walletChanged, followers: make(map[*feeds]struct{})}
}

// run pokes the followers until ctx ends.
func (r *newsroom) run(ctx context.Context) {
	var wallets sync.WaitGroup
	wallets.Go(func() { r.watchWallets(ctx) })
	for range r.sync.Changes(ctx, 0) {
		r.announce(r.look())
	}
	wallets.Wait()
}

// watchWallets pokes the followers when a wallet has changed.
func (r *newsroom) watchWallets(ctx context.Context) {
	changed := r.changed(ctx)
	for {
		select {
		case <-changed:
			r.announce(r.renew())
		case <-ctx.Done():
			return
		}
	}
}

// announce pokes the followers.
func (r *newsroom) announce(n *news) {
	for _, f := range r.listed() {
		f.poke(n)
	}
}

// renew returns news after which nothing that was read of a wallet before is
// used any more.
func (r *newsroom) renew() *news {
	r.look()
	r.mu.Lock()
	defer r.mu.Unlock()
	n := *r.current
	n.read = &readings{}
	r.current = &n
	return &n
}

// look returns the newest news.
func (r *newsroom) look() *news {
	st := r.sync.Status()
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.current
	if last != nil && st.Seq <= last.status.Seq {
		return last
	}
	n := &news{status: st, busy: isBusy(&st), filtered: filteredTo(&st), steps: &steps{}, read: &readings{}}
	if last != nil && last.status.Tip.Hash == st.Tip.Hash && last.filtered == n.filtered {
		n.steps = last.steps
	}
	n.frame = sync.OnceValues(func() ([]byte, error) { return encodeNotification(api.TopicSyncStatus, &n.status) })
	r.current = n
	return n
}

// tells reports whether clients are told of blocks: they need not know of each
// one of the first sync.
func (n *news) tells() bool { return !n.status.InitialBlockDownload }

// isBusy reports whether notifications of a status are put off.
func isBusy(st *api.SyncStatus) bool {
	switch st.Phase {
	case api.PhaseCatchingUp, api.PhaseRescanning:
		return true
	case api.PhaseFailed:
		return false
	}
	return st.InitialBlockDownload
}

// filteredTo returns the height up to which the filters of a status reach.
func filteredTo(st *api.SyncStatus) int64 {
	for i := range st.Stages {
		if st.Stages[i].Name == api.StageFilters {
			return st.Stages[i].Current
		}
	}
	return 0
}

// join adds a follower, which is poked until it leaves.
func (r *newsroom) join(f *feeds) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.followers[f] = struct{}{}
}

func (r *newsroom) leave(f *feeds) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.followers, f)
}

// listed returns the followers.
func (r *newsroom) listed() []*feeds {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*feeds, 0, len(r.followers))
	for f := range r.followers {
		list = append(list, f)
	}
	return list
}

// delay returns how long a follower that was notified some time ago is not told
// of busy news.
func (r *newsroom) delay(since time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	spread := 2 * perFollower * time.Duration(len(r.followers))
	return max(0, busyPace-since) + rand.N(spread+1)
}
