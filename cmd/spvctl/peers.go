package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/safetext"
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

Heights are what the peers claim. The ping is the time of a round trip, the rate
what a peer delivers in a second, and OWES the number of requests that it has not
answered. The score says how badly its address has behaved, 100 being the end of
it, and LAST what went wrong there last. The role says why it is connected:
outbound was chosen, the others were named.
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			if _, err := in.words(0); err != nil {
				return exitUsage, err
			}
			return show(ctx, in, writePeers, peerInfoMethod)
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
	fmt.Fprintln(t, "ID\tADDRESS\tROLE\tHEIGHT\tPING\tRATE\tRECEIVED\tSENT\tOWES\tSCORE\tLAST\tAGENT")
	for _, p := range peers {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%v\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", p.ID, p.Addr, p.Role,
			grouped(max(p.StartingHeight, p.CurrentHeight)),
			(time.Duration(p.PingTime) * time.Microsecond).Round(100*time.Microsecond), perSecond(p.Rate),
			byteSize(p.BytesRecv), byteSize(p.BytesSent), p.InFlight, p.BanScore, cmp.Or(p.LastReason, "-"), safetext.Escape(p.SubVer, ""))
	}
	return t.Flush()
}

// perSecond returns a rate in bytes per second, or a dash if it was not measured.
func perSecond(rate int64) string {
	if rate <= 0 {
		return "-"
	}
	return byteSize(uint64(rate)) + "/s"
}

// byteSize returns a number of bytes in the largest unit with at least one.
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
