package sim_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// Which majorities are simulated besides the kept ones: go test ./internal/testnet/sim
// -run TestMostPeersAreFaulty -args -majorities 20 -majority 100 runs the seeds 100 to 119.
var (
	majorities = flag.Int("majorities", 1, "number of other seeds that every faulty majority is simulated with")
	majority   = flag.Uint64("majority", 100, "the first of these seeds")
)

// distant is a line on which round trips, not our own waits, make up the time.
var distant = link.Shape{Latency: 400 * time.Millisecond, Jitter: 10 * time.Millisecond}

// majorityBlocks makes a chain of so many batches of headers that a sync takes a
// few dozen round trips, as a short one of a real network does.
const majorityBlocks = 24_000

// TestMostPeersAreFaulty holds every fault to the goal: a client with one honest peer
// and seven with the fault is synced in at most twice the time that it takes with
// eight honest ones. A kept seed is simulated with the faults that were late, and a fourth of
// the others; with all if several seeds are asked for.
func TestMostPeersAreFaulty(t *testing.T) {
	plan := testnet.Plan{}
	for h := consensus.Height(50); h < majorityBlocks; h += 450 {
		plan.Pay(h, mine(int(h/450)%3), 1e8)
	}
	best, err := testnet.Generate(t.Context(), testnet.Config{Seed: 2, Blocks: majorityBlocks, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	worst := &record{by: make(map[string]float64)}
	t.Cleanup(func() { t.Logf("the longest times, in those with honest peers:\n%v", worst) })
	var seeds []uint64
	for s := range uint64(*majorities) {
		seeds = append(seeds, *majority+s)
	}
	for _, kept := range keptMajorities() {
		if !slices.Contains(seeds, kept.seed) {
			seeds = append(seeds, kept.seed)
		}
	}
	for _, seed := range seeds {
		others := 4 // of which one is simulated
		if *majorities > 1 || seed == *majority {
			others = 1
		}
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { simulateMajorities(t, best, seed, others, worst) })
	}
}

// simulateMajorities simulates one majority of every fault that a kept seed is about, and of one
// in so many others.
func simulateMajorities(t *testing.T, best *testnet.Chain, seed uint64, others int, worst *record) {
	var fair time.Duration
	inSeededWorld(t, best, seed, func(w *world) {
		w.honestNodes(8, distant)
		fair = w.timeToSync()
	})
	for i, fault := range testnet.Faults() {
		if (i+int(seed))%others != 0 && !slices.Contains(keptFaults(seed), fault.Name) {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			inSeededWorld(t, best, seed, func(w *world) {
				for k := range uint64(8) {
					if k == seed%8 {
						w.honestNodes(1, distant)
						continue
					}
					w.liar(fault, 1000*seed+uint64(10*i)+k, distant)
				}
				took := w.timeToSync()
				worst.note(fault.Name, took.Seconds()/fair.Seconds())
				if took > 2*fair {
					w.Errorf("synced after %v, with eight honest peers after %v", took, fair)
				}
			})
		})
	}
}

// timeToSync starts the client and returns how long it takes to be synced. It may not
// say so before.
func (w *world) timeToSync() time.Duration {
	w.Helper()
	began := time.Now()
	w.startClient()
	w.until("synced", func(st spv.Status) bool { return st.Synced })
	if st := w.syncer.Status(); st.Tip != w.best.Tip() {
		w.Errorf("said to be synced at %v of %v", st.Tip, w.best.Tip())
	}
	w.mustSaySynced(time.Hour)
	return time.Since(began)
}

// record is the greatest ratio of every fault.
type record struct {
	mu sync.Mutex
	by map[string]float64
}

// note takes over a ratio that is greater.
func (r *record) note(name string, ratio float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.by[name] = max(r.by[name], ratio)
}

// String returns the faults, the worst first.
func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	names := slices.SortedFunc(maps.Keys(r.by), func(x, y string) int { return cmp.Compare(r.by[y], r.by[x]) })
	for _, name := range names {
		fmt.Fprintf(&b, "%.2f  %s\n", r.by[name], name)
	}
	return b.String()
}
