package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/safetext"
	"github.com/spvd/spvd/internal/usage"
)

const snapshotMethod = "getsnapshotinfo"

func snapshotCommand() command {
	return command{
		name:     "snapshot",
		synopsis: "snapshot",
		summary:  "List the segments of the snapshot that spvd writes.",
		help: `
  --json     print them as JSON

spvd writes a snapshot into the directory of its setting snapshotdir. Segments of an
earlier run are listed until they have been compared with the chain, and verified
after that. The option verifysnapshot of spvd proves all of them from the genesis block on.
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			if _, err := in.words(0); err != nil {
				return exitUsage, err
			}
			return show(ctx, in, writeSnapshot, snapshotMethod)
		},
	}
}

// writeSnapshot prints a table of segments and what is wrong with the directory.
func writeSnapshot(w io.Writer, s api.Snapshot) error {
	if s.Directory == "" {
		_, err := fmt.Fprintln(w, "no snapshot is written (start spvd with --snapshotdir DIR)")
		return err
	}
	t := table{columns: []column{
		{head: "BLOCKS"}, {head: "HEADERS", align: right}, {head: "FILTERS", align: right}, {head: "STATE"}, {head: "LAST BLOCK", long: true},
	}}
	verified := 0
	for _, g := range s.Segments {
		t.add(grouped(g.First)+"–"+grouped(g.Last), byteSize(uint64(g.HeadersSize)), byteSize(uint64(g.FiltersSize)), g.State, g.Hash)
		if g.State == "verified" {
			verified++
		}
	}
	if len(s.Segments) > 0 {
		if err := t.write(w); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w, "%s in %s, %d verified, %s\n", usage.Count(len(s.Segments), "segment"), safetext.Escape(s.Directory, ""), verified,
		byteSize(uint64(s.Size))); err != nil {
		return err
	}
	if s.Trouble == "" {
		return nil
	}
	_, err := fmt.Fprintf(w, "nothing is written at the moment: %s\n", safetext.Escape(s.Trouble, ""))
	return err
}
