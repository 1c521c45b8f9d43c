package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
)

// The confirmations that the utxo command selects: any.
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
		names: firstAccount,
		run: func(ctx context.Context, in *invocation) (int, error) {
			words, err := in.words(1)
			if err != nil {
				return exitUsage, err
			}
			return showMoney(ctx, in, writeUnspent, "listunspent", leastConfirmations, mostConfirmations, nil, wordOr(words, allAccounts))
		},
	}
}

// writeUnspent prints a table of outputs.
func writeUnspent(w io.Writer, outputs []api.Unspent) error {
	if len(outputs) == 0 {
		return writeLine(w, "nothing to spend (run: spvctl balance)")
	}
	t := table{columns: []column{{head: "AMOUNT", align: point}, {head: "CONFIRMATIONS", align: right}, {head: "ACCOUNT"},
		{head: "ADDRESS", long: true}, {head: "OUTPUT", long: true}, {head: "LABEL", long: true}}}
	for _, o := range outputs {
		if !o.Spendable { // a ticket
			continue
		}
		t.add(fmt.Sprint(o.Amount), grouped(o.Confirmations), o.Account, o.Address, fmt.Sprintf("%s:%d", o.TxID, o.Vout), o.Label)
	}
	return t.write(w)
}
