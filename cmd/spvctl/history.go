package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
)

// historyLines is how many lines history prints unless the user gives a number.
const historyLines = 20

func historyCommand() command {
	return command{
		name:     "history",
		synopsis: "history [ACCOUNT]",
		summary:  "List what was received and sent, newest first.",
		help: `
  --count N  how many lines to print (default 20)
  --json     print them as JSON
`,
		flags: []string{"--count", "--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			flags := struct {
				Count uint32 `long:"count"`
				jsonFlag
			}{Count: historyLines}
			words, err := in.wordsBeside(&flags, 1)
			if err != nil {
				return exitUsage, err
			}
			in.opts.JSON = in.opts.JSON || flags.JSON
			return showMoney(ctx, in, writeHistory, "listtransactions", wordOr(words, allAccounts), flags.Count)
		},
	}
}

// writeHistory prints a table of payments.
func writeHistory(w io.Writer, lines []api.ListedTransaction) error {
	if len(lines) == 0 {
		return writeLine(w, "nothing yet (run: spvctl wallet)")
	}
	t := table{columns: []column{{head: "TIME (UTC)"}, {head: "CONFIRMATIONS", align: right}, {head: "KIND"},
		{head: "AMOUNT", align: point}, {head: "ACCOUNT"}, {head: "ADDRESS", long: true}, {head: "TRANSACTION", long: true},
		{head: "LABEL", long: true}}}
	for _, l := range lines {
		t.add(utc(l.Time), grouped(l.Confirmations), l.Kind(), fmt.Sprint(l.Amount), l.Account, l.Address, l.TxID, labelOf(&l))
	}
	return t.write(w)
}

// labelOf returns the label of the transaction, or else that of the address.
func labelOf(l *api.ListedTransaction) string {
	if l.Label != "" {
		return l.Label
	}
	return l.AddressLabel
}
