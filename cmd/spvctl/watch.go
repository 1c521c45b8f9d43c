package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/wait"
)

// watchInterval is the period in which the status is polled.
const watchInterval = 500 * time.Millisecond

// watch shows the progress until the daemon is synced, or with forever until the user
// interrupts. It returns the exit code for the last status.
func watch(ctx context.Context, in *invocation, c *client, forever bool) (int, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	show := newView(in.console, in.opts.JSON)
	for {
		st, peers, err := show.look(ctx, c)
		switch {
		case ctx.Err() != nil:
			return show.code, nil
		case err != nil:
			return exitError, err
		}
		if err := show.status(st, peers); err != nil {
			return exitError, err
		}
		if st.Synced && !forever {
			return show.code, nil
		}
		if wait.For(ctx, watchInterval) != nil {
			return show.code, nil
		}
	}
}

// view holds the progress that was shown last. On a terminal a picture is drawn over the one
// before, elsewhere a line is written when it differs from the last one; a new tip of a
// synced chain gets a line of its own on both.
type view struct {
	*console
	json   bool
	canvas canvas

	code   int    // for the last status
	line   string // the last line written, but for those that stay
	synced bool   // in the last status
	tip    api.Tip
}

// newView returns a view that has shown nothing yet.
func newView(con *console, json bool) *view {
	return &view{console: con, json: json, canvas: canvas{out: con.drawing()}}
}

// draws reports whether pictures are drawn.
func (v *view) draws() bool { return v.screen != nil && !v.json }

// look reads the status and, for pictures, the peers.
func (v *view) look(ctx context.Context, c *client) (*api.SyncStatus, []api.PeerInfo, error) {
	var st api.SyncStatus
	if err := c.call(ctx, syncStatusMethod, &st); err != nil || !v.draws() {
		return &st, nil, err
	}
	var peers []api.PeerInfo
	err := c.call(ctx, peerInfoMethod, &peers)
	return &st, peers, err
}

// status shows a status, on a terminal with the peers.
func (v *view) status(st *api.SyncStatus, peers []api.PeerInfo) error {
	v.code = statusCode(st)
	if v.json {
		return v.asJSON(st)
	}
	if st.Synced && (!v.synced || st.Tip.Hash != v.tip.Hash) {
		word := "block"
		if !v.synced {
			word = "synced at block"
		}
		v.permanent(fmt.Sprintf("%s %s %s", word, grouped(st.Tip.Height), st.Tip.Hash))
	}
	if !st.Ready {
		v.progress(st, peers)
	}
	v.synced, v.tip = st.Ready, st.Tip
	return nil
}

// asJSON writes each status on one line.
func (v *view) asJSON(st *api.SyncStatus) error {
	b, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	if line := string(b); line != v.line {
		v.line = line
		fmt.Fprintln(v.out, line)
	}
	return nil
}

// progress shows a state that the next status replaces.
func (v *view) progress(st *api.SyncStatus, peers []api.PeerInfo) {
	if v.draws() {
		on := v.screen()
		v.canvas.draw(picture(st, peers, on), on)
		return
	}
	if line := progressLine(st); line != v.line {
		v.line = line
		fmt.Fprintln(v.out, line)
	}
}

// permanent shows a line that stays.
func (v *view) permanent(line string) {
	if v.draws() {
		v.canvas.clear(v.screen())
	}
	fmt.Fprintln(v.out, line)
	v.line = ""
}

// progressLine returns the progress of the sync in one line. Of the stages it shows the first
// incomplete one.
func progressLine(st *api.SyncStatus) string {
	line := fmt.Sprintf("%6s %s", percent(st.Ratio), st.Phase)
	if st.ETA > 0 {
		line += ", " + span(st.ETA) + " left"
	}
	for _, s := range st.Stages {
		if s.Current >= s.Target {
			continue
		}
		line += fmt.Sprintf(", %s %s/%s", s.Name, grouped(s.Current), grouped(s.Target))
		if s.Rate > 0 {
			line += fmt.Sprintf(" %s/s", grouped(int64(s.Rate)))
		}
		break
	}
	switch st.Peers {
	case 0:
		return line + ", no peers"
	case 1:
		return line + ", 1 peer"
	}
	return line + fmt.Sprintf(", %d peers", st.Peers)
}
