package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Defaults of the waypoints command, in blocks.
const (
	// waypointsEvery is about the distance of the waypoints in spvd.
	waypointsEvery = 16_384

	// waypointsDepth is a week on the main network: no reorganisation is that deep.
	waypointsDepth = 2016
)

func waypointsCommand() command {
	return command{
		name:     "waypoints",
		synopsis: "waypoints [--every BLOCKS] [--depth BLOCKS]",
		summary:  "Print known blocks and the known work of the chain, for the setting waypoints.",
		help: `
  --every BLOCKS   distance of the waypoints (default 16384)
  --depth BLOCKS   how deep the newest one lies below the tip (default 2016)

Only a synced spvd is asked. What is printed is a file for the setting waypoints of spvd, here
or elsewhere: the blocks at the multiples of the distance, and the one at
the depth; and the work of the chain up to that one. No chain that lacks one of the
blocks, or has less work, is followed or called synced by a daemon with this file.
So take it from a daemon that you trust, and renew it once in a while.
`,
		flags: []string{"--every", "--depth"},
		run:   runWaypoints,
	}
}

func runWaypoints(ctx context.Context, in *invocation) (int, error) {
	var flags struct {
		Every int64 `long:"every"`
		Depth int64 `long:"depth"`
	}
	flags.Every, flags.Depth = waypointsEvery, waypointsDepth
	words, err := in.parse(&flags)
	switch {
	case err != nil:
		return exitUsage, err
	case len(words) > 0:
		return exitUsage, usagef("waypoints: unexpected %q", words[0])
	case flags.Every < 1 || flags.Depth < 0:
		return exitUsage, usagef("waypoints: --every must be at least 1 and --depth at least 0")
	}
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var st api.SyncStatus
	if err := c.call(ctx, syncStatusMethod, &st); err != nil {
		return exitError, err
	}
	if !st.Synced {
		return exitError, fmt.Errorf("waypoints: spvd is not synced: %s (wait for it: spvctl status --watch)", st.Reason)
	}
	newest := st.Tip.Height - flags.Depth
	if newest < 1 {
		return exitError, fmt.Errorf("waypoints: the chain has only %d blocks (choose a smaller --depth)",
			st.Tip.Height)
	}
	if err := writeKnown(ctx, in.out, c, flags.Every, newest); err != nil {
		return exitError, err
	}
	return exitOK, nil
}

// writeKnown prints the waypoints up to the newest one, and the work of the chain up to that.
// It prints nothing if a call fails.
func writeKnown(ctx context.Context, w io.Writer, c *client, every, newest int64) error {
	var hash string
	var lines []byte
	for _, height := range heightsOf(every, newest) {
		if err := c.call(ctx, "getblockhash", &hash, height); err != nil {
			return err
		}
		lines = fmt.Appendf(lines, "%d %s\n", height, hash)
	}
	var header struct {
		ChainWork string `json:"chainwork"`
	}
	if err := c.call(ctx, "getblockheader", &header, hash, true); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "# Blocks of the chain of a synced spvd, and the work of that chain up to block %d.\n%swork %s\n",
		newest, lines, header.ChainWork)
	return err
}

// heightsOf returns the heights of the waypoints.
func heightsOf(every, newest int64) (heights []int64) {
	for height := every; height < newest; height += every {
		heights = append(heights, height)
	}
	return append(heights, newest)
}
