package spv

import (
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/filtersync"
)

// inStep are facts under which everything is at the tip.
func inStep() facts {
	tip := consensus.BlockID{Height: 100, Hash: chainhash.Hash{1}}
	return facts{phase: Following, peers: 2, shown: true, staged: 100, tip: tip, filters: tip, scanned: tip, pinned: pinned{weighed: true},
		best: 100, enough: true}
}

// TestSyncedNeedsEveryFact takes away one fact after the other.
func TestSyncedNeedsEveryFact(t *testing.T) {
	if f := inStep(); !f.synced() {
		t.Fatal("not synced with everything at the tip")
	}
	other := consensus.BlockID{Height: 100, Hash: chainhash.Hash{2}}
	for name, take := range map[string]func(*facts){
		"not following":           func(f *facts) { f.phase = Rescanning },
		"no peer":                 func(f *facts) { f.peers = 0 },
		"no peer has answered":    func(f *facts) { f.shown = false },
		"long runs of headers":    func(f *facts) { f.fetchingTail = true },
		"a header not yet stored": func(f *facts) { f.staged = 101 },
		"a filter missing":        func(f *facts) { f.filters.Height = 99 },
		"wallet behind":           func(f *facts) { f.scanned.Height = 99 },
		"wallet on a branch":      func(f *facts) { f.scanned = other },
		"not enough work":         func(f *facts) { f.enough = false },
		"stale tip":               func(f *facts) { f.stale = true },
		"dials in progress":       func(f *facts) { f.gathering = true },
		"a peer that claims more": func(f *facts) { f.awaited = []string{"10.0.0.1"} },
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

// TestAReasonTellsWhomIsWaitedFor spells out the sentences of waiting.
func TestAReasonTellsWhomIsWaitedFor(t *testing.T) {
	waiting := func(change func(*facts)) facts {
		f := inStep()
		f.phase, f.peers, f.staged, f.best = CatchingUp, 3, 1_107_100, 1_107_100
		f.filters.Height = 1_107_000
		change(&f)
		return f
	}
	missing := func(failed int) func(*facts) {
		return func(f *facts) { f.missing = filtersync.Delay{From: 1_107_001, To: 1_107_100, Failed: failed} }
	}
	for _, test := range []struct {
		change func(*facts)
		reason string
		hint   bool
	}{
		{func(*facts) {}, "Fetching filters: 1,107,000 of 1,107,100, from 3 peers.", false},
		{missing(1), "3 peers connected, 1 of them without filters for 1,107,001–1,107,100: asking 2 more.", false},
		{missing(3), "3 peers connected, none has filters for 1,107,001–1,107,100 of the chain with the most work: complete to block 1,107,000, asking again.", true},
		{func(f *facts) { f.fetchingTail, f.mute, f.staged = true, 3, 999 },
			"3 peers connected, none answers requests for headers after 999: asking again.", true},
		{func(f *facts) { f.fetchingTail, f.mute = true, 2 }, "Fetching headers: 1,107,100 of about 1,107,100, from 3 peers.", false},
		{func(f *facts) { f.filters.Height, f.shown, f.mute = f.staged, false, 3 },
			"3 peers connected, none has answered what its newest block is: asking again.", true},
		{func(f *facts) { f.filters.Height, f.enough = f.staged, false },
			"3 peers connected, with only 100 blocks: less than this network is known to have.", true},
	} {
		reason, hint := waiting(test.change).reason()
		if reason != test.reason || (hint != "") != test.hint {
			t.Errorf("got  %q, hint %q\nwant %q, a hint: %v", reason, hint, test.reason, test.hint)
		}
	}
}

// TestPeersWithoutAnAnswerAreNamed spells out the sentences about them.
func TestPeersWithoutAnAnswerAreNamed(t *testing.T) {
	for _, test := range []struct {
		awaited, unanswered []string
		answered            int
		reason              string
		equal               bool // those that are waited for do not claim more
	}{
		{nil, nil, 2, "Synced at height 100 with 2 peers.", false},
		{nil, []string{"10.0.0.1"}, 1, "Synced at height 100 with 1 peer; no answer from 10.0.0.1.", false},
		{nil, []string{"10.0.0.1", "2001:db8::/64"}, 0, "Synced at height 100; no answer from 10.0.0.1 and 2001:db8::/64.", false},
		{nil, []string{"a", "b", "c", "d", "e"}, 3, "Synced at height 100 with 3 peers; no answer from a, b, c and 2 more.", false},
		{[]string{"a"}, nil, 1, "Waiting for a: has not answered yet, but claimed more than block 100.", false},
		{[]string{"a", "b", "c"}, nil, 1, "Waiting for a, b and c: have not answered yet, but claimed more than block 100.", false},
		{[]string{"a"}, nil, 1, "Waiting for a: has not shown all it has yet.", true},
		{[]string{"a", "b"}, nil, 1, "Waiting for a and b: have not shown all they have yet.", true},
	} {
		f := inStep()
		f.awaited, f.unanswered, f.answered = test.awaited, test.unanswered, test.answered
		f.more = !test.equal
		if reason, _ := f.reason(); reason != test.reason {
			t.Errorf("got  %q\nwant %q", reason, test.reason)
		}
	}
}

// TestEveryWaitingStateHasAReasonAndAHint goes through all combinations of facts.
// Each has one sentence that does not say synced unless it is true. Each in which
// the sync waits for others and cannot go on by itself says what a user can do; one
// in which it goes on has no such hint.
func TestEveryWaitingStateHasAReasonAndAHint(t *testing.T) {
	sentences := make(map[string]bool)
	each := func(f facts) {
		reason, hint := f.reason()
		if !strings.HasSuffix(reason, ".") || hint != "" && !strings.HasSuffix(hint, ".") {
			t.Fatalf("%+v: reason %q, hint %q: no sentences", f, reason, hint)
		}
		if strings.HasPrefix(reason, "Synced") != f.synced() {
			t.Fatalf("%+v: synced is %v, but %q", f, f.synced(), reason)
		}
		if waits := stuck(f); waits != (hint != "") {
			t.Fatalf("%+v: waiting %v: reason %q, hint %q", f, waits, reason, hint)
		}
		sentences[strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == ',' {
				return -1
			}
			return r
		}, reason)] = true
	}
	both := []bool{false, true}
	for phase := Idle; phase <= Failed; phase++ {
		for bits := range 1 << 10 {
			flag := func(i int) bool { return both[bits>>i&1] }
			for _, mute := range []int{0, 1, 3} {
				for _, failed := range []int{0, 1, 3} {
					f := inStep()
					f.phase, f.peers, f.mute = phase, 3, mute
					f.importing = importProgress{source: "a source", target: 100, listed: flag(0)}
					f.shown, f.fetchingTail, f.enough, f.stale = flag(0), flag(1), flag(2), flag(3)
					if flag(4) {
						f.peers = 0
					}
					if flag(5) {
						f.filters.Height, f.missing = 50, filtersync.Delay{From: 51, To: 100, Failed: failed}
					}
					if flag(6) {
						f.scanned.Height = 40
					}
					if flag(7) {
						f.gathering = true
					}
					if flag(8) {
						f.awaited, f.more = []string{"10.0.0.1"}, true
					}
					if flag(9) {
						f.awaited = []string{"10.0.0.1"}
					}
					each(f)
				}
			}
		}
	}
	if len(sentences) != 23 {
		t.Errorf("there are %d different sentences: is there a state that this test does not know?", len(sentences))
	}
}

