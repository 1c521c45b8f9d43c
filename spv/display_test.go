package spv

import (
	"log/slog"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// TestADisplayShowsChangesOnly shows the same facts twice, and then others.
func TestADisplayShowsChangesOnly(t *testing.T) {
	board, synced := newStatusBoard(), 0
	var doubts []string
	d := newDisplay(displayDeps{
		board: board, log: slog.New(slog.DiscardHandler), synced: func() { synced++ },
		seek: func(doubt string) { doubts = append(doubts, doubt) },
	})
	f := inStep()
	f.open = true
	d.status.Phase = f.phase
	d.show(f, time.Unix(0, 0))
	first := board.status()
	if !first.Synced || first.Ratio != 1 || first.Tip != f.tip || synced != 1 {
		t.Fatalf("shown is %+v, synced %d times", first, synced)
	}
	if d.show(f, time.Unix(1, 0)); board.status() != first || synced != 1 {
		t.Errorf("the same facts were shown again as %+v", board.status())
	}
	f.mute = f.peers
	f.scanned = consensus.BlockID{}
	d.show(f, time.Unix(2, 0))
	if st := board.status(); st.Synced || st.Ratio == 1 || st.Seq != first.Seq+1 {
		t.Errorf("shown is %+v", st)
	}
	if len(doubts) != 1 || doubts[0] == "" {
		t.Errorf("the doubts are %q", doubts)
	}
}

// TestShownWarningsDoNotChange adds and removes warnings of a status that was shown.
func TestShownWarningsDoNotChange(t *testing.T) {
	d := newDisplay(displayDeps{log: slog.New(slog.DiscardHandler)})
	d.warnOnce("a", "first", "")
	d.warnOnce("b", "second", "")
	shown := d.status.Warnings
	d.unwarn("a")
	d.warn("c", "third", "")
	d.warnOnce("b", "second", "")
	if len(shown) != 2 || shown[0].Code != "a" || shown[1].Code != "b" {
		t.Errorf("the shown warnings became %+v", shown)
	}
	if w := d.status.Warnings; len(w) != 2 || w[0].Code != "b" || w[1].Code != "c" || d.warned("a") || !d.warned("b", "second") || d.warned("b", "other") {
		t.Errorf("the warnings are %+v", w)
	}
}
