package sim_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// Which forks are simulated: go test ./internal/testnet/sim -run TestForks -args
// -forks 2000 -fork 1000 runs seeds 1000 to 2999.
var (
	forks = flag.Int("forks", 12, "number of random forks")
	fork  = flag.Uint64("fork", 1, "seed of the first one")
)

// deepTrunk is what the chains of all forks have in common at most.
var deepTrunk = sync.OnceValue(func() *testnet.Chain {
	c, err := testnet.Generate(context.Background(), testnet.Config{Seed: 3, Blocks: 16_600})
	if err != nil {
		panic(err)
	}
	return c
})

// TestForksOfAnyDepthAreLeft has honest nodes and nodes with a branch of less work, which
// leaves the best chain anywhere, down to the first block. In whatever order they come,
// and however slow the honest ones are, the client is synced to the best chain within a
// bound, and does not say that it is synced to another one while an honest node is there
// that has had the time to answer.
func TestForksOfAnyDepthAreLeft(t *testing.T) {
	for s := range uint64(*forks) {
		t.Run(fmt.Sprintf("seed=%d", *fork+s), func(t *testing.T) {
			t.Parallel()
			simulateFork(t, *fork+s)
		})
	}
}

// bands are the depths at which forks were once never left.
var bands = [][2]int{{2056, 2103}, {4104, 6199}, {8200, 14_391}}

// simulateFork simulates the fork of a seed.
func simulateFork(t *testing.T, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 0x666f726b))
	depth := int(math.Exp(chance.Float64() * math.Log(14_000))) // small ones as often as large ones
	if band := bands[chance.IntN(len(bands))]; chance.IntN(2) == 0 {
		depth = band[0] + chance.IntN(band[1]-band[0]+1)
	}
	below := chance.IntN(16_500 - depth + 1) // the height of the fork
	if chance.IntN(8) == 0 {
		below = 0
	}
	best := deepTrunk().Fork(consensus.Height(below+depth), 1+chance.IntN(5), seed)
	rival := best.Fork(consensus.Height(below), 1+depth*(50+chance.IntN(51))/100, seed+1)
	least := rival.Work()
	for work := best.Work(); work.LtEq(&least); work = best.Work() {
		best = best.Extend(1)
	}
	inSeededWorld(t, best, seed, func(w *world) {
		rtt := 10 * time.Millisecond
		add := func(rivals bool, most time.Duration) {
			shape := link.Shape{Latency: time.Duration(chance.Int64N(int64(most)) + 1)}
			if chance.IntN(3) == 0 && !rivals {
				shape.Jitter = shape.Latency / 4
			}
			rtt = max(rtt, 2*(shape.Latency+shape.Jitter))
			w.honestNodes(1, shape)
			if h := w.honest[len(w.honest)-1]; rivals {
				h.Node.SetChain(rival)
				w.honest = w.honest[:len(w.honest)-1]
				w.liars = append(w.liars, h)
			}
		}
		for range 1 + chance.IntN(3) {
			add(true, 200*time.Millisecond)
		}
		for range 1 + chance.IntN(3) {
			add(false, []time.Duration{50 * time.Millisecond, 500 * time.Millisecond, 3 * time.Second}[chance.IntN(3)])
		}
		story := chance.IntN(4)
		w.Logf("the best chain has %d blocks; the rival leaves it after %d and has %d; round trips up to %v; story %d",
			best.Height(), below, rival.Height(), rtt, story)
		late := slices.Clone(w.honest)
		switch story {
		case 0: // all are there from the start
			late = nil
		case 1, 2: // the rivals are alone first
			for _, h := range late {
				h.Stop()
			}
		case 3: // all but one honest node come late
			late = late[1:]
			for _, h := range late {
				h.Stop()
			}
		}
		w.startClient()
		if story == 1 || story == 2 {
			w.until("on the rival's chain", func(st spv.Status) bool { return st.Synced && st.Tip == rival.Tip() })
		}
		for _, h := range late {
			<-time.After(time.Duration(chance.Int64N(int64(40 * time.Second))))
			w.disturbed()
			h.Start()
		}
		if story == 2 { // the rivals leave, and the best chain grows
			for _, h := range w.liars {
				<-time.After(time.Duration(chance.Int64N(int64(20 * time.Second))))
				h.Stop()
			}
			w.become(best.Extend(5), w.honest...)
		}
		w.mustSaySynced(3*time.Minute + time.Duration(30+best.Height()/1000)*rtt)
		w.mustNotHaveBanned(w.net.Hosts()...)
	})
}
