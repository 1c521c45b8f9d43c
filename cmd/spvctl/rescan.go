package main

import (
	"context"
)

func rescanCommand() command {
	return command{
		name:     "rescan",
		synopsis: "rescan [--from HEIGHT]",
		summary:  "Search old blocks again for the wallet.",
		help: `
  --from HEIGHT   the first block to search (default 0)

Nothing that is known is forgotten meanwhile. A search that takes long goes on
by itself: see how far it is with spvctl wallet.
`,
		flags: []string{"--from"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			var flags struct {
				From uint32 `long:"from"`
			}
			words, err := in.parse(&flags)
			switch {
			case err != nil:
				return exitUsage, err
			case len(words) > 0:
				return exitUsage, usagef("rescan: unexpected %q", words[0])
			}
			return show(ctx, in, done("Done."), "rescanwallet", flags.From)
		},
	}
}
