package rpc

import "context"

func setLabel() method {
	return method{
		name:    "setlabel",
		keys:    true,
		summary: "Labels an address or a transaction.",
		help:    "Lists show the label of an address as label or addresslabel, that of a transaction as label. It need not be the wallet's.",
		params: []param{
			{name: "address", kind: kindString, text: "The address, or the hash of the transaction."},
			{name: "label", kind: kindString, text: "The label, up to 500 bytes; an empty one removes it."},
		},
		result:  "null",
		returns: []any{nil},
		example: `["` + exampleAddress + `","rent"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			return nil, b.Wallet.SetLabel(ctx, a.str("address"), a.str("label"))
		},
	}
}
