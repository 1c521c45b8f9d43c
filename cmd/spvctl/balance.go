package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spvd/spvd/internal/rpc/api"
)

func balanceCommand() command {
	return command{
		name:     "balance",
		synopsis: "balance [ACCOUNT]",
		summary:  "Show what the accounts have, in coins.",
		help: `
  --json     print the balances as JSON

IMMATURE is what was earned, or paid by a transaction with an expiry, and cannot
be spent yet, LOCKED what tickets hold, UNCONFIRMED what unmined transactions
would add.
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			words, err := in.words(1)
			if err != nil {
				return exitUsage, err
			}
			return show(ctx, in, writeBalance, "getbalance", wordOr(words, allAccounts))
		},
	}
}

// writeBalance prints a table of balances.
func writeBalance(w io.Writer, b api.Balance) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ACCOUNT\tSPENDABLE\tIMMATURE\tLOCKED\tUNCONFIRMED\tTOTAL")
	for _, a := range b.Balances {
		fmt.Fprintf(t, "%s\t%v\t%v\t%v\t%v\t%v\n", a.AccountName, a.Spendable, a.ImmatureCoinbase+a.ImmatureStake,
			a.LockedByTickets, a.Unconfirmed, a.Total)
	}
	if len(b.Balances) > 1 {
		fmt.Fprintf(t, "(all)\t%v\t%v\t%v\t%v\t%v\n", b.TotalSpendable, b.TotalImmatureCoinbase+b.TotalImmatureStake,
			b.TotalLockedByTickets, b.TotalUnconfirmed, b.CumulativeTotal)
	}
	return t.Flush()
}
