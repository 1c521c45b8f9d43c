package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func lockUnspent() method {
	return method{
		name:    "lockunspent",
		summary: "Marks unspent outputs as not to be spent, or takes that back.",
		help:    "Marks outlive a restart. If one of the outputs cannot be marked, none is.",
		params: []param{
			{name: "unlock", kind: kindBool, text: "True to take marks back, false to set them."},
			{name: "transactions", kind: kindOutPoints, text: "The outputs; none with unlock means all that are marked."},
		},
		result:  "true",
		returns: []any{true},
		example: `[false,[{"txid":"` + exampleTx + `","vout":0,"tree":0}]]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			outputs, unlock := a.value("transactions").([]api.OutPoint), a.bool("unlock")
			p := param{name: "transactions"}
			for _, o := range outputs {
				if _, err := p.parseHash(o.TxID); err != nil {
					return nil, err
				}
			}
			if unlock && len(outputs) == 0 {
				return true, b.Wallet.UnlockAll(ctx)
			}
			return true, b.Wallet.Lock(ctx, outputs, !unlock)
		},
	}
}
