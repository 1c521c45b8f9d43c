package spv

import (
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
)

// inStep are facts under which everything is at the tip.
func inStep() facts {
	tip := chain.BlockID{Height: 100, Hash: chainhash.Hash{1}}
	return facts{phase: Following, peers: 2, shown: true, staged: 100, tip: tip, filters: tip, scanned: tip,
		best: 100, enough: true}
}

// TestSyncedNeedsEveryFact takes away one fact after the other.
func TestSyncedNeedsEveryFact(t *testing.T) {
	if f := inStep(); !f.synced() {
		t.Fatal("not synced with everything at the tip")
	}
	other := chain.BlockID{Height: 100, Hash: chainhash.Hash{2}}
	for name, take := range map[string]func(*facts){
		"not following":           func(f *facts) { f.phase = Rescanning },
		"no peer":                 func(f *facts) { f.peers = 0 },
		"no peer has answered":    func(f *facts) { f.shown = false },
		"long runs of headers":    func(f *facts) { f.leading = true },
		"a header not yet stored": func(f *facts) { f.staged = 101 },
		"a filter missing":        func(f *facts) { f.filters.Height = 99 },
		"wallet behind":           func(f *facts) { f.scanned.Height = 99 },
		"wallet on a branch":      func(f *facts) { f.scanned = other },
		"not enough work":         func(f *facts) { f.enough = false },
		"stale tip":               func(f *facts) { f.stale = true },
	} {
		f := inStep()
		take(&f)
		if f.synced() {
			t.Errorf("synced with: %s", name)
		}
		if reason, _ := f.reason(); strings.HasPrefix(reason, "Synced") {
			t.Errorf("with %s the reason is %q", name, reason)
		}
	}
}

// TestEveryPhaseHasAReason demands a sentence for each of them.
func TestEveryPhaseHasAReason(t *testing.T) {
	for p := Idle; p <= Failed; p++ {
		f := inStep()
		f.phase = p
		if reason, _ := f.reason(); !strings.HasSuffix(reason, ".") {
			t.Errorf("phase %v: reason %q is not a sentence", p, reason)
		}
	}
}
