package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
)

func txCommand() command {
	return command{
		name:     "tx",
		synopsis: "tx HASH",
		summary:  "Show a transaction of the wallet.",
		help: `
  --json     print it as JSON
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			words, err := in.words(1)
			switch {
			case err != nil:
				return exitUsage, err
			case len(words) == 0:
				return exitUsage, usagef("tx: which one?")
			}
			return show(ctx, in, writeTx, "gettransaction", words[0])
		},
	}
}

// writeTx prints a transaction.
func writeTx(w io.Writer, tx api.Transaction) error {
	row := func(name, format string, operands ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, operands...))
	}
	row("transaction", "%s", tx.TxID)
	row("type", "%s", tx.Type)
	if tx.TicketStatus != "" {
		row("ticket", "%s", tx.TicketStatus)
	}
	row("time", "%s UTC", utc(tx.Time))
	if tx.BlockHash == "" {
		row("block", "not mined yet")
	} else {
		row("block", "%s", grouped(tx.BlockHeight))
		row("", "%s", tx.BlockHash)
	}
	if tx.Disapproved {
		row("", "void: the votes of the next block disapprove of it")
	}
	row("confirmations", "%s", grouped(tx.Confirmations))
	row("amount", "%v", tx.Amount)
	if tx.Fee != nil {
		row("fee", "%v", -*tx.Fee)
	}
	if tx.Publishing != nil {
		row("published", "%s", publicationText(tx.Publishing))
	}
	for _, other := range tx.WalletConflicts {
		row("instead of", "%s", other)
	}
	for _, d := range tx.Details {
		row(d.Kind(), "%v %s %s", d.Amount, d.Address, d.Account)
	}
	return nil
}
