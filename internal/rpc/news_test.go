package rpc

import (
	"context"
	"encoding/json"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// shownStatus is a Sync that shows what it is told to.
type shownStatus struct {
	mu      sync.Mutex
	status  api.SyncStatus
	changed chan struct{}
}

func (s *shownStatus) show(change func(*api.SyncStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.status)
	s.status.Seq++
	if s.changed != nil {
		close(s.changed)
	}
	s.changed = make(chan struct{})
}

func (s *shownStatus) read() (api.SyncStatus, chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status, s.changed
}

func (s *shownStatus) Status() api.SyncStatus {
	st, _ := s.read()
	return st
}

func (s *shownStatus) Changes(ctx context.Context, _ uint64) iter.Seq[api.SyncStatus] {
	return func(yield func(api.SyncStatus) bool) {
		for {
			st, changed := s.read()
			if !yield(st) {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}

// audience is many clients that follow the status.
type audience struct {
	*testing.T
	source *shownStatus
	room   *newsroom

	mu       sync.Mutex
	got      int
	seqs     []uint64         // the newest one of each client
	messages map[uint64]*byte // where the message of a status is
}

// notified takes a message for a client.
func (a *audience) notified(client int, message []byte) error {
	var n struct{ Params []api.SyncStatus }
	if err := json.Unmarshal(message, &n); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	seq := n.Params[0].Seq
	if seq <= a.seqs[client] {
		a.Errorf("client %d is told of status %d after %d", client, seq, a.seqs[client])
	}
	a.got++
	a.seqs[client] = seq
	if first := a.messages[seq]; first == nil {
		a.messages[seq] = &message[0]
	} else if first != &message[0] {
		a.Errorf("status %d was encoded more than once", seq)
	}
	return nil
}

// take returns how many notifications came since it was called last.
func (a *audience) take() int {
	synctest.Wait() // what is due at this instant has come
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { a.got = 0 }()
	return a.got
}

// upToDate reports whether every client knows the newest status.
func (a *audience) upToDate() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, seq := range a.seqs {
		if seq != a.source.Status().Seq {
			return false
		}
	}
	return true
}

// inAudience runs a test before a number of clients.
func inAudience(t *testing.T, clients int, test func(a *audience)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := &audience{T: t, source: &shownStatus{}, seqs: make([]uint64, clients), messages: make(map[uint64]*byte)}
		a.source.show(func(st *api.SyncStatus) { st.InitialBlockDownload = true })
		a.room = newNewsroom(a.source, func(context.Context) <-chan struct{} { return nil })
		var running sync.WaitGroup
		running.Go(func() { a.room.run(ctx) })
		ready := make(chan struct{})
		close(ready)
		var all []*feeds
		for i := range clients {
			f := newFeeds(ctx, a.room, func(_ context.Context, m []byte) error { return a.notified(i, m) })
			f.start(api.TopicSyncStatus, ready, &statusFeed{})
			f.hurry()
			all = append(all, f)
		}
		synctest.Wait()
		test(a)
		cancel()
		for _, f := range all {
			f.stop()
		}
		running.Wait()
		if len(a.room.followers) != 0 {
			t.Errorf("%d clients that have left are still told of news", len(a.room.followers))
		}
	})
}

// TestManyFollowersAreNotifiedLess has the status of a first sync change all the
// time: all clients together get a bounded number of notifications, no moment
// has more than its share, and when the sync is complete all hear of it at once.
func TestManyFollowersAreNotifiedLess(t *testing.T) {
	const clients = 1000
	inAudience(t, clients, func(a *audience) {
		if n := a.take(); n != clients {
			t.Fatalf("%d clients were notified of the first status", n)
		}
		const seconds, perSecond = 20, 5
		most, all := 0, 0
		for range seconds * perSecond {
			a.source.show(func(st *api.SyncStatus) { st.Tip.Height++ })
			<-time.After(time.Second / perSecond)
			n := a.take()
			most, all = max(most, n), all+n
		}
		if all > seconds*500 || all < seconds*250 {
			t.Errorf("%d clients were notified %d times in %d seconds", clients, all, seconds)
		}
		if most > clients/4 {
			t.Errorf("%d clients were notified within %v", most, time.Second/perSecond)
		}
		a.source.show(func(st *api.SyncStatus) { st.InitialBlockDownload, st.Synced = false, true })
		synctest.Wait()
		if !a.upToDate() {
			t.Error("when the sync was complete not all clients heard of it at once")
		}
	})
}

// TestOneFollowerIsNotifiedSoon is told at once of what comes after a while, and
// in a first sync once a second.
func TestOneFollowerIsNotifiedSoon(t *testing.T) {
	inAudience(t, 1, func(a *audience) {
		<-time.After(3 * busyPace) // the first second's news comes up to 2*perFollower late
		a.take()
		a.source.show(func(st *api.SyncStatus) { st.Tip.Height++ })
		<-time.After(3 * perFollower)
		if n := a.take(); n != 1 || !a.upToDate() {
			t.Errorf("%d notifications came at once", n)
		}
		for range 100 {
			a.source.show(func(st *api.SyncStatus) { st.Tip.Height++ })
			<-time.After(100 * time.Millisecond)
		}
		if n := a.take(); n < 9 || n > 10 {
			t.Errorf("in ten seconds of a first sync %d notifications came", n)
		}
		for range 20 { // blocks come, one after the other
			a.source.show(func(st *api.SyncStatus) { st.InitialBlockDownload, st.Phase = false, "following" })
			synctest.Wait()
		}
		if n := a.take(); n != 20 {
			t.Errorf("of 20 changes after it %d were told", n)
		}
		a.source.show(func(st *api.SyncStatus) { st.Phase = api.PhaseCatchingUp })
		<-time.After(2 * busyPace)
		a.take()
		for range 100 { // far behind again
			a.source.show(func(st *api.SyncStatus) { st.Tip.Height++ })
			<-time.After(100 * time.Millisecond)
		}
		if n := a.take(); n < 9 || n > 10 {
			t.Errorf("in ten seconds of catching up %d notifications came", n)
		}
	})
}
