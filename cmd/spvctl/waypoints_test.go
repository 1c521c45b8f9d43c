package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/spv/consensus"
)

func TestWaypoints(t *testing.T) {
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 25})
	flags := daemon(t, d.Registry)
	const tip = 25
	block := func(height consensus.Height) string {
		return fmt.Sprintf("%d %v\n", height, d.Node.Chain().ID(height).Hash)
	}
	got := spvctl(t, "", append(flags, "waypoints", "--every", "10", "--depth", "4")...)
	store, err := d.Core.Syncer.Chain()
	if err != nil {
		t.Fatal(err)
	}
	work, err := store.WorkAt(tip - 4)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("# Blocks of the chain of a synced spvd, and the work of that chain up to block %d.\n", tip-4) +
		block(10) + block(20) + block(tip-4) + fmt.Sprintf("work %x\n", work.Bytes())
	if got != (outcome{0, want, ""}) {
		t.Errorf("got %+v\nwant %s", got, want)
	}
	for args, want := range map[string]string{
		"":                          fmt.Sprintf("the chain has only %d blocks", tip),
		"--every 0":                 "--every must be at least 1",
		"--depth -1":                "depth",
		"--every 10 words":          `unexpected "words"`,
		fmt.Sprint("--depth ", tip): "choose a smaller --depth",
	} {
		got := spvctl(t, "", append(append(flags, "waypoints"), strings.Fields(args)...)...)
		if got.code == 0 || got.out != "" || !strings.Contains(got.err, want) {
			t.Errorf("waypoints %s: %+v", args, got)
		}
	}
}

func TestWaypointsOfADaemonThatIsNotSynced(t *testing.T) {
	d := rpctest.NewOffline(t)
	st := rpctest.SyncedStatus()
	st.Synced, st.Ready, st.Reason = false, false, "No peer is connected."
	d.SetStatus(st)
	got := spvctl(t, "", append(daemon(t, d.Registry), "waypoints")...)
	if got.code != 1 || got.out != "" || !strings.Contains(got.err, "not synced: No peer is connected.") {
		t.Errorf("got %+v", got)
	}
}
