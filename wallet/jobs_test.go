package wallet

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// jobsOf renders the jobs of a wallet on a chain.
func (w *world) jobsOf(x *Wallet) string {
	var lines []string
	for _, j := range x.Jobs(w.tip().Height, true) {
		lines = append(lines, fmt.Sprintf("%d %s %s %d %d/%d", j.ID, j.Kind, j.State, j.From, j.At, j.Target))
	}
	return strings.Join(lines, "; ")
}

func (w *world) wantJobs(x *Wallet, want string) {
	w.t.Helper()
	if got := w.jobsOf(x); got != want {
		w.t.Fatalf("jobs are %q, want %q", got, want)
	}
}

// plain is a world of blocks that pay none of the wallets.
func plain(t *testing.T, blocks int) *world {
	w := newWorld(t, 1)
	for range blocks {
		w.random()
	}
	return w
}

func TestJobsTellOfEverySearch(t *testing.T) {
	w, x := plain(t, 100), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	w.wantJobs(x, "1 import running 1 0/100")
	w.step(x, 30)
	w.wantJobs(x, "1 import running 1 30/100")
	w.sync(x, 50)
	w.wantJobs(x, "1 import done 1 100/100")
	if err := x.Rescan(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	w.wantJobs(x, "1 import done 1 100/100; 2 rescan running 11 10/100")
	w.step(x, 30)
	importTest(t, x, "b", 2, AccountOptions{Gap: 5})
	w.wantJobs(x, "1 import done 1 100/100; 2 rescan running 11 40/100; 3 import queued 1 0/100")
	w.step(x, 100)
	w.wantJobs(x, "1 import done 1 100/100; 2 rescan done 11 100/100; 3 import running 1 0/100")
	w.step(x, 40)
	w.wantJobs(x, "1 import done 1 100/100; 2 rescan done 11 100/100; 3 import running 1 40/100")
	w.sync(x, 100)
	if j := x.Jobs(100, true)[2]; j.State != JobDone || j.Ended.IsZero() || j.Began.IsZero() || !j.Over() {
		t.Errorf("%+v", j)
	}
	// A window that grows is searched for as well.
	x.cfg.SearchIssued = true
	for range 11 { // one more than are watched
		if _, err := x.NewAddress(t.Context(), "a", hd.External, GapIgnore); err != nil {
			t.Fatal(err)
		}
	}
	if got := x.Jobs(100, true)[3]; got.Kind != DiscoveryJob || got.State != JobRunning || got.From != 1 {
		t.Errorf("%+v", got)
	}
	w.sync(x, 100)
	if got := x.Jobs(100, true)[3]; got.State != JobDone {
		t.Errorf("%+v", got)
	}
}

// TestJobsOutlastARestart: a job goes on where it was, and is listed.
func TestJobsOutlastARestart(t *testing.T) {
	w := plain(t, 100)
	path := filepath.Join(t.TempDir(), "w.db")
	x, err := Open(testConfig(path, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	reopen := func() {
		t.Helper()
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		if x, err = Open(testConfig(path, Birthday{})); err != nil {
			t.Fatal(err)
		}
	}
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	w.sync(x, 100)
	if err := x.Rescan(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	w.step(x, 60)
	reopen()
	w.wantJobs(x, "1 import done 1 100/100; 2 rescan running 1 60/100")
	w.step(x, 39)
	reopen()
	w.sync(x, 10)
	w.wantJobs(x, "1 import done 1 100/100; 2 rescan done 1 100/100")
	if err := errors.Join(x.Check(t.Context()), x.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestCancelLeavesTheFormerPosition: without the rescan, the wallet is where it
// was, also when something else was being searched for, and when two are going on.
func TestCancelLeavesTheFormerPosition(t *testing.T) {
	w, x := plain(t, 280), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	w.sync(x, 1000) // in one step, so that all blocks are remembered
	rescan := func(from consensus.Height) uint32 {
		t.Helper()
		id, err := x.StartRescan(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	cancel := func(id uint32, want error) {
		t.Helper()
		if err := x.CancelJob(t.Context(), id); !errors.Is(err, want) {
			t.Fatalf("canceling job %d: %v, want %v", id, err, want)
		}
	}
	place := func() string {
		p := x.store.Now().Progress
		return fmt.Sprint(p.Cursor, p.Tip, p.Fresh, p.Scan() && p.Scanning > 0)
	}
	before, said := place(), minedTold(t, x)
	id := rescan(1)
	w.step(x, 50)
	cancel(id, nil)
	if now := place(); now != before || !slices.Equal(minedTold(t, x), said) {
		t.Errorf("at %s, was %s", now, before)
	}
	cancel(id, ErrJobOver)
	cancel(99, ErrNoJob)

	importTest(t, x, "b", 2, AccountOptions{Gap: 5})
	for range 20 {
		w.step(x, 10)
	}
	cancel(id+1, ErrJobNeeded)
	before = place()
	first := rescan(100)
	w.step(x, 10)
	second := rescan(20)
	w.step(x, 10)
	cancel(first, nil)
	if at := x.Status().Scanned.Height; at != 29 {
		t.Errorf("at %d without the first of two rescans, want 29", at)
	}
	cancel(second, nil)
	if now := place(); now != before {
		t.Errorf("at %s, was %s", now, before)
	}
	w.sync(x, 10)
	w.wantJobs(x, "1 import done 1 280/280; 2 rescan canceled 1 50/280; 3 import done 1 280/280; "+
		"4 rescan canceled 100 109/280; 5 rescan canceled 20 29/280")
	checkBalances(t, w, x)
}

// TestStepUnderWayIsDroppedByCancel: what was matched for a rescan is not applied
// after its end.
func TestStepUnderWayIsDroppedByCancel(t *testing.T) {
	w, x := plain(t, 50), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	w.sync(x, 10)
	id, err := x.StartRescan(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	u := w.since(x.steps.Locator(), 10)
	if err := x.CancelJob(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.take(x, u)
	if s := x.Status(); s.Scanned != s.Tip || s.Tip != w.tip().BlockID {
		t.Errorf("%+v", s)
	}
}

// TestSearchOfAnOlderFormatBecomesAJob: a file without jobs tells of the search
// it was in.
func TestSearchOfAnOlderFormatBecomesAJob(t *testing.T) {
	w, x := plain(t, 100), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	w.sync(x, 10)
	importTest(t, x, "b", 2, AccountOptions{Gap: 5})
	w.step(x, 10)
	err := x.store.DB.Update(func(tx *bolt.Tx) error {
		return errors.Join(tx.DeleteBucket(state.JobsBucket), state.UpgradeFrom(tx, 1))
	})
	if err := errors.Join(err, x.store.Load()); err != nil {
		t.Fatal(err)
	}
	w.wantJobs(x, "")
	w.step(x, 10)
	w.wantJobs(x, "1 discovery running 21 20/100")
	w.sync(x, 100)
	w.wantJobs(x, "1 discovery done 21 100/100")
}

// TestOldJobsAreForgotten bounds the list.
func TestOldJobsAreForgotten(t *testing.T) {
	w, x := plain(t, 5), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	w.sync(x, 10)
	for range state.KeptJobs + 10 {
		if err := x.Rescan(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		w.sync(x, 10)
	}
	jobs := x.Jobs(5, true)
	if len(jobs) != state.KeptJobs || jobs[len(jobs)-1].ID != state.KeptJobs+11 {
		t.Errorf("%d jobs are left, the last is %+v", len(jobs), jobs[len(jobs)-1])
	}
}
