package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// good is a node that serves a chain.
func good(c *testChain) func(*node) {
	return func(n *node) { n.welcome(); n.serve(c, nil) }
}

// silent is a node that answers pings and nothing else.
func silent(n *node) {
	n.welcome()
	n.serve(newTestChain(1), func(m wire.Message) bool { return m.Command() != wire.CmdPing })
}

// slow is a node that takes a time for every answer.
func slow(c *testChain, d time.Duration) func(*node) {
	return func(n *node) {
		n.welcome()
		n.serve(c, func(wire.Message) bool { <-time.After(d); return false })
	}
}

// TestRunAgain checks that Run can be called again after it has returned, and not
// before.
func TestRunAgain(t *testing.T) {
	run(t, nil, []func(*node){good(newTestChain(2))}, func(t *testing.T, b *bench) {
		if err := b.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("second run: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil, good(newTestChain(2)))
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := b.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			b.only()
			cancel()
			wg.Wait()
			b.net.wg.Wait()
		}
	})
}

// TestPickWaits checks that a request waits for a peer without one, and goes out
// when it comes; and for room when all peers are full, in the order of asking.
func TestPickWaits(t *testing.T) {
	chain := newTestChain(20)
	tune := func(c *Config) { c.MaxRequests = 1 }
	run(t, tune, []func(*node){nil}, func(t *testing.T, b *bench) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		var order []int
		for i := range 10 {
			wg.Go(func() {
				if _, _, err := b.CFilter(t.Context(), nil, chain.hashes[i]); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
			})
			synctest.Wait()
		}
		<-time.After(time.Hour)
		b.net.at("a:1", slow(chain, time.Second))
		wg.Wait()
		if !slices.IsSorted(order) || len(order) != 10 {
			t.Errorf("answered in the order %v", order)
		}
	})
}

// TestPickCancelled checks that a request that is cancelled while it waits leaves
// its place to the next.
func TestPickCancelled(t *testing.T) {
	chain := newTestChain(20)
	tune := func(c *Config) { c.MaxRequests = 1 }
	run(t, tune, []func(*node){slow(chain, time.Second)}, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		begin := time.Now()
		var wg sync.WaitGroup
		for i, c := range []context.Context{t.Context(), ctx, t.Context()} {
			wg.Go(func() {
				_, _, err := b.CFilter(c, nil, chain.hashes[i])
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

// TestAvoid checks that peers to be avoided are not asked, unless there are no
// others.
func TestAvoid(t *testing.T) {
	chain := newTestChain(20)
	run(t, nil, []func(*node){good(chain), good(chain), good(chain)}, func(t *testing.T, b *bench) {
		infos := b.Infos()
		ids := []uint64{infos[0].ID, infos[1].ID, infos[2].ID}
		for i := range ids {
			avoid := slices.Delete(slices.Clone(ids), i, i+1)
			for range 5 {
				if _, from, err := b.CFilter(t.Context(), avoid, chain.hashes[1]); err != nil || from != ids[i] {
					t.Errorf("avoiding %v: asked %d, %v", avoid, from, err)
				}
			}
		}
		if _, _, err := b.CFilter(t.Context(), ids, chain.hashes[1]); err != nil {
			t.Errorf("avoiding all: %v", err)
		}
	})
}

// TestAvoidWaits checks that a full peer that is not to be avoided is waited for.
func TestAvoidWaits(t *testing.T) {
	chain := newTestChain(20)
	tune := func(c *Config) { c.MaxRequests = 1 }
	run(t, tune, []func(*node){good(chain), slow(chain, time.Second)}, func(t *testing.T, b *bench) {
		infos := b.Infos()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, from, err := b.CFilter(t.Context(), []uint64{infos[0].ID}, chain.hashes[1]); from != infos[1].ID {
					t.Errorf("asked %d: %v", from, err)
				}
			})
		}
		wg.Wait()
	})
}

// TestPeerDies has 100 requests run over three peers of which one dies under them.
// Every request is settled, those of the dead peer with an error that names it, and
// asking again succeeds.
func TestPeerDies(t *testing.T) {
	chain := newTestChain(101)
	dying := func(n *node) {
		n.welcome()
		left := 5
		n.serve(chain, func(wire.Message) bool {
			if left--; left < 0 {
				n.nc.Close()
			}
			return false
		})
	}
	run(t, nil, []func(*node){slow(chain, time.Millisecond), dying, slow(chain, 2*time.Millisecond)}, func(t *testing.T, b *bench) {
		victim := b.Infos()[slices.IndexFunc(b.Infos(), func(i Info) bool { return i.Addr == "b:1" })].ID
		var wg sync.WaitGroup
		var mu sync.Mutex
		used := make(map[uint64]int)
		failed := 0
		for i := range 100 {
			wg.Go(func() {
				var avoid []uint64
				for {
					got, from, err := b.CFilter(t.Context(), avoid, chain.hashes[i])
					mu.Lock()
					used[from]++
					mu.Unlock()
					if err == nil {
						if want := chain.filter(i); !slices.Equal(got, encoded(&want)) {
							t.Errorf("request %d: wrong reply", i)
						}
						return
					}
					if from != victim || !errors.Is(err, ClosedByPeer) {
						t.Errorf("request %d to %d: %v", i, from, err)
						return
					}
					mu.Lock()
					failed++
					mu.Unlock()
					avoid = append(avoid, from)
				}
			})
		}
		wg.Wait()
		if failed == 0 || len(used) != 3 {
			t.Errorf("%d requests failed, peers used: %v", failed, used)
		}
	})
}

// TestBounds checks that what one peer owes is bounded in requests and bytes.
func TestBounds(t *testing.T) {
	chain := newTestChain(101)
	for _, tc := range []struct {
		tune func(*Config)
		want int
	}{
		{func(c *Config) { c.MaxRequests = 3 }, 3},
		{func(c *Config) { c.MaxBytes = 1; c.MaxRequests = 50 }, 1},
	} {
		run(t, tc.tune, []func(*node){slow(chain, time.Second)}, func(t *testing.T, b *bench) {
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					if _, _, err := b.CFilters(t.Context(), nil, chain.hashes[i], chain.hashes[i+50]); err != nil {
						t.Error(err)
					}
					if n := b.only().Requests; n > tc.want {
						t.Errorf("%d requests in flight, want at most %d", n, tc.want)
					}
				})
			}
			synctest.Wait()
			if i := b.only(); i.Requests != tc.want || i.RequestBytes < i.Requests*32<<10 {
				t.Errorf("%d requests of %d bytes in flight, want %d requests", i.Requests, i.RequestBytes, tc.want)
			}
			wg.Wait()
		})
	}
}

