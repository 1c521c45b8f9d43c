package wallet

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
)

// The filters that a set needs begin with the earliest birthday of anything, whichever way it was
// given, and with the first block while nothing is known about that.
func TestFiltersFrom(t *testing.T) {
	w := newWorld(t, 7)
	for range 40 {
		w.random()
	}
	at := w.tip().Header.Time().Add(time.Hour)
	none := Birthday{Height: math.MaxInt32 - 1}
	cfg := SetConfig{Dir: t.TempDir(), Params: testConfig("", Birthday{}).Params}
	s := NewSet(cfg)
	want := func(h consensus.Height, since time.Time) {
		t.Helper()
		if got, date := s.FiltersFrom(); got != h || !date.Equal(since) {
			t.Errorf("filters from %d, %v; want %d, %v", got, date, h, since)
		}
	}
	want(0, time.Time{}) // imports without a birthday are as old as the chain
	s.cfg.ImportsBorn = &none
	want(none.Height, time.Time{})
	s.cfg.ImportsBorn = &Birthday{Time: at}
	want(consensus.Never, at.Add(-state.BirthdayMargin))
	s.cfg.ImportsBorn = &Birthday{After: w.tip().BlockID}
	want(w.tip().Height+1, time.Time{})
	s.cfg.ImportsBorn = &none

	s.cfg.FiltersOnDemand = true
	want(consensus.Never, time.Time{}) // they are fetched when something is imported
	s.cfg.FiltersOnDemand = false

	x, err := s.Create("a", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	want(none.Height, time.Time{})
	importTest(t, x, "a", 1, AccountOptions{Birthday: &Birthday{Height: 30}})
	want(30, time.Time{})
	s.cfg.FiltersOnDemand, s.cfg.ImportsBorn = true, nil
	want(30, time.Time{})
	s.cfg.FiltersOnDemand, s.cfg.ImportsBorn = false, &none
	importTest(t, x, "b", 2, AccountOptions{Birthday: &Birthday{Time: at}})
	want(30, at.Add(-state.BirthdayMargin))
	w.sync(x, 1000)
	first := slices.IndexFunc(w.main, func(b chain.Block) bool { return !b.Header.Time().Before(at.Add(-state.BirthdayMargin)) })
	want(min(30, consensus.Height(first)), time.Time{})

	if err := os.WriteFile(filepath.Join(cfg.Dir, "broken.db"), []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.OpenAll(); err != nil {
		t.Fatal(err)
	}
	want(0, time.Time{}) // what the wallet needs that cannot be read is not known
}
