package requests

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// asked counts how many nodes got a request.
func asked(b *bench) (n int) {
	for _, p := range b.roster.Live() {
		n += b.Load(p).Requests
	}
	return n
}

// TestHedge checks that a request that a peer leaves unanswered costs little time when
// another one answers, that fewer requests go to the silent peer afterwards, and that its ban
// score does not rise.
func TestHedge(t *testing.T) {
	chain := peertest.NewChain(5)
	nodes := []func(*peertest.Node){peertest.Silent, peertest.Silent, peertest.Silent, peertest.Silent, peertest.Silent, peertest.Silent, peertest.Silent, peertest.Good(chain)}
	run(t, nil, nodes, func(t *testing.T, b *bench) {
		begin := time.Now()
		for i := range 20 {
			if _, _, err := b.Block(t.Context(), nil, chain.Hashes[1]); err != nil {
				t.Fatalf("request %d: %v", i, err)
			}
		}
		if took := time.Since(begin); took > 4*7*hedgeMin {
			t.Errorf("20 requests took %v", took)
		}
		slow := 0 // a silent peer that was asked together with the good one may be noticed late
		for range 20 {
			begin := time.Now()
			if _, _, err := b.Block(t.Context(), nil, chain.Hashes[1]); err != nil {
				t.Fatal(err)
			}
			if time.Since(begin) >= hedgeMin {
				slow++
			}
		}
		if slow > len(nodes)/2 {
			t.Errorf("%d of 20 requests are still slow", slow)
		}
		if n, ended := b.endings(); n != 0 || len(ended) != 0 {
			t.Errorf("%d requests have reached their deadline, connections have ended: %v", n, ended)
		}
	})
}

// TestHedgeOfAll checks that a request that no peer answers fails with the reason of the
// first attempt, after every peer was asked once.
func TestHedgeOfAll(t *testing.T) {
	nodes := make([]func(*peertest.Node), 5)
	for i := range nodes {
		nodes[i] = peertest.Silent
	}
	run(t, nil, nodes, func(t *testing.T, b *bench) {
		failed := make(chan error, 1)
		b.wg.Go(func() {
			_, _, err := b.CFilters(t.Context(), nil, chainhash.Hash{1}, chainhash.Hash{2}, 0)
			failed <- err
		})
		synctest.Wait()
		if n := asked(b); n != 1 {
			t.Errorf("%d asked at first", n)
		}
		for _, want := range []int{1 + firstMore, len(nodes), len(nodes)} {
			<-time.After(quietMin)
			synctest.Wait()
			if n := asked(b); n != want {
				t.Errorf("%d asked, want %d", n, want)
			}
		}
		if err := <-failed; !errors.Is(err, fault.Timeout) {
			t.Errorf("failed for %v", err)
		}
	})
}

