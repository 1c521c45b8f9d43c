package requests

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/peer/internal/pick"
	"github.com/spvd/spvd/spv/p2p"
)

// TestPickWaits checks that a request waits while there is no peer, and is sent when one
// connects; and that requests wait for room when all peers are full, in the order of asking.
func TestPickWaits(t *testing.T) {
	chain := peertest.NewChain(20)
	tune := func(d *Deps) { d.MaxRequests = 1 }
	run(t, tune, nil, func(t *testing.T, b *bench) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		var order []int
		for i := range 10 {
			wg.Go(func() {
				if _, _, err := b.CFilter(t.Context(), nil, chain.Hashes[i]); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
			})
			synctest.Wait()
		}
		<-time.After(time.Hour)
		b.connect(peertest.Slow(chain, time.Second))
		wg.Wait()
		if !slices.IsSorted(order) || len(order) != 10 {
			t.Errorf("answered in the order %v", order)
		}
	})
}

// TestPickCancelled checks that a request that is cancelled while it waits makes room for the
// next.
func TestPickCancelled(t *testing.T) {
	chain := peertest.NewChain(20)
	tune := func(d *Deps) { d.MaxRequests = 1 }
	run(t, tune, []func(*peertest.Node){peertest.Slow(chain, time.Second)}, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		begin := time.Now()
		var wg sync.WaitGroup
		for i, c := range []context.Context{t.Context(), ctx, t.Context()} {
			wg.Go(func() {
				_, _, err := b.CFilter(c, nil, chain.Hashes[i])
				if want := c.Err(); !errors.Is(err, want) {
					t.Errorf("request %d: %v, want %v", i, err, want)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("two answers of a second each took %v", took)
		}
	})
}

// TestAcquireCancelled checks that room which is granted to a request at the moment it is
// cancelled is not lost. Whether the grant or the end is seen first is left to chance.
func TestAcquireCancelled(t *testing.T) {
	tune := func(d *Deps) { d.MaxRequests = 1 }
	run(t, tune, []func(*peertest.Node){peertest.WelcomeThen(func(*peertest.Node) {})}, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		granted := 0
		for range 100 {
			w := pick.Want{Bytes: 7}
			l, err := b.queue.acquire(ctx, w)
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				continue
			}
			granted++
			b.queue.update(func() { l.uncount(w) })
		}
		if granted == 0 || granted == 100 {
			t.Errorf("%d of 100 were granted", granted)
		}
	})
}

// TestAvoid checks that peers to be avoided are not asked, unless there are no
// others.
func TestAvoid(t *testing.T) {
	chain := peertest.NewChain(20)
	run(t, nil, []func(*peertest.Node){peertest.Good(chain), peertest.Good(chain), peertest.Good(chain)}, func(t *testing.T, b *bench) {
		ids := []p2p.PeerID{1, 2, 3}
		for i := range ids {
			avoid := slices.Delete(slices.Clone(ids), i, i+1)
			for range 5 {
				if _, from, err := b.CFilter(t.Context(), avoid, chain.Hashes[1]); err != nil || from != ids[i] {
					t.Errorf("avoiding %v: asked %d, %v", avoid, from, err)
				}
			}
		}
		if _, _, err := b.CFilter(t.Context(), ids, chain.Hashes[1]); err != nil {
			t.Errorf("avoiding all: %v", err)
		}
	})
}

// TestAvoidWaits checks that a request waits for a full peer rather than use one to be
// avoided.
func TestAvoidWaits(t *testing.T) {
	chain := peertest.NewChain(20)
	tune := func(d *Deps) { d.MaxRequests = 1 }
	run(t, tune, []func(*peertest.Node){peertest.Good(chain), peertest.Slow(chain, time.Second)}, func(t *testing.T, b *bench) {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, from, err := b.CFilter(t.Context(), []p2p.PeerID{1}, chain.Hashes[1]); from != 2 {
					t.Errorf("asked %d: %v", from, err)
				}
			})
		}
		wg.Wait()
	})
}

