package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// peerInfoMethod is the method the peers command shows.
const peerInfoMethod = "getpeerinfo"

func peersCommand() command {
	return command{
		name:     "peers",
		synopsis: "peers",
		summary:  "List the connected peers.",
		help: `
  --json     print the list as JSON

Heights are what the peers claim. The ping is the time of a round trip.
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			var flags struct {
				JSON bool `long:"json"`
			}
			words, err := in.parse(&flags)
			switch {
			case err != nil:
				return exitUsage, err
			case len(words) > 0:
				return exitUsage, usagef("peers: unexpected %q", words[0])
			}
			c, err := in.connect(ctx)
			if err != nil {
				return exitError, err
			}
			defer c.close()
			var peers []api.PeerInfo
			if err := c.call(ctx, peerInfoMethod, &peers); err != nil {
				return exitError, err
			}
			if in.opts.JSON || flags.JSON {
				return exitOK, in.writeJSON(peers)
			}
			return exitOK, writePeers(in.out, peers)
		},
	}
}

// writePeers prints a table of peers.
func writePeers(w io.Writer, peers []api.PeerInfo) error {
	if len(peers) == 0 {
		_, err := fmt.Fprintln(w, "no peers (run: spvctl status)")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tADDRESS\tHEIGHT\tPING\tRECEIVED\tSENT\tAGENT")
	for _, p := range peers {
		height := max(p.StartingHeight, p.CurrentHeight)
		ping := time.Duration(p.PingTime) * time.Microsecond
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", p.ID, p.Addr, grouped(height),
			ping.Round(100*time.Microsecond), byteSize(p.BytesRecv), byteSize(p.BytesSent), p.SubVer)
	}
	return t.Flush()
}

// byteSize returns a number of bytes in the largest unit of which there is one.
func byteSize(n uint64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1000, 0
	for f >= 1000 {
		f, i = f/1000, i+1
	}
	return fmt.Sprintf("%.1f %cB", f, units[i])
}
