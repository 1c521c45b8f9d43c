package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getTransaction() method {
	return method{
		name:    "gettransaction",
		reads:   true,
		summary: "Returns a transaction of the wallet.",
		help: "amount is what it adds to the wallet; the fee is known only if all it spends is the wallet's. " +
			"disapproved stands where the votes of the next block have made it void: then it has no confirmations and counts nowhere. " +
			"walletconflicts are the transactions that spend the same and gave way to it. publishing is what listpublished tells, if it was published here.",
		params: []param{
			{name: "txid", kind: kindHash, text: "The hash of the transaction."},
			watchOnlyParam(),
		},
		result:  "an object with dcrwallet's fields",
		returns: []any{api.Transaction{}},
		example: `["` + exampleTx + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			tx, err := b.Wallet.Transaction(ctx, a.hash("txid"))
			if err != nil {
				return nil, err
			}
			for _, p := range b.Relay.Published() {
				if p.TxID == tx.TxID {
					tx.Publishing = &p
				}
			}
			return tx, nil
		},
	}
}
