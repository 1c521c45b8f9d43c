package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Exit codes of the status command in addition to exitOK, which means synced. If the status
// cannot be read the code is exitError.
const (
	exitSyncing    = 2
	exitNoPeers    = 3
	exitNotRunning = 4
)

// syncStatusMethod is the method the status command shows.
const syncStatusMethod = "syncstatus"

func statusCommand() command {
	return command{
		name:     "status",
		synopsis: "status [--watch]",
		summary:  "Show how far the sync has got.",
		help: `
  --watch    keep showing progress until synced, then exit 0: on a terminal stages
             and peers, without colours if NO_COLOR is set, else a line per change
  --forever  keep showing progress, and the blocks that come after it
  --live     exit 0, synced or not, unless the sync has failed: for health checks
  --json     print the status as JSON

The exit code says how it is: 0 synced, 2 syncing, 3 no peers,
4 spvd is not running, 1 it could not be asked or its sync has failed.
`,
		flags: []string{"--watch", "--forever", "--live", "--json"},
		run:   runStatus,
	}
}

func runStatus(ctx context.Context, in *invocation) (int, error) {
	var flags struct {
		Watch   bool `long:"watch"`
		Forever bool `long:"forever"`
		Live    bool `long:"live"`
		JSON    bool `long:"json"`
	}
	_, err := in.wordsBeside(&flags, 0)
	switch {
	case err != nil:
		return exitUsage, err
	case flags.Live && (flags.Watch || flags.Forever):
		return exitUsage, usagef("status: --live is one look, --watch and --forever are many: give one of them")
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	code, err := showStatus(ctx, in, flags.Watch || flags.Forever, flags.Forever)
	if errors.Is(err, errNotRunning) || errors.Is(err, errLost) {
		code = exitNotRunning
	}
	if flags.Live && (code == exitSyncing || code == exitNoPeers) {
		code = exitOK
	}
	return code, err
}

// showStatus prints the status, once or until it changes for the better.
func showStatus(ctx context.Context, in *invocation, watching, forever bool) (int, error) {
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	if watching {
		return watch(ctx, in, c, forever)
	}
	var st api.SyncStatus
	if err := c.call(ctx, syncStatusMethod, &st); err != nil {
		return exitError, err
	}
	if in.opts.JSON {
		return statusCode(&st), in.writeJSON(&st)
	}
	writeStatus(in.out, &st)
	return statusCode(&st), nil
}

// statusCode returns the exit code for a status.
func statusCode(st *api.SyncStatus) int {
	switch {
	case st.Phase == api.PhaseFailed:
		return exitError
	case st.Synced:
		return exitOK
	case st.Peers == 0:
		return exitNoPeers
	default:
		return exitSyncing
	}
}

// writeStatus prints a status for people.
func writeStatus(w io.Writer, st *api.SyncStatus) {
	row := func(name, format string, operands ...any) {
		fmt.Fprintf(w, "%-10s %s\n", name, fmt.Sprintf(format, operands...))
	}
	synced := "no"
	if st.Synced {
		synced = "yes"
	}
	row("synced", "%s", synced)
	row("phase", "%s", st.Phase)
	row("", "%s", st.Reason)
	if st.Hint != "" {
		row("", "%s", st.Hint)
	}
	if st.Error != "" {
		row("error", "%s", st.Error)
	}
	row("progress", "%s", overallText(st))
	for _, s := range st.Stages {
		row(s.Name, "%s", stageText(&s))
	}
	if st.FilterFloor > 0 {
		row("floor", "filters are kept from block %s on", grouped(st.FilterFloor))
	}
	if st.Initialised {
		row("tip", "%s", grouped(st.Tip.Height))
		row("", "%s", st.Tip.Hash)
		row("", "%s (%s ago)", time.Unix(st.Tip.Time, 0).UTC().Format(time.DateTime+" UTC"), span(st.Tip.Age))
	}
	row("peers", "%s", peersText(st))
	if r := st.LastReorg; r != nil {
		row("reorg", "%s blocks above %s, %s UTC", grouped(int64(r.Depth)), grouped(r.Fork.Height), time.Unix(r.Time, 0).UTC().Format(time.DateTime))
	}
	for _, warning := range st.Warnings {
		row("warning", "%s", warning.Text)
		if warning.Hint != "" {
			row("", "%s", warning.Hint)
		}
	}
}

// overallText returns the progress over all stages.
func overallText(st *api.SyncStatus) string {
	if st.ETA <= 0 {
		return percent(st.Ratio)
	}
	return percent(st.Ratio) + ", " + span(st.ETA) + " left"
}

// stageText returns the progress of a stage.
func stageText(s *api.Stage) string {
	text := grouped(s.Current) + " of " + grouped(s.Target)
	if s.Rate > 0 {
		text += ", " + grouped(int64(s.Rate)) + " per second"
	}
	if s.ETA > 0 {
		text += ", " + span(s.ETA) + " left"
	}
	return text
}

// peersText returns the number of peers and the best height they claim.
func peersText(st *api.SyncStatus) string {
	if st.Peers == 0 {
		return "none"
	}
	return fmt.Sprintf("%d, %d of them at %s or above", st.Peers, st.Best.Peers, grouped(st.Best.Height))
}
