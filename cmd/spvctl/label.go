package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spvd/spvd/internal/safetext"
)

func labelCommand() command {
	return command{
		name:     "label",
		synopsis: "label [ADDRESS|TXID TEXT]",
		summary:  "List labels, or label an address or a transaction.",
		help: `
  label                  list the labels
  label ADDRESS TEXT     label an address
  label TXID TEXT        label a transaction
  label ADDRESS ""       remove the label
  --json                 print the list as JSON
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			words, err := in.words(2)
			switch {
			case err != nil:
				return exitUsage, err
			case len(words) == 0:
				return show(ctx, in, writeLabels, "listlabels")
			case len(words) == 1:
				return exitUsage, usagef("label: what for %s?", words[0])
			}
			return show(ctx, in, done("Labelled."), "setlabel", words[0], words[1])
		},
	}
}

// writeLabels prints a table of labels.
func writeLabels(w io.Writer, labels map[string]string) error {
	if len(labels) == 0 {
		return writeLine(w, "no labels (run: spvctl help label)")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ADDRESS OR TRANSACTION\tLABEL")
	for _, subject := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(t, "%s\t%s\n", subject, safetext.Escape(labels[subject], ""))
	}
	return t.Flush()
}