// TestEndedIsNotPicked checks that a connection that has ended gets no request before it is
// removed: the request goes to the next one.
func TestEndedIsNotPicked(t *testing.T) {
	chain := peertest.NewChain(20)
	run(t, nil, []func(*peertest.Node){peertest.Good(chain)}, func(t *testing.T, b *bench) {
		b.only().End(fault.New(fault.Idle, nil))
		b.wg.Go(func() {
			synctest.Wait()
			b.connect(peertest.Good(chain))
		})
		if _, from, err := b.CFilter(t.Context(), nil, chain.Hashes[1]); err != nil || from != 2 {
			t.Errorf("asked %d: %v", from, err)
		}
	})
}

// TestPeerDies runs 100 requests over three peers of which one disconnects meanwhile. Every
// request ends, those of the lost peer with a reply from another one that has room, or with
// an error that names the peer; then a retry succeeds.
func TestPeerDies(t *testing.T) {
	chain := peertest.NewChain(101)
	var died atomic.Bool // with a request in flight
	dying := func(n *peertest.Node) {
		n.Welcome()
		left := 5
		n.Serve(chain, func(wire.Message) bool {
			if left--; left < 0 {
				died.Store(true)
				n.Conn.Close()
			}
			return false
		})
	}
	run(t, nil, []func(*peertest.Node){peertest.Slow(chain, time.Millisecond), dying, peertest.Slow(chain, 2*time.Millisecond)}, func(t *testing.T, b *bench) {
		const victim = 2
		var wg sync.WaitGroup
		var mu sync.Mutex
		used := make(map[p2p.PeerID]int)
		for i := range 100 {
			wg.Go(func() {
				var avoid []p2p.PeerID
				for {
					got, from, err := b.CFilter(t.Context(), avoid, chain.Hashes[i])
					mu.Lock()
					used[from]++
					mu.Unlock()
					if err == nil {
						if want := chain.Filter(i); !slices.Equal(got, peertest.Encoded(&want)) {
							t.Errorf("request %d: wrong reply", i)
						}
						return
					}
					if from != victim || !errors.Is(err, fault.ClosedByPeer) {
						t.Errorf("request %d to %d: %v", i, from, err)
						return
					}
					avoid = append(avoid, from)
				}
			})
		}
		wg.Wait()
		if !died.Load() || len(used) != 3 {
			t.Errorf("the peer has disconnected: %v, peers used: %v", died.Load(), used)
		}
	})
}

// TestBounds checks that the requests in flight of one peer are bounded in number and bytes.
func TestBounds(t *testing.T) {
	chain := peertest.NewChain(101)
	for _, tc := range []struct {
		tune func(*Deps)
		want int
	}{
		{func(d *Deps) { d.MaxRequests = 3 }, 3},
		{func(d *Deps) { d.MaxBytes = 1; d.MaxRequests = 50 }, 1},
	} {
		run(t, tc.tune, []func(*peertest.Node){peertest.Slow(chain, time.Second)}, func(t *testing.T, b *bench) {
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					if _, _, err := b.CFilters(t.Context(), nil, chain.Hashes[i], chain.Hashes[i+50], 0); err != nil {
						t.Error(err)
					}
					if n := b.inFlight(); n > tc.want {
						t.Errorf("%d requests in flight, want at most %d", n, tc.want)
					}
				})
			}
			synctest.Wait()
			if l := b.Load(b.only()); l.Requests != tc.want || l.Bytes < l.Requests*32<<10 {
				t.Errorf("%d requests of %d bytes in flight, want %d requests", l.Requests, l.Bytes, tc.want)
			}
			wg.Wait()
		})
	}
}

// TestWindowGrows checks that a new peer gets few requests at a time and a proven one many.
func TestWindowGrows(t *testing.T) {
	chain := peertest.NewChain(101)
	run(t, nil, []func(*peertest.Node){peertest.Slow(chain, time.Second/10)}, func(t *testing.T, b *bench) {
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() { b.CFilter(t.Context(), nil, chain.Hashes[1]) })
		}
		synctest.Wait()
		first := b.inFlight()
		<-time.After(2 * time.Second)
		if later := b.inFlight(); first != pick.FirstWindow || later < 4*pick.FirstWindow {
			t.Errorf("%d requests at first, %d later", first, later)
		}
		wg.Wait()
	})
}
