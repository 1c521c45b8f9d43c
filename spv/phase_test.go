package spv

import "testing"

// TestEveryPhaseCanBeReachedAndLeft walks the transition table.
func TestEveryPhaseCanBeReachedAndLeft(t *testing.T) {
	reached := map[Phase]bool{Idle: true}
	for frontier := []Phase{Idle}; len(frontier) > 0; {
		p := frontier[0]
		frontier = frontier[1:]
		for _, next := range edges[p] {
			if !reached[next] {
				reached[next] = true
				frontier = append(frontier, next)
			}
		}
	}
	for p := Idle; p <= Failed; p++ {
		if !reached[p] {
			t.Errorf("no way leads to phase %v", p)
		}
		if len(edges[p]) == 0 {
			t.Errorf("no way leads out of phase %v", p)
		}
		if p.String() == "unknown" {
			t.Errorf("phase %d has no name", p)
		}
		if p != Idle && p != Failed && p != Stopping && !p.mayBecome(Stopping) {
			t.Errorf("phase %v cannot be stopped", p)
		}
	}
}

// TestIllegalTransitionsAreRefused names some that must not be in the table.
func TestIllegalTransitionsAreRefused(t *testing.T) {
	for _, e := range [][2]Phase{
		{Idle, Following}, {Opening, Following}, {Opening, CatchingUp},
		{CatchingUp, Following}, {Repairing, Following}, {Stopping, CatchingUp},
	} {
		if e[0].mayBecome(e[1]) {
			t.Errorf("%v may become %v", e[0], e[1])
		}
	}
}
