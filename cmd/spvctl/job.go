package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spvd/spvd/internal/rpc/api"
)

func jobCommand() command {
	return command{
		name:     "job",
		synopsis: "job [ID|cancel ID]",
		summary:  "List the searches of old blocks and verifications of votes, look at one, or give it up.",
		help: `
  job              list the jobs of the wallet
  job ID           show one of them
  job cancel ID    give up a rescan; birthdays that it lowered are what they were,
                   and what it found below them no longer counts; or the
                   verification of the votes behind a transaction
  --all            list those of all wallets
  --json           print the answer as JSON
`,
		args:  []string{"cancel"},
		flags: []string{"--all", "--json"},
		names: func([]string) nameKind { return jobNames },
		run:   runJob,
	}
}

func runJob(ctx context.Context, in *invocation) (int, error) {
	var flags struct {
		All bool `long:"all"`
		jsonFlag
	}
	words, err := in.parse(&flags)
	if err != nil {
		return exitUsage, err
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	if len(words) == 0 {
		return show(ctx, in, writeJobs, "listjobs", flags.All)
	}
	id, err := strconv.ParseUint(words[len(words)-1], 10, 32)
	switch {
	case len(words) == 1 && err == nil:
		return show(ctx, in, func(w io.Writer, j api.Job) error { return writeJobs(w, []api.Job{j}) }, "getjob", id)
	case len(words) == 2 && words[0] == "cancel" && err == nil:
		return show(ctx, in, done("Canceled. The wallet is where it would be without it."), "canceljob", id)
	}
	return exitUsage, usagef("job: a number is expected, or cancel and a number")
}

// writeJobs prints a table of jobs.
func writeJobs(w io.Writer, jobs []api.Job) error {
	if len(jobs) == 0 {
		return writeLine(w, "no old blocks were searched yet")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tWALLET\tKIND\tSTATE\tFROM\tAT\tTARGET\tDONE\tLEFT\tBEGAN (UTC)")
	for _, j := range jobs {
		left := ""
		if j.ETA > 0 {
			left = span(j.ETA)
		}
		if j.Error != "" {
			left = j.Error
		}
		if j.Waits != "" {
			left = j.Waits
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", j.ID, j.Wallet, j.Kind, j.State,
			grouped(j.From), grouped(j.At), grouped(j.Target), percent(j.Progress), left, utc(j.Began))
	}
	return t.Flush()
}