// TestWindowGrows checks that a new peer is trusted with few requests and a proven
// one with many.
func TestWindowGrows(t *testing.T) {
	chain := newTestChain(101)
	run(t, nil, []func(*node){slow(chain, time.Second/10)}, func(t *testing.T, b *bench) {
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() { b.CFilter(t.Context(), nil, chain.hashes[1]) })
		}
		synctest.Wait()
		first := b.only().Requests
		<-time.After(2 * time.Second)
		if later := b.only().Requests; first != firstWindow || later < 4*firstWindow {
			t.Errorf("%d requests at first, %d later", first, later)
		}
		wg.Wait()
	})
}

// TestStraggler checks that a peer which answers nothing is left when another one
// does, is not banned, and meanwhile gets fewer and fewer requests.
func TestStraggler(t *testing.T) {
	chain := newTestChain(101)
	run(t, nil, []func(*node){silent, good(chain)}, func(t *testing.T, b *bench) {
		mute := b.Infos()[slices.IndexFunc(b.Infos(), func(i Info) bool { return i.Addr == "a:1" })].ID
		others := []uint64{b.Infos()[0].ID + b.Infos()[1].ID - mute}
		for range maxSilent {
			var wg sync.WaitGroup
			for range firstWindow {
				wg.Go(func() { b.CFilter(t.Context(), others, chain.hashes[1]) })
			}
			wg.Wait()
		}
		synctest.Wait()
		if i := b.only(); i.ID == mute {
			t.Error("the silent peer is the one left")
		}
		if len(b.Bans()) != 0 {
			t.Errorf("silence banned: %v", b.Bans())
		}
		if warned := b.log.reasons(slog.LevelWarn); !slices.Equal(warned, []string{Straggler.String()}) {
			t.Errorf("told: %q", warned)
		}
	})
}

// TestSilentAlone checks that the only peer is kept though it answers nothing: it
// may lack what is asked for, and there is none better.
func TestSilentAlone(t *testing.T) {
	run(t, nil, []func(*node){silent}, func(t *testing.T, b *bench) {
		id := b.only().ID
		for range 2 * maxSilent {
			if _, _, err := b.CFilter(t.Context(), nil, chainhash.Hash{1}); !errors.Is(err, Timeout) {
				t.Error(err)
			}
		}
		if b.only().ID != id {
			t.Error("the peer was left")
		}
	})
}

