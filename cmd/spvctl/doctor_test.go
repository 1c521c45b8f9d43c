package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/spv"
)

// states runs the doctor and returns what it says of each check.
func states(t *testing.T, flags []string) (code int, states map[string]finding) {
	t.Helper()
	got := spvctl(t, "", append(flags, "doctor", "--json")...)
	var findings []finding
	if err := json.Unmarshal([]byte(got.out), &findings); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	states = make(map[string]finding)
	for _, f := range findings {
		states[f.Check] = f
	}
	return got.code, states
}

func TestDoctor(t *testing.T) {
	alone := rpctest.SyncedStatus()
	alone.Synced, alone.Ready, alone.Peers, alone.Reason, alone.Hint = false, false, 0, "No peer is connected.", "Check."
	syncing := rpctest.SyncedStatus()
	syncing.Synced, syncing.Ready, syncing.Ratio, syncing.Reason = false, false, 0.5, "Fetching filters."
	corrupt := rpctest.SyncedStatus()
	corrupt.Warnings = []spv.Warning{{Code: api.WarningStoreCorrupt, Text: "Moved aside.", Hint: "Check the disk."}}
	early := rpctest.SyncedStatus()
	early.TipTime = time.Now().Add(time.Hour)
	failed := alone
	failed.Err = errors.New("disk full")
	for _, test := range []struct {
		name   string
		status spv.Status
		code   int
		want   map[string]string
	}{
		{"synced", rpctest.SyncedStatus(), 0, map[string]string{"settings": "ok", "daemon": "ok", "store": "ok", "clock": "ok", "network": "ok", "sync": "ok"}},
		{"syncing", syncing, 0, map[string]string{"sync": "wait", "store": "ok"}},
		{"alone", alone, 1, map[string]string{"network": "bad", "sync": "bad", "store": "ok"}},
		{"corrupt store", corrupt, 1, map[string]string{"store": "bad", "sync": "ok"}},
		{"wrong clock", early, 1, map[string]string{"clock": "bad"}},
		{"failed", failed, 1, map[string]string{"store": "bad", "sync": "bad"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := rpctest.NewOffline(t)
			d.SetStatus(test.status)
			if test.status.Peers > 0 {
				d.Answer("getpeerinfo", []api.PeerInfo{{Role: "outbound"}})
			}
			code, got := states(t, daemon(t, d.Registry))
			disk := got["disk"]
			if disk.State == stateBad { // of this machine
				code = test.code
			}
			if disk.Text == "" || code != test.code {
				t.Errorf("exit code %d, %+v", code, got)
			}
			for check, want := range test.want {
				if f := got[check]; f.State != want || f.Text == "" || want == stateBad && f.Hint == "" {
					t.Errorf("%s: %+v, want %s", check, f, want)
				}
			}
		})
	}
}

func TestDoctorWithoutADaemon(t *testing.T) {
	code, got := states(t, []string{"--appdata", t.TempDir()})
	if code != exitError || got["settings"].State != stateBad || !strings.Contains(got["settings"].Text, "start it: spvd") {
		t.Errorf("exit code %d, %+v", code, got)
	}
	code, got = states(t, []string{"--appdata", t.TempDir(), "--notls", "-u", "a", "-P", "b", "--rpcserver", "127.0.0.1:1"})
	if code != exitError || got["daemon"].State != stateBad || !strings.Contains(got["daemon"].Text, "not running") {
		t.Errorf("exit code %d, %+v", code, got)
	}
}

func TestDoctorForPeople(t *testing.T) {
	got := spvctl(t, "", append(daemon(t, rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 2}).Registry), "doctor")...)
	if !strings.Contains(got.out, "\nnetwork  ok   1 peer is connected, the highest claims 2.\n") {
		t.Errorf("got %+v", got)
	}
}

func TestJudgeDisk(t *testing.T) {
	for free, want := range map[int64]string{-1: stateWait, 0: stateBad, leastFree - 1: stateBad, leastFree: stateGood} {
		if f := judgeDisk(free); f.State != want {
			t.Errorf("%d bytes free: %+v", free, f)
		}
	}
}
