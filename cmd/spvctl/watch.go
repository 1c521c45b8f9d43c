package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

const (
	// watchInterval is the time between two looks at the status.
	watchInterval = 500 * time.Millisecond

	// lineWidth is how much of a line is used on a terminal: a line that wraps
	// could not be overwritten.
	lineWidth = 79
)

// watch shows the progress until the daemon is synced, or with forever until
// the user interrupts. It returns the exit code for the last status seen.
func watch(ctx context.Context, in *invocation, c *client, forever bool) (int, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	show := view{console: in.console, json: in.opts.JSON}
	for {
		var st api.SyncStatus
		err := c.call(ctx, syncStatusMethod, &st)
		switch {
		case ctx.Err() != nil:
			return show.end(), nil
		case err != nil:
			show.end()
			return exitError, err
		}
		if err := show.status(&st); err != nil {
			return exitError, err
		}
		if st.Synced && !forever {
			return show.end(), nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return show.end(), nil
		}
	}
}

// view is the progress as it has been shown so far. On a terminal one line is
// overwritten, elsewhere a line is written when it differs from the last one;
// a new tip of a synced chain gets a line of its own on both.
type view struct {
	*console
	json bool

	code   int    // for the last status
	line   string // the last line written
	synced bool   // in the last status
	tip    api.Tip
}

// status shows a status.
func (v *view) status(st *api.SyncStatus) error {
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
	if !st.Synced {
		v.progress(progressLine(st))
	}
	v.synced, v.tip = st.Synced, st.Tip
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

// progress shows a line that the next one replaces.
func (v *view) progress(line string) {
	switch {
	case line == v.line:
	case v.terminal:
		fmt.Fprintf(v.out, "\r\x1b[K%s", cut(line))
	default:
		fmt.Fprintln(v.out, line)
	}
	v.line = line
}

// permanent shows a line that stays.
func (v *view) permanent(line string) {
	if v.terminal && v.line != "" {
		fmt.Fprint(v.out, "\r\x1b[K")
	}
	fmt.Fprintln(v.out, line)
	v.line = ""
}

// end leaves the cursor on a fresh line and returns the exit code.
func (v *view) end() int {
	if v.terminal && v.line != "" && !v.json {
		fmt.Fprintln(v.out)
	}
	return v.code
}

// progressLine tells in one line how far the sync has got. Of the stages it
// shows the first that is not done.
func progressLine(st *api.SyncStatus) string {
	line := fmt.Sprintf("%6s %s", percent(st.Ratio), st.Phase)
	for _, s := range st.Stages {
		if s.Current >= s.Target {
			continue
		}
		line += fmt.Sprintf(", %s %s/%s", s.Name, grouped(s.Current), grouped(s.Target))
		if s.Rate > 0 {
			line += fmt.Sprintf(" %s/s", grouped(int64(s.Rate)))
		}
		if s.ETA > 0 {
			line += ", " + span(s.ETA) + " left"
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

// cut shortens a line to what fits on a terminal.
func cut(line string) string {
	if r := []rune(line); len(r) > lineWidth {
		return string(r[:lineWidth])
	}
	return line
}
