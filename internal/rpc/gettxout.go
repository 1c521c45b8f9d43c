package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getTxOut() method {
	return method{
		name:    "gettxout",
		reads:   true,
		summary: "Returns an unspent output of the wallet.",
		help: "A light client cannot tell whether an output of somebody else is spent. Where dcrd answers null for what is " +
			"spent or unknown, it is an error here that says as much.",
		params: []param{
			{name: "txid", kind: kindHash, text: "The hash of the transaction."},
			{name: "vout", kind: kindInt, text: "The index of the output."},
			{name: "tree", kind: kindInt, text: "The tree of the transaction: 0 regular, 1 stake."},
			{name: "includemempool", kind: kindBool, optional: true, def: true, text: "Whether unmined transactions count."},
		},
		result:  "an object with dcrd's fields, of the script those that are known of it",
		returns: []any{api.TxOut{}},
		example: `["` + exampleTx + `",0,0]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			vout, err := a.count("vout")
			if err != nil {
				return nil, err
			}
			tree := a.int("tree")
			if tree != 0 && tree != 1 {
				return nil, fail(api.CodeInvalid, "tree is %d, not 0 or 1", tree)
			}
			op := api.OutPoint{TxID: a.hash("txid").String(), Vout: uint32(vout), Tree: int8(tree)}
			return b.Wallet.Output(ctx, op, a.bool("includemempool"))
		},
	}
}
