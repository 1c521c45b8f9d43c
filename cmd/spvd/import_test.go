package main

import (
	"fmt"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestAfterAnImportSyncedIsTrueAgainWhenAllIsFound imports into a daemon that is
// synced, and asks for the status over and over: as soon as it says synced, the
// wallet has everything. The same holds for a rescan.
func TestAfterAnImportSyncedIsTrueAgainWhenAllIsFound(t *testing.T) {
	o := newOwner(t, 1)
	ns := servePlan(t, 1, o.pay())
	_, c := ns.startSynced(t, t.TempDir())
	var nothing any
	for round := range 5 {
		name := fmt.Sprint("w", round)
		c.mustCall(t, "createwallet", fmt.Sprintf("[%q]", name), &nothing)
		in := c.of(name)
		in.mustCall(t, "importxpub", fmt.Sprintf("[%q,%q]", "savings", o.xpub()), &nothing)
		in.untilSynced(t)
		in.assertSpendable(t, 145e7)
		in.mustCall(t, "rescanwallet", "[0,true]", new(api.Job))
		in.untilSynced(t)
		var jobs []api.Job
		if in.mustCall(t, "listjobs", "[]", &jobs); len(jobs) == 0 || jobs[len(jobs)-1].State != api.JobDone {
			t.Errorf("synced with the jobs %+v", jobs)
		}
	}
}

// untilSynced asks for the status until it says synced.
func (c client) untilSynced(t *testing.T) {
	t.Helper()
	var st api.SyncStatus
	for !st.Synced {
		c.mustCall(t, "syncstatus", "[]", &st)
	}
}
