package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	rpcview "github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// following returns the status of a synced daemon.
func following(height int64, hash string) api.SyncStatus {
	st := rpcview.SyncStatus(rpctest.SyncedStatus(), time.Now())
	st.Tip = api.Tip{Height: height, Hash: hash}
	return st
}

// fetching returns the status of a daemon that fetches filters.
func fetching(current int64) api.SyncStatus {
	st := following(2000, "aa")
	st.Synced, st.Ready, st.Ratio, st.Phase = false, false, 0.5, "catching-up"
	st.Stages[1] = api.Stage{Name: api.StageFilters, Current: current, Target: 2000, Rate: 2500.5, ETA: 61}
	st.ETA = 65
	return st
}

// What fetching looks like in one line.
const (
	line1000 = " 50.0% catching-up, 1m 5s left, filters 1,000/2,000 2,500/s, 1 peer"
	line1500 = " 50.0% catching-up, 1m 5s left, filters 1,500/2,000 2,500/s, 1 peer"
)

// statuses are what the views of the tests are shown.
func statuses() []api.SyncStatus {
	lost := fetching(1500)
	lost.Peers = 0
	return []api.SyncStatus{
		fetching(1000), fetching(1000), fetching(1500),
		following(2000, "aa"), following(2000, "aa"), following(2001, "bb"),
		lost,
	}
}

// shown returns what a view writes for statuses, and its exit code.
func shown(t *testing.T, v *view, out *bytes.Buffer, list ...api.SyncStatus) (string, int) {
	t.Helper()
	for _, st := range list {
		if err := v.status(&st, nil); err != nil {
			t.Fatal(err)
		}
	}
	return out.String(), v.code
}

func TestViewInAFile(t *testing.T) {
	var out bytes.Buffer
	got, code := shown(t, newView(&console{out: &out}, false), &out, statuses()...)
	want := line1000 + "\n" + line1500 + "\n" +
		"synced at block 2,000 aa\nblock 2,001 bb\n" + strings.TrimSuffix(line1500, "1 peer") + "no peers\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if code != exitNoPeers {
		t.Errorf("exit code %d", code)
	}
}

func TestViewAsJSON(t *testing.T) {
	var out bytes.Buffer
	v := newView(&console{out: &out, screen: func() screen { return screen{80, 24, true} }}, true)
	text, code := shown(t, v, &out, fetching(1000), fetching(1000), following(2000, "aa"))
	if code != exitOK {
		t.Errorf("exit code %d", code)
	}
	var heights []int64
	for d := json.NewDecoder(&out); d.More(); {
		var st api.SyncStatus
		if err := d.Decode(&st); err != nil {
			t.Fatal(err)
		}
		heights = append(heights, st.Stages[1].Current)
	}
	if want := []int64{1000, 1000}; !slices.Equal(heights, want) || strings.ContainsAny(text, "\r\x1b") {
		t.Errorf("heights %v, want %v; output %q", heights, want, text)
	}
}

// watching runs spvctl in the background and returns its output line by line.
func watching(ctx context.Context, t *testing.T, args ...string) (lines *bufio.Scanner, wait func() int) {
	r, w := io.Pipe()
	var running sync.WaitGroup
	code := -1
	running.Go(func() {
		code = run(ctx, args, nil, &console{out: w, err: io.Discard})
		w.Close()
	})
	t.Cleanup(func() {
		r.Close()
		running.Wait()
	})
	return bufio.NewScanner(r), func() int {
		running.Wait()
		return code
	}
}

// expect fails the test unless the next line is the one.
func expect(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	if lines.Scan(); lines.Text() != want {
		t.Fatalf("got line %q, want %q", lines.Text(), want)
	}
}

// atTip returns the status of a daemon that is synced at a height.
func atTip(height consensus.Height) spv.Status {
	st := rpctest.SyncedStatus()
	st.Tip = consensus.BlockID{Height: height, Hash: chainhash.Hash{byte(height)}}
	return st
}

// fetchingFilters returns the status that fetching(1000) shows.
func fetchingFilters() spv.Status {
	st := atTip(2000)
	st.Synced, st.Ready, st.Ratio, st.Phase, st.ETA = false, false, 0.5, spv.CatchingUp, 65*time.Second
	st.Filters = spv.Progress{Current: 1000, Target: 2000, Rate: 2500.5, ETA: 61 * time.Second}
	return st
}

func TestWatchEndsWhenSynced(t *testing.T) {
	d := rpctest.NewOffline(t)
	d.SetStatus(fetchingFilters())
	lines, wait := watching(t.Context(), t, append(daemon(t, d.Registry), "status", "--watch")...)
	expect(t, lines, line1000)
	d.SetStatus(atTip(2001))
	expect(t, lines, "synced at block 2,001 "+atTip(2001).Tip.Hash.String())
	if lines.Scan() {
		t.Errorf("after the end came %q", lines.Text())
	}
	if code := wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestWatchForeverFollowsBlocks(t *testing.T) {
	d := rpctest.NewOffline(t)
	d.SetStatus(atTip(2000))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	lines, wait := watching(ctx, t, append(daemon(t, d.Registry), "status", "--forever")...)
	expect(t, lines, "synced at block 2,000 "+atTip(2000).Tip.Hash.String())
	d.SetStatus(atTip(2001))
	expect(t, lines, "block 2,001 "+atTip(2001).Tip.Hash.String())
	cancel()
	if code := wait(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestWatchTellsWhenTheDaemonGoes(t *testing.T) {
	d := rpctest.NewOffline(t)
	d.SetStatus(fetchingFilters())
	address, stop := rpctest.Start(t, rpctest.Config(d.Registry))
	lines, wait := watching(t.Context(), t, "-A", t.TempDir(), "-s", address, "--notls",
		"-u", rpctest.User, "-P", rpctest.Password, "status", "--watch")
	expect(t, lines, line1000)
	stop()
	if code := wait(); code != exitNotRunning {
		t.Errorf("exit code %d", code)
	}
}
