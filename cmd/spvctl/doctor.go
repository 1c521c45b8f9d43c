package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

func doctorCommand() command {
	return command{
		name:     "doctor",
		synopsis: "doctor",
		summary:  "Check everything a sync needs, and say what to do.",
		help: `
  --json     print the findings as JSON

It looks at the settings, the disk, the certificate, the daemon, its store, the
clock, the network and the sync. The exit code is 0 if nothing is wrong, else 1.
`,
		flags: []string{"--json"},
		run:   runDoctor,
	}
}

// runDoctor prints the findings. A check that an earlier finding makes impossible is left
// out.
func runDoctor(ctx context.Context, in *invocation) (int, error) {
	if _, err := in.words(0); err != nil {
		return exitUsage, err
	}
	findings := examine(ctx, in.opts)
	code := exitOK
	for _, f := range findings {
		if f.State == stateBad {
			code = exitError
		}
	}
	if in.opts.JSON {
		return code, in.writeJSON(findings)
	}
	for _, f := range findings {
		fmt.Fprintf(in.out, "%-8s %-4s %s\n", f.Check, f.State, f.Text)
		if f.Hint != "" {
			fmt.Fprintf(in.out, "%-13s %s\n", "", f.Hint)
		}
	}
	return code, nil
}

// examine makes one check after the other.
func examine(ctx context.Context, opts *options) []finding {
	t, err := opts.target()
	var findings []finding
	if opts.AppData != "" { // set once the settings have been read
		findings = append(findings, judgeDisk(freeBytes(string(opts.AppData))))
		if !opts.NoTLS {
			name := opts.certificateFile()
			certs, err := readCertificates(name)
			findings = append(findings, judgeCertificate(name, certs, err, time.Now()))
		}
	}
	if err != nil {
		return append(findings, finding{Check: "settings", State: stateBad, Text: err.Error()})
	}
	findings = append(findings, finding{Check: "settings", State: stateGood, Text: "spvd should answer on " + t.address + "."})
	c, err := dial(ctx, t)
	if err != nil {
		return append(findings, finding{Check: "daemon", State: stateBad, Text: err.Error()})
	}
	defer c.close()
	var st api.SyncStatus
	asked := time.Now()
	if err := c.call(ctx, syncStatusMethod, &st); err != nil {
		return append(findings, finding{Check: "daemon", State: stateBad, Text: err.Error()})
	}
	took := time.Since(asked).Round(time.Microsecond)
	findings = append(findings, finding{Check: "daemon", State: stateGood, Text: fmt.Sprintf("It answers within %v.", took)})
	var peers []api.PeerInfo
	if err := c.call(ctx, peerInfoMethod, &peers); err != nil {
		return append(findings, finding{Check: "network", State: stateBad, Text: err.Error()})
	}
	return append(findings, judgeStore(&st), judgeClock(&st, time.Now()), judgeNetwork(peers), judgeSync(&st))
}
