package feed

import (
	"context"
	"encoding/json"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// shownStatus is a Syncer without a chain whose status the test decides.
type shownStatus struct {
	mu      sync.Mutex
	status  spv.Status
	changed chan struct{}
}

func (s *shownStatus) Chain() (*chain.Reader, error) { return nil, spv.ErrNotInitialised }

func (s *shownStatus) show(change func(*spv.Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.status)
	s.status.Seq++
	if s.changed != nil {
		close(s.changed)
	}
	s.changed = make(chan struct{})
}

func (s *shownStatus) read() (spv.Status, chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status, s.changed
}

func (s *shownStatus) Status() spv.Status {
	st, _ := s.read()
	return st
}

func (s *shownStatus) Changes(ctx context.Context, _ uint64) iter.Seq[spv.Status] {
	return func(yield func(spv.Status) bool) {
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
	hub    *Hub

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
		a.source.show(func(st *spv.Status) { st.FirstSyncDone = false })
		a.hub = NewHub(a.source, wallet.NewSet(wallet.SetConfig{}), nil)
		var running sync.WaitGroup
		running.Go(func() { a.hub.Run(ctx) })
		ready := make(chan struct{})
		close(ready)
		var all []*Sender
		for i := range clients {
			f := NewSender(ctx, a.hub, func(_ context.Context, m []byte) error { return a.notified(i, m) })
			f.Start(api.TopicSyncStatus, ready, &Status{})
			f.Hurry()
			all = append(all, f)
		}
		synctest.Wait()
		test(a)
		cancel()
		for _, f := range all {
			f.Stop()
		}
		running.Wait()
		if len(a.hub.followers) != 0 {
			t.Errorf("%d clients that have left are still told of news", len(a.hub.followers))
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
			a.source.show(func(st *spv.Status) { st.Tip.Height++ })
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
		a.source.show(func(st *spv.Status) { st.FirstSyncDone, st.Synced = true, true })
		synctest.Wait()
		if !a.upToDate() {
			t.Error("when the sync was complete not all clients heard of it at once")
		}
	})
}

// TestOneFollowerIsNotifiedSoon checks that a client gets an update at once after a quiet
// time, and once a second in a first sync.
func TestOneFollowerIsNotifiedSoon(t *testing.T) {
	inAudience(t, 1, func(a *audience) {
		<-time.After(3 * busyPace) // the first second's news comes up to 2*perFollower late
		a.take()
		a.source.show(func(st *spv.Status) { st.Tip.Height++ })
		<-time.After(3 * perFollower)
		if n := a.take(); n != 1 || !a.upToDate() {
			t.Errorf("%d notifications came at once", n)
		}
		for range 100 {
			a.source.show(func(st *spv.Status) { st.Tip.Height++ })
			<-time.After(100 * time.Millisecond)
		}
		if n := a.take(); n < 9 || n > 10 {
			t.Errorf("in ten seconds of a first sync %d notifications came", n)
		}
		for range 20 { // blocks come, one after the other
			a.source.show(func(st *spv.Status) {
				st.FirstSyncDone, st.Phase = true, spv.Following
				st.Tip.Height++
				st.Headers.Rate = 9
			})
			synctest.Wait()
		}
		if n := a.take(); n != 20 {
			t.Errorf("of 20 changes after it %d were told", n)
		}
		for range 39 { // while only a rate fades
			a.source.show(func(st *spv.Status) { st.Headers.Rate *= 0.96 })
			synctest.Wait()
		}
		if n := a.take(); n != 0 {
			t.Errorf("of a rate that fades %d notifications came", n)
		}
		a.source.show(func(st *spv.Status) { st.Phase = spv.CatchingUp })
		<-time.After(2 * busyPace)
		a.take()
		for range 100 { // far behind again
			a.source.show(func(st *spv.Status) { st.Tip.Height++ })
			<-time.After(100 * time.Millisecond)
		}
		if n := a.take(); n < 9 || n > 10 {
			t.Errorf("in ten seconds of catching up %d notifications came", n)
		}
	})
}

// TestASlowClientDelaysNoOther has a client whose connection is stuck while the status changes
// many times: another client gets each change, and the slow one in the end the newest.
func TestASlowClientDelaysNoOther(t *testing.T) {
	inAudience(t, 1, func(a *audience) {
		a.source.show(func(st *spv.Status) { st.FirstSyncDone, st.Phase = true, spv.Following })
		a.take()
		stuck, sent := make(chan struct{}), 0
		slow := NewSender(a.Context(), a.hub, func(context.Context, []byte) error {
			sent++
			<-stuck
			return nil
		})
		ready := make(chan struct{})
		close(ready)
		slow.Start(api.TopicSyncStatus, ready, &Status{})
		slow.Hurry()
		const changes = 1000
		for range changes {
			a.source.show(func(st *spv.Status) { st.Tip.Height++ })
			synctest.Wait()
		}
		if n := a.take(); n != changes || !a.upToDate() {
			a.Errorf("of %d changes another client got %d", changes, n)
		}
		close(stuck)
		synctest.Wait()
		if sent != 2 {
			a.Errorf("the slow client got %d of %d changes", sent, changes)
		}
		slow.Stop()
	})
}
