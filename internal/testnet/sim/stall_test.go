package sim_test

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// TestAStallCostsLittle holds what one of two peers that is silent, or answers with other
// things than what it was asked for, costs a sync: a few round trips.
func TestAStallCostsLittle(t *testing.T) {
	const trip = 50 * time.Millisecond
	plan := testnet.Plan{}
	for h := consensus.Height(50); h < 3000; h += 100 {
		plan.Pay(h, mine(int(h)%3), 1e8)
	}
	best, err := testnet.Generate(t.Context(), testnet.Config{Seed: 3, Blocks: 3000, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	line := link.Shape{Latency: trip / 2}
	var fair time.Duration
	inSeededWorld(t, best, 1, func(w *world) {
		w.honestNodes(2, line)
		fair = w.timeToSync()
	})
	for _, fault := range []testnet.Fault{
		{Name: "stall at once", Make: func(uint64) testnet.Behaviour { return testnet.FallsSilent{After: 2} }},
		{Name: "stall after some messages", Make: func(uint64) testnet.Behaviour { return testnet.FallsSilent{After: 8} }},
		{Name: "junk", Make: func(uint64) testnet.Behaviour { return testnet.Chatters{} }},
		{Name: "flood", Make: func(uint64) testnet.Behaviour { return testnet.Floods{} }},
	} {
		t.Run(fault.Name, func(t *testing.T) {
			inSeededWorld(t, best, 1, func(w *world) {
				w.liar(fault, 1, line)
				w.honestNodes(1, line)
				took := w.timeToSync()
				t.Logf("synced after %v, with two honest peers after %v", took, fair)
				if took > fair+time.Second {
					w.Errorf("synced after %v, with two honest peers after %v", took, fair)
				}
			})
		})
	}
}