// TestHedgeNotFound checks that the others are asked at once when a peer does not have a
// block, and that the request fails when no peer has it.
func TestHedgeNotFound(t *testing.T) {
	chain := peertest.NewChain(5)
	without := peertest.Good(peertest.NewChain(1))
	run(t, nil, []func(*peertest.Node){without, without, without, peertest.Good(chain)}, func(t *testing.T, b *bench) {
		for range 10 {
			begin := time.Now()
			if _, _, err := b.Block(t.Context(), nil, chain.Hashes[3]); err != nil || time.Since(begin) >= hedgeMin {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
		}
		if _, _, err := b.Block(t.Context(), nil, chainhash.Hash{1}); !errors.Is(err, fault.NotFound) {
			t.Errorf("a block that no peer has: %v", err)
		}
	})
}

// pieces is a node that answers the first request for filters with a message of a megabyte,
// in pieces of so many bytes.
func pieces(bytes int, every time.Duration) func(*peertest.Node) {
	whole := peertest.Frame(peertest.Params.Net, wire.CmdCFiltersV2, peertest.Encoded(wire.NewMsgCFiltersV2(append(slices.Repeat([]wire.MsgCFilterV2{
		{BlockHash: chainhash.Hash{1}, Data: make([]byte, wire.MaxCFilterDataSize/2)}}, 10), wire.MsgCFilterV2{BlockHash: chainhash.Hash{2}}))))
	return peertest.WelcomeThen(func(n *peertest.Node) {
		if _, err := n.Read(); err != nil {
			return
		}
		for rest := whole; len(rest) > 0; rest = rest[min(bytes, len(rest)):] {
			n.Raw(rest[:min(bytes, len(rest))])
			<-time.After(every)
		}
	})
}

// TestHedgeLeavesFlowAlone checks that no other peer is asked while a large reply arrives,
// but that one is while a reply trickles or other messages arrive.
func TestHedgeLeavesFlowAlone(t *testing.T) {
	for _, test := range []struct {
		name string
		node func(*peertest.Node)
		want int
	}{
		{"flow", pieces(1<<10, 20*time.Millisecond), 1},
		{"trickle", pieces(256, 80*time.Millisecond), 2},
		{"junk", peertest.Chatty(64 << 10), 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			run(t, nil, []func(*peertest.Node){test.node, test.node}, func(t *testing.T, b *bench) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*hedgeMin+hedgeMin/2)
				defer cancel()
				b.CFilters(ctx, nil, chainhash.Hash{1}, chainhash.Hash{2}, 0)
				if n := askedNow(b); n != test.want {
					t.Errorf("%d asked, want %d", n, test.want)
				}
			})
		})
	}
}

// askedNow counts the peers with an abandoned request that they have not answered.
func askedNow(b *bench) (n int) {
	for _, p := range b.roster.Live() {
		_, abandoned := p.Load()
		n += min(1, abandoned)
	}
	return n
}

// TestHedgeOfSilence checks that others are asked soon when no byte of a reply arrives, and
// only when it is overdue if bytes do.
func TestHedgeOfSilence(t *testing.T) {
	const overdue = 1400 * time.Millisecond / 2 // 2 * 362 kB at assumedRate
	headers := peertest.Frame(peertest.Params.Net, wire.CmdHeaders, peertest.Payload(t, peertest.NewChain(2001).Headers(1)))
	for _, test := range []struct {
		name  string
		talks bool
		after time.Duration
		want  int
	}{
		{"at first", false, quietMin - time.Millisecond, 1},
		{"silence", false, quietMin, 1 + firstMore},
		{"reply", true, overdue - quietMin, 1},
		{"overdue", true, overdue, 1 + firstMore},
	} {
		t.Run(test.name, func(t *testing.T) {
			busy := peertest.WelcomeThen(func(n *peertest.Node) {
				if _, err := n.Read(); err != nil {
					return
				}
				for rest := headers; test.talks && len(rest) > 300; rest = rest[300:] {
					n.Raw(rest[:300])
					<-time.After(quietMin / 2)
				}
			})
			run(t, nil, []func(*peertest.Node){busy, busy, busy, busy}, func(t *testing.T, b *bench) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				b.wg.Go(func() { b.Headers(ctx, nil, nil, chainhash.Hash{}) })
				<-time.After(test.after)
				synctest.Wait()
				if n := asked(b); n != test.want {
					t.Errorf("%d asked after %v, want %d", n, test.after, test.want)
				}
			})
		})
	}
}

// TestHedgeCancelled checks that no other peer is asked once the context has ended.
func TestHedgeCancelled(t *testing.T) {
	var heard atomic.Int32
	mute := func(n *peertest.Node) {
		n.Welcome()
		n.Serve(peertest.NewChain(1), func(m wire.Message) bool {
			if m.Command() == wire.CmdGetCFiltersV2 {
				heard.Add(1)
			}
			return true
		})
	}
	run(t, nil, []func(*peertest.Node){mute, mute, mute, mute}, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), quietMin/2)
		defer cancel()
		if _, _, err := b.CFilters(ctx, nil, chainhash.Hash{1}, chainhash.Hash{2}, 0); !errors.Is(err, fault.Cancelled) {
			t.Errorf("failed for %v", err)
		}
		synctest.Wait()
		if n := heard.Load(); n != 1 {
			t.Errorf("%d peers were asked", n)
		}
	})
}