// TestSilentIsAvoided checks that after one silence the other peers are preferred.
func TestSilentIsAvoided(t *testing.T) {
	chain := newTestChain(101)
	run(t, nil, []func(*node){silent, slow(chain, time.Millisecond)}, func(t *testing.T, b *bench) {
		failed := 0
		for range 100 {
			if _, _, err := b.CFilter(t.Context(), nil, chain.hashes[1]); err != nil {
				failed++
			}
		}
		if failed > 1 {
			t.Errorf("%d of 100 requests went to the silent peer", failed)
		}
	})
}

// TestAccuse checks that a proven fault bans with its evidence, in the log for the
// user to see, keeps the address from being dialled, and expires.
func TestAccuse(t *testing.T) {
	chain := newTestChain(3)
	run(t, nil, []func(*node){good(chain), good(chain)}, func(t *testing.T, b *bench) {
		bad := b.Infos()[0]
		b.Accuse(bad.ID, errors.New("filter of block 7 does not prove"))
		synctest.Wait()
		if left := b.only(); left.ID == bad.ID {
			t.Error("the accused peer is the one left")
		}
		bans := b.Bans()
		want := Ban{bad.Addr, Invalid, "filter of block 7 does not prove", time.Now(), time.Now().Add(24 * time.Hour)}
		if len(bans) != 1 || bans[0] != want {
			t.Errorf("bans %+v, want %+v", bans, want)
		}
		if said := b.log.reasons(slog.LevelError); !slices.Equal(said, []string{Invalid.String()}) {
			t.Errorf("said loudly: %q", said)
		}

		b.Accuse(bad.ID, errors.New("more")) // departed, and banned already
		if !slices.Equal(b.Bans(), bans) {
			t.Errorf("second evidence changed the ban: %v", b.Bans())
		}
		<-time.After(23 * time.Hour)
		b.only()
		<-time.After(time.Hour + b.cfg.RetryMax)
		if len(b.Infos()) != 2 || len(b.Bans()) != 0 {
			t.Errorf("after a day: %d peers, bans %v", len(b.Infos()), b.Bans())
		}
	})
}

// TestAccuseDeparted checks that the proof of a fault may take longer than the
// connection lives, and that nobody else is hit by an unknown id.
func TestAccuseDeparted(t *testing.T) {
	run(t, nil, []func(*node){(*node).welcome}, func(t *testing.T, b *bench) {
		b.Accuse(0, errors.New("nobody"))
		b.Accuse(12345, errors.New("nobody"))
		if len(b.Bans()) != 0 {
			t.Errorf("bans %v", b.Bans())
		}
		b.Accuse(1, errors.New("late proof"))
		if bans := b.Bans(); len(bans) != 1 || bans[0].Addr != "a:1" {
			t.Errorf("bans %v", bans)
		}
	})
}

// TestLive checks who is live, and the poke on every change.
func TestLive(t *testing.T) {
	chain := newTestChain(3)
	run(t, nil, []func(*node){good(chain), (*node).drain}, func(t *testing.T, b *bench) {
		<-b.Changed()
		heights := make(map[uint64]uint32)
		for id, height := range b.Live() {
			heights[id] = height
		}
		if len(heights) != 1 || heights[b.only().ID] != 100 {
			t.Errorf("live: %v", heights)
		}
		for range b.Live() {
			break // must not go on
		}
		b.Accuse(b.only().ID, errors.New("bad"))
		<-b.Changed()
	})
}

// TestBytesTotal checks that the bytes of all connections count, also of those that
// have ended.
func TestBytesTotal(t *testing.T) {
	chain := newTestChain(3)
	run(t, nil, []func(*node){good(chain), (*node).welcome}, func(t *testing.T, b *bench) {
		i := b.only()
		in, out := b.BytesTotal()
		if i.BytesReceived == 0 || in < 2*i.BytesReceived || out < 2*i.BytesSent {
			t.Errorf("totals %d and %d, one peer %d and %d", in, out, i.BytesReceived, i.BytesSent)
		}
	})
}

func ExamplePool() {
	pool, err := New(Config{Params: params, UserAgent: "/example:1.0.0/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(pool.Run(ctx), len(pool.Infos()))
	// Output: <nil> 0
}