// stuck reports whether nothing but others can take the sync further.
func stuck(f facts) bool {
	switch {
	case f.phase == Failed:
		return true
	case f.phase < CatchingUp || f.phase > Following:
		return false
	case f.peers == 0:
		return true
	case f.fetchingTail:
		return f.mute >= f.peers
	case f.filters.Height < f.staged:
		return f.missing.Failed >= f.peers
	case !f.enough:
		return true
	case !f.shown:
		return f.mute >= f.peers
	}
	return f.stale && f.scanned == f.tip
}

func TestProgressOf(t *testing.T) {
	done := progressOf(100, 50, 0)
	if !done.Done() || done.Target != 100 {
		t.Errorf("a stage beyond its target is %+v", done)
	}
	if p := progressOf(50, 100, 10); p.ETA != 5*time.Second {
		t.Errorf("50 blocks at 10 blocks/s take %v", p.ETA)
	}
}

// TestASyncWithoutFiltersSaysWhich has peers that are silent about filters.
func TestASyncWithoutFiltersSaysWhich(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		var peers []*fakePeer
		for range 2 {
			peers = append(peers, h.net.join(&fakePeer{chain: c, latency: latency, silentFilters: true}))
		}
		h.start()
		h.until(time.Minute, "telling which filters are missing", func(st Status) bool {
			return st.Reason == "2 peers connected, none has filters for 1–100 of the chain with the most work: complete to block 0, asking again." &&
				st.Hint != ""
		})
		h.net.change(peers[1], func(p *fakePeer) { p.silentFilters = false })
		h.untilSyncedTo(time.Minute, c)
	})
}

// TestAWithheldBranchIsNamed has a peer that shows a branch with more work, but
// not its filters. What is asked for is said, and how far the rest is complete;
// a chain with even more work that comes with filters is followed.
func TestAWithheldBranchIsNamed(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		peer := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)

		branch := c.Fork(c.Height()-3, 5, 2)
		h.net.change(peer, func(p *fakePeer) { p.silentFilters = true })
		h.net.extend(peer, branch)
		h.until(time.Minute, "telling which filters are missing", func(st Status) bool {
			return st.Reason == "1 peer connected, none has filters for 298–302 of the chain with the most work: complete to block 297, asking again." &&
				!st.Synced && st.Hint != ""
		})
		h.net.change(peer, func(p *fakePeer) { p.silentFilters = false })
		h.untilSyncedTo(time.Minute, branch)
	})
}
