package feed

import (
	"context"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// While much changes, in a first sync or when the chain is caught up with, each client is
// notified once in busyPace and, on average, perFollower for each follower: all of them
// together get a bounded number of notifications, spread at random. Changes in between are
// sent together. Later each change is sent at once.
const (
	busyPace    = time.Second
	perFollower = 2 * time.Millisecond
)

// update is the newest status with the data that feeds derive from it. It is made once for
// all of them and never changes.
type update struct {
	status api.SyncStatus

	// public is the status for clients that may use some wallets only.
	public func() *api.SyncStatus

	// busy is true while so much changes that notifications are put off.
	busy bool

	// filtered is the height up to which the filters reach.
	filtered int64

	// read holds data that was read from the wallets.
	read *cache

	// votes counts how often the known votes have changed.
	votes uint64

	// steps are the steps along the chain that lead to its tip.
	steps *steps

	// frame returns the notification of the status, publicFrame that of public.
	frame, publicFrame func() ([]byte, error)
}

// Syncer is what a Hub follows. *spv.Syncer is one.
type Syncer interface {
	Status() spv.Status
	Changes(ctx context.Context, from uint64) iter.Seq[spv.Status]
	Chain() (*chain.Reader, error)
}

// Hub makes an update of each new status, once for all senders, and pokes the senders when
// there is a new one or a wallet has changed. Make one with NewHub.
type Hub struct {
	syncer  Syncer
	wallets *wallet.Set
	votes   *votecheck.Checker // nil if none are verified

	mu        sync.Mutex // guards all below
	current   *update
	followers map[*Sender]struct{}
}

// NewHub returns a hub. It starts nothing. Votes may be nil.
func NewHub(s Syncer, wallets *wallet.Set, votes *votecheck.Checker) *Hub {
	return &Hub{syncer: s, wallets: wallets, votes: votes, followers: make(map[*Sender]struct{})}
}

// Run pokes the followers until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	var others sync.WaitGroup
	others.Go(func() { h.watch(ctx, h.wallets.Watch(ctx), 0) })
	if h.votes != nil {
		others.Go(func() { h.watch(ctx, h.votes.Watch(ctx), 1) })
	}
	for range h.syncer.Changes(ctx, 0) {
		h.announce(h.newest())
	}
	others.Wait()
}

// watch pokes the followers when a wallet, or the known votes, have changed. Votes is what a
// change adds to update.votes.
func (h *Hub) watch(ctx context.Context, changed <-chan struct{}, votes uint64) {
	for {
		select {
		case <-changed:
			h.announce(h.renew(votes))
		case <-ctx.Done():
			return
		}
	}
}

// announce pokes the followers.
func (h *Hub) announce(u *update) {
	for _, f := range h.listed() {
		f.poke(u)
	}
}

// renew returns the update without data that was cached of wallets and votes.
func (h *Hub) renew(votes uint64) *update {
	h.newest()
	h.mu.Lock()
	defer h.mu.Unlock()
	u := *h.current
	u.read = &cache{}
	u.votes += votes
	h.current = &u
	return &u
}

// newest returns the newest update.
func (h *Hub) newest() *update {
	st := h.syncer.Status()
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.current
	if last != nil && st.Seq <= last.status.Seq {
		return last
	}
	now := time.Now()
	u := &update{
		status: view.SyncStatus(st, now), busy: isBusy(&st), filtered: int64(st.Filters.Current),
		steps: &steps{}, read: &cache{},
	}
	if last != nil {
		u.votes = last.votes
	}
	if last != nil && last.status.Tip.Hash == u.status.Tip.Hash && last.filtered == u.filtered {
		u.steps = last.steps
	}
	u.frame = sync.OnceValues(func() ([]byte, error) { return encodeNotification(api.TopicSyncStatus, &u.status) })
	u.public = sync.OnceValue(func() *api.SyncStatus {
		of := st
		of.Warnings = view.WarningsOfChain(st.Warnings)
		public := view.SyncStatus(of, now)
		return &public
	})
	u.publicFrame = sync.OnceValues(func() ([]byte, error) { return encodeNotification(api.TopicSyncStatus, u.public()) })
	h.current = u
	return u
}

// tells reports whether clients are notified of blocks: not during the first sync.
func (u *update) tells() bool { return !u.status.InitialBlockDownload }

// isBusy reports whether notifications of a status are put off.
func isBusy(st *spv.Status) bool {
	switch {
	case st.Phase == spv.Importing, st.Phase == spv.CatchingUp, st.Phase == spv.Rescanning:
		return true
	case st.Phase == spv.Failed:
		return false
	}
	return !st.FirstSyncDone
}

// join adds a follower, which is poked until it calls leave.
func (h *Hub) join(f *Sender) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.followers[f] = struct{}{}
}

func (h *Hub) leave(f *Sender) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.followers, f)
}

// listed returns the followers.
func (h *Hub) listed() []*Sender {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*Sender, 0, len(h.followers))
	for f := range h.followers {
		list = append(list, f)
	}
	return list
}

// delay returns how long to put off an update for a follower that was notified some
// time ago.
func (h *Hub) delay(since time.Duration) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	spread := 2 * perFollower * time.Duration(len(h.followers))
	return max(0, busyPace-since) + rand.N(spread+1)
}
