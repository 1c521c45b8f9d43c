package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spvd/spvd/internal/rpc/api"
)

// The confirmations that the utxo command asks for: any.
const (
	leastConfirmations = 1
	mostConfirmations  = 9999999
)

func utxoCommand() command {
	return command{
		name:     "utxo",
		synopsis: "utxo [ACCOUNT]",
		summary:  "List the outputs that can be spent.",
		help: `
  --json     print them as JSON
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			words, err := in.words(1)
			if err != nil {
				return exitUsage, err
			}
			return show(ctx, in, writeUnspent, "listunspent", leastConfirmations, mostConfirmations, nil, wordOr(words, allAccounts))
		},
	}
}

// writeUnspent prints a table of outputs.
func writeUnspent(w io.Writer, outputs []api.Unspent) error {
	if len(outputs) == 0 {
		return writeLine(w, "nothing to spend (run: spvctl balance)")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "AMOUNT\tCONFIRMATIONS\tACCOUNT\tADDRESS\tOUTPUT\tLABEL")
	for _, o := range outputs {
		fmt.Fprintf(t, "%v\t%s\t%s\t%s\t%s:%d\t%s\n", o.Amount, grouped(o.Confirmations), o.Account, o.Address, o.TxID, o.Vout, o.Label)
	}
	return t.Flush()
}
