package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/usage"
)

func sendCommand() command {
	return command{
		name:     "send",
		synopsis: "send [--allowhighfees] HEX",
		summary:  "Publish a signed transaction; - reads it from standard input.",
		help: `
  --allowhighfees   publish it even if it pays a thousand times the usual fee
  --json            print what has become of it as JSON

It is offered to one peer first, and to more while no other peer announces it,
until it is mined. See later what has become of it with spvctl tx HASH.
`,
		flags: []string{"--allowhighfees", "--json"},
		run:   runSend,
	}
}

func runSend(ctx context.Context, in *invocation) (int, error) {
	var flags struct {
		jsonFlag
		AllowHighFees bool `long:"allowhighfees"`
	}
	words, err := in.parse(&flags)
	switch {
	case err != nil:
		return exitUsage, err
	case len(words) != 1:
		return exitUsage, usagef("send: give one transaction in hex, or - to read it from standard input")
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	hex := words[0]
	if hex == stdinWord {
		line, err := in.in.ReadString('\n')
		if err != nil && line == "" {
			return exitError, fmt.Errorf("read the transaction from standard input: %w", err)
		}
		hex = strings.TrimSpace(line)
	}
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var id string
	if err := c.call(ctx, "sendrawtransaction", &id, hex, flags.AllowHighFees); err != nil {
		return exitError, err
	}
	p := api.Publication{TxID: id}
	var all []api.Publication
	if err := c.call(ctx, "listpublished", &all); err != nil {
		return exitError, err
	}
	for _, one := range all {
		if one.TxID == id {
			p = one
		}
	}
	if in.opts.JSON {
		return exitOK, in.writeJSON(p)
	}
	return exitOK, writePublication(in.out, p)
}

// writePublication prints the state of a published transaction.
func writePublication(w io.Writer, p api.Publication) error {
	_, err := fmt.Fprintf(w, "%s\n%s\n", p.TxID, publicationText(&p))
	return err
}

// publicationText returns the state of a published transaction in one line.
func publicationText(p *api.Publication) string {
	peers := func(n int) string { return usage.Count(n, "peer") }
	switch p.Outcome {
	case "mined":
		return "mined in block " + grouped(p.Height)
	case "waiting":
		return "waiting for the sync to be complete"
	case "offered", "seen":
		return fmt.Sprintf("offered to %s, fetched by %d, echoed by %d", peers(p.OfferedTo), p.FetchedBy, p.EchoedBy)
	}
	return p.Outcome
}
