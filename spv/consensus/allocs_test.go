package consensus

import (
	"math/rand/v2"
	"testing"
)

// TestRulesDoNotAllocate holds that good headers, filters and waypoints leave
// nothing to collect. Window boundaries are among the headers.
func TestRulesDoNotAllocate(t *testing.T) {
	sim, early, test := SimNet(), MainNet(), TestNet3()
	chains := map[*Params]branch{
		sim:   unsolved(sim, 600, 1, 2),
		early: unsolved(early, 4400, 300),
		test:  unsolved(test, 3100, 120, 700),
	}
	for p, chain := range chains {
		var a Ancestors = chain
		now := after(chain.tip())
		from := len(chain) - 300
		none(t, p.ChainParams.Name+": CheckContext", func() error {
			for i := range chain[from:] {
				if err := CheckContext(p, a, &chain[from+i], now); err != nil {
					return err
				}
			}
			return nil
		})
	}
	mined := grow(t, sim, branch{sim.Genesis()}, 1, 1)
	hash := mined[1].Hash()
	none(t, "CheckHeader", func() error { return CheckHeader(sim, &mined[1], &hash) })
	none(t, "Hash", func() error { hash = mined[1].Hash(); return nil })
	none(t, "PowHashV2", func() error { hash = mined[1].PowHashV2(); return nil })
	none(t, "Work", func() error {
		work := Work(0x1b012345)
		EnoughWork(early, work)
		return nil
	})
	none(t, "CheckWaypoint", func() error { return CheckWaypoint(early, early.Waypoints[7]) })

	e := NewEarlyFilterHash()
	state := make([]byte, 0, earlyStateSize)
	none(t, "EarlyFilterHash", func() error {
		e.Add(state)
		state = e.State(state[:0])
		return nil
	})
}

// TestPreparingAllocatesOnlyResults holds that the number of allocations does
// not depend on how much a message holds.
func TestPreparingAllocatesOnlyResults(t *testing.T) {
	p := SimNet()
	payload := headersPayload(grow(t, p, branch{p.Genesis()}, 500, 1)[1:])
	if n := testing.AllocsPerRun(100, func() { _, _ = PrepareHeaders(p, payload) }); n > 3 {
		t.Errorf("PrepareHeaders: %v allocations", n)
	}
	for _, commitments := range []int{1, 5} {
		c := filterMessage(rand.New(rand.NewPCG(33, 34)), 1, 100, commitments)
		payload := c.payload(t)
		if n := testing.AllocsPerRun(100, func() { _, _ = ProveFilters(p, c.targets, payload) }); n > 3 {
			t.Errorf("ProveFilters, %d commitments: %v allocations", commitments, n)
		}
	}
}

func none(t *testing.T, what string, f func() error) {
	t.Helper()
	var err error
	n := testing.AllocsPerRun(100, func() {
		if e := f(); e != nil {
			err = e
		}
	})
	if n != 0 || err != nil {
		t.Errorf("%s: %v allocations, %v", what, n, err)
	}
}
