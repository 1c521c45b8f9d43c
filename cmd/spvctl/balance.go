package main

import (
	"context"
	"fmt"
	"io"

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
		names: firstAccount,
		run: func(ctx context.Context, in *invocation) (int, error) {
			words, err := in.words(1)
			if err != nil {
				return exitUsage, err
			}
			return showMoney(ctx, in, writeBalance, "getbalance", wordOr(words, allAccounts))
		},
	}
}

// writeBalance prints a table of balances.
func writeBalance(w io.Writer, b api.Balance) error {
	t := table{columns: []column{{head: "ACCOUNT"}, {head: "SPENDABLE", align: point}, {head: "IMMATURE", align: point},
		{head: "LOCKED", align: point}, {head: "UNCONFIRMED", align: point}, {head: "TOTAL", align: point}}}
	add := func(name string, amounts ...api.Amount) {
		cells := []string{name}
		for _, a := range amounts {
			cells = append(cells, fmt.Sprint(a))
		}
		t.add(cells...)
	}
	for _, a := range b.Balances {
		add(a.AccountName, a.Spendable, a.ImmatureCoinbase+a.ImmatureStake, a.LockedByTickets, a.Unconfirmed, a.Total)
	}
	if len(b.Balances) > 1 {
		add("(all)", b.TotalSpendable, b.TotalImmatureCoinbase+b.TotalImmatureStake, b.TotalLockedByTickets, b.TotalUnconfirmed, b.CumulativeTotal)
	}
	return t.write(w)
}
