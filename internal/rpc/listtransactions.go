package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listTransactions() method {
	return method{
		name:    "listtransactions",
		reads:   true,
		summary: "Lists what transactions pay to the wallet and to others, newest first.",
		help: "The category of a line is send or receive; immature or generate for block rewards; immature, vote, revocation or treasury for " +
			"what tickets return and the treasury pays; ticket or treasury for what is put into them. type is regular, coinbase, ticket, vote, " +
			"revocation, treasuryadd or treasuryspend; txtype is ticket, vote or revocation, and regular for all others.",
		params: []param{
			someAccountParam(),
			{name: "count", kind: kindInt, optional: true, def: int64(10), text: "How many lines to return at most."},
			{name: "from", kind: kindInt, optional: true, def: int64(0), text: "How many of the newest lines to leave out."},
			watchOnlyParam(),
		},
		result:  "an array with an object for each output; a transaction that pays several has several",
		returns: []any{[]api.ListedTransaction{}},
		example: `["*",1000,0]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			count, err := a.count("count")
			if err != nil {
				return nil, err
			}
			from, err := a.count("from")
			if err != nil {
				return nil, err
			}
			if err := b.knownAccount(a.str("account")); err != nil {
				return nil, err
			}
			page := listing{account: a.str("account"), skip: from, most: count, lines: []api.ListedTransaction{}}
			if count == 0 {
				return page.lines, nil
			}
			err = b.Wallet.Transactions(ctx, 0, nil, page.add)
			return page.lines, err
		},
	}
}
