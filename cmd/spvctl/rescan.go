package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/wait"
)

// rescanLook is the period in which a rescan is polled.
const rescanLook = 250 * time.Millisecond

func rescanCommand() command {
	return command{
		name:     "rescan",
		synopsis: "rescan [--from HEIGHT]",
		summary:  "Search old blocks again for the wallet, and show how far it is.",
		help: `
  --from HEIGHT   the first block to search (default 0)
  --background    do not wait for the end: see spvctl job
  --json          print the job as JSON in the end

Nothing that is known is forgotten meanwhile. Accounts and imports that were born
later are born at HEIGHT from then on. Interrupting spvctl does not interrupt the
search; spvctl job cancel does, and gives them their birthdays back.
`,
		flags: []string{"--from", "--background", "--json"},
		run:   runRescan,
	}
}

func runRescan(ctx context.Context, in *invocation) (int, error) {
	var flags struct {
		From       uint32 `long:"from"`
		Background bool   `long:"background"`
		jsonFlag
	}
	words, err := in.parse(&flags)
	switch {
	case err != nil:
		return exitUsage, err
	case len(words) > 0:
		return exitUsage, usagef("rescan: unexpected %q", words[0])
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var j api.Job
	if err := c.call(ctx, "rescanwallet", &j, flags.From, true); err != nil {
		return exitError, err
	}
	if !flags.Background {
		if err := in.followJob(ctx, c, &j); err != nil {
			return exitError, err
		}
	}
	switch {
	case in.opts.JSON:
		return exitOK, in.writeJSON(j)
	case flags.Background:
		return exitOK, writeJob(in.out, j)
	}
	return exitOK, writeLine(in.out, "Done.")
}

// followJob shows the progress of a job until it ends. On a terminal each picture is drawn
// over the last one, and the last one is removed.
func (in *invocation) followJob(ctx context.Context, c *client, j *api.Job) error {
	draws := in.screen != nil && !in.opts.JSON
	shown := canvas{out: in.drawing()}
	if draws {
		defer func() { shown.clear(in.screen()) }()
	}
	for {
		switch {
		case j.Error != "":
			return fmt.Errorf("job %d waits: %s", j.ID, j.Error)
		case j.State == api.JobCanceled:
			return errors.New("the search was canceled; the wallet is where it would be without it")
		case j.State == api.JobDone:
			return nil
		case draws:
			on := in.screen()
			shown.draw(jobPicture(j, on), on)
		}
		if err := wait.For(ctx, rescanLook); err != nil {
			return err
		}
		if err := c.call(ctx, "getjob", j, j.ID); err != nil {
			return err
		}
	}
}
