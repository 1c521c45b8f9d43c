package main

import (
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestPeersAreSteered checks that what the user does about peers reaches the pool,
// and that bans are there after a restart.
func TestPeersAreSteered(t *testing.T) {
	dir := t.TempDir()
	d := startDaemon(t, "--notls", "--appdata", dir, "--addpeer=127.0.0.1:1")
	c := dial(t, d, dir)
	calls := func(method string, want bool, params string) {
		t.Helper()
		if err := c.callWith(t, method, params, new(any)); (err == nil) != want {
			t.Errorf("%s %s: %v, want success %v", method, params, err, want)
		}
	}
	calls("addnode", true, `["127.0.0.1:2", "add"]`)
	calls("addnode", false, `["127.0.0.1:2", "add"]`)
	var added []string
	if err := c.callWith(t, "getaddednodeinfo", "[false]", &added); err != nil || len(added) != 2 || added[1] != "127.0.0.1:2" {
		t.Errorf("added %q, %v", added, err)
	}
	calls("node", true, `["remove", "127.0.0.1:1"]`)
	calls("node", true, `["connect", "127.0.0.1:3", "temp"]`)
	calls("disconnectnode", false, `["127.0.0.1:9"]`)
	calls("disconnectnode", false, `["", 9]`)
	calls("setban", true, `["192.0.2.66", "add", 60]`)
	calls("setban", true, `["192.0.2.67", "add"]`)
	calls("unban", true, `["192.0.2.67"]`)
	calls("unban", false, `["192.0.2.67"]`)
	var totals api.NetTotals
	if err := c.call(t, "getnettotals", &totals); err != nil || totals.TimeMillis == 0 {
		t.Errorf("totals %+v, %v", totals, err)
	}
	d.stop()
	if code := d.end(); code != exitClean {
		t.Fatalf("exit code %d", code)
	}

	d = startDaemon(t, "--notls", "--appdata", dir)
	c = dial(t, d, dir)
	var bans []api.Ban
	if err := c.call(t, "listbans", &bans); err != nil || len(bans) != 1 || bans[0].Address != "192.0.2.66" ||
		bans[0].BanDuration != 60 || bans[0].TimeRemaining > 60 || bans[0].Reason != "banned by the user" {
		t.Errorf("bans %+v, %v", bans, err)
	}
}
