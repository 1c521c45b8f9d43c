package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestSnapshotOfADaemonWithoutOne says how to have one written.
func TestSnapshotOfADaemonWithoutOne(t *testing.T) {
	d := rpctest.NewOffline(t)
	got := spvctl(t, "", append(daemon(t, d.Registry), "snapshot")...)
	if got != (outcome{0, "no snapshot is written (start spvd with --snapshotdir DIR)\n", ""}) {
		t.Errorf("got %+v", got)
	}
}

// TestSnapshotTable: a line for each segment, a sum, and what is wrong; text of the daemon cannot
// move the cursor.
func TestSnapshotTable(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	s := api.Snapshot{
		Directory: "/srv/\x1bsnapshots", Size: 9_000_000, Trouble: "disk full\x07",
		Segments: []api.SnapshotSegment{
			{First: 0, Last: 16383, Hash: hash, HeadersSize: 2_949_120, FiltersSize: 1_200_000, State: "verified"},
			{First: 16384, Last: 32767, Hash: hash, HeadersSize: 2_949_120, FiltersSize: 999, State: "listed"},
		},
	}
	const want = `BLOCKS         HEADERS  FILTERS  STATE     LAST BLOCK
0–16,383        2.9 MB   1.2 MB  verified  HASH
16,384–32,767   2.9 MB    999 B  listed    HASH
2 segments in /srv/\x1bsnapshots, 1 verified, 9.0 MB
nothing is written at the moment: disk full\a
`
	var b bytes.Buffer
	if err := writeSnapshot(&b, s); err != nil || b.String() != strings.ReplaceAll(want, "HASH", hash) {
		t.Errorf("got %v\n%s\nwant\n%s", err, b.String(), want)
	}
}
