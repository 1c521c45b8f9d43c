package main

import (
	"bytes"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

func TestStatusTable(t *testing.T) {
	st := fetching(1000)
	st.Reason, st.Hint = "Fetching filters.", "Wait."
	st.Tip = api.Tip{Height: 2000, Hash: "aa", Time: 1600000000, Age: 61}
	st.Peers, st.Best = 3, api.Best{Height: 2100, Peers: 2}
	st.LastReorg = &api.Reorg{Time: 1600000000, Fork: api.BlockID{Height: 1990}, Depth: 3}
	st.Warnings = []api.Warning{{Text: "The clock is wrong.", Hint: "Set it."}, {Text: "The disk is full."}}
	st.Error = "it broke"
	const want = `synced     no
phase      catching-up
           Fetching filters.
           Wait.
error      it broke
progress   50.0%, 1m 5s left
headers    1,000 of 1,000
filters    1,000 of 2,000, 2,500 per second, 1m 1s left
rescan     1,000 of 1,000
tip        2,000
           aa
           2020-09-13 12:26:40 UTC (1m 1s ago)
peers      3, 2 of them at 2,100 or above
reorg      3 blocks above 1,990, 2020-09-13 12:26:40 UTC
warning    The clock is wrong.
           Set it.
warning    The disk is full.
`
	var out bytes.Buffer
	writeStatus(&out, &st)
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// Before the store is open there is no tip to show.
func TestStatusTableBeforeTheStoreIsOpen(t *testing.T) {
	var out bytes.Buffer
	writeStatus(&out, &api.SyncStatus{Phase: "opening", Reason: "Opening the store."})
	const want = "synced     no\nphase      opening\n           Opening the store.\nprogress   0.0%\npeers      none\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
