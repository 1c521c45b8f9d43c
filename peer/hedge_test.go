package peer

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// asked counts how many nodes got a request.
func asked(b *bench) (n int) {
	for _, i := range b.Infos() {
		n += i.Requests
	}
	return n
}

// TestHedge checks that a request that a peer leaves unanswered costs little time
// when another one answers, that fewer requests go to the silent one afterwards, and
// that nothing is held against it.
func TestHedge(t *testing.T) {
	chain := newTestChain(5)
	nodes := []func(*node){silent, silent, silent, silent, silent, silent, silent, good(chain)}
	run(t, nil, nodes, func(t *testing.T, b *bench) {
		begin := time.Now()
		for i := range 20 {
			if _, _, err := b.Block(t.Context(), nil, chain.hashes[1]); err != nil {
				t.Fatalf("request %d: %v", i, err)
			}
		}
		if took := time.Since(begin); took > 4*7*hedgeMin {
			t.Errorf("20 requests took %v", took)
		}
		slow := 0 // a silent peer that was asked together with the good one may be found out late
		for range 20 {
			begin := time.Now()
			if _, _, err := b.Block(t.Context(), nil, chain.hashes[1]); err != nil {
				t.Fatal(err)
			}
			if time.Since(begin) >= hedgeMin {
				slow++
			}
		}
		if slow > len(nodes)/2 {
			t.Errorf("%d of 20 requests are still slow", slow)
		}
		if n := len(b.Infos()); n != len(nodes) || len(b.Bans()) != 0 {
			t.Errorf("%d peers left, bans %v", n, b.Bans())
		}
		for _, i := range b.Infos() {
			if i.Score != 0 {
				t.Errorf("%s has %d points", i.Addr, i.Score)
			}
		}
	})
}

// TestHedgeOfAll checks that a request that nobody answers fails for the reason of
// the first, after everybody was asked once.
func TestHedgeOfAll(t *testing.T) {
	nodes := make([]func(*node), 5)
	for i := range nodes {
		nodes[i] = silent
	}
	run(t, nil, nodes, func(t *testing.T, b *bench) {
		failed := make(chan error, 1)
		b.net.wg.Go(func() {
			_, _, err := b.CFilters(t.Context(), nil, chainhash.Hash{1}, chainhash.Hash{2}, 0)
			failed <- err
		})
		synctest.Wait()
		if n := asked(b); n != 1 {
			t.Errorf("%d asked at first", n)
		}
		for _, want := range []int{1 + firstMore, len(nodes), len(nodes)} {
			<-time.After(hedgeMin)
			synctest.Wait()
			if n := asked(b); n != want {
				t.Errorf("%d asked, want %d", n, want)
			}
		}
		if err := <-failed; !errors.Is(err, Timeout) {
			t.Errorf("failed for %v", err)
		}
	})
}

// TestHedgeNotFound checks that the others are asked at once when a peer does not
// have a block, and that the request fails when nobody has.
func TestHedgeNotFound(t *testing.T) {
	chain := newTestChain(5)
	without := good(newTestChain(1))
	run(t, nil, []func(*node){without, without, without, good(chain)}, func(t *testing.T, b *bench) {
		for range 10 {
			begin := time.Now()
			if _, _, err := b.Block(t.Context(), nil, chain.hashes[3]); err != nil || time.Since(begin) >= hedgeMin {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
		}
		if _, _, err := b.Block(t.Context(), nil, chainhash.Hash{1}); !errors.Is(err, NotFound) {
			t.Errorf("a block that nobody has: %v", err)
		}
	})
}

// TestHedgeLeavesFlowAlone checks that nobody else is asked while a large reply
// arrives, and that a trickle is no such thing.
func TestHedgeLeavesFlowAlone(t *testing.T) {
	for _, test := range []struct {
		name  string
		every time.Duration // for a message of 32 bytes
		want  int
	}{{"flow", time.Millisecond, 1}, {"trickle", 100 * time.Millisecond, 2}} {
		t.Run(test.name, func(t *testing.T) {
			busy := welcomeThen(func(n *node) {
				expect[*wire.MsgGetCFsV2](n)
				for begin := time.Now(); time.Since(begin) < 3*hedgeMin; {
					<-time.After(test.every)
					n.send(wire.NewMsgFeeFilter(1))
				}
			})
			run(t, nil, []func(*node){busy, busy}, func(t *testing.T, b *bench) {
				b.net.wg.Go(func() { b.CFilters(t.Context(), nil, chainhash.Hash{1}, chainhash.Hash{2}, 0) })
				<-time.After(2*hedgeMin + hedgeMin/2)
				synctest.Wait()
				if n := asked(b); n != test.want {
					t.Errorf("%d asked, want %d", n, test.want)
				}
				<-time.After(time.Minute)
			})
		})
	}
}

// TestHedgeOfSilence checks that others are asked soon when nothing at all comes from
// a peer that owes a large reply, and not before that reply is overdue when anything
// does.
func TestHedgeOfSilence(t *testing.T) {
	const overdue = 1400 * time.Millisecond / 2 // 2 * 362 kB at assumedRate
	for _, test := range []struct {
		name  string
		talks bool
		after time.Duration
		want  int
	}{
		{"at first", false, hedgeMin - time.Millisecond, 1},
		{"silence", false, hedgeMin, 1 + firstMore},
		{"talk", true, hedgeMin + hedgeMin/4, 1},
		{"overdue", true, overdue, 1 + firstMore},
	} {
		t.Run(test.name, func(t *testing.T) {
			busy := welcomeThen(func(n *node) {
				expect[*wire.MsgGetHeaders](n)
				for begin := time.Now(); test.talks && time.Since(begin) < overdue; <-time.After(hedgeMin / 4) {
					n.send(wire.NewMsgFeeFilter(1))
				}
			})
			run(t, nil, []func(*node){busy, busy, busy, busy}, func(t *testing.T, b *bench) {
				b.net.wg.Go(func() { b.Headers(t.Context(), nil, nil, chainhash.Hash{}) })
				<-time.After(test.after)
				synctest.Wait()
				if n := asked(b); n != test.want {
					t.Errorf("%d asked after %v, want %d", n, test.after, test.want)
				}
				<-time.After(time.Minute)
			})
		})
	}
}

// TestHedgeCancelled checks that nobody else is asked once nobody waits any more.
func TestHedgeCancelled(t *testing.T) {
	var heard atomic.Int32
	mute := func(n *node) {
		n.welcome()
		n.serve(newTestChain(1), func(m wire.Message) bool {
			if m.Command() == wire.CmdGetCFiltersV2 {
				heard.Add(1)
			}
			return true
		})
	}
	run(t, nil, []func(*node){mute, mute, mute, mute}, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), hedgeMin/2)
		defer cancel()
		if _, _, err := b.CFilters(ctx, nil, chainhash.Hash{1}, chainhash.Hash{2}, 0); !errors.Is(err, Cancelled) {
			t.Errorf("failed for %v", err)
		}
		synctest.Wait()
		if n := heard.Load(); n != 1 {
			t.Errorf("%d peers were asked", n)
		}
	})
}
