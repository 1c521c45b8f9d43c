package rpc

import "context"

func importScript() method {
	return method{
		name:    "importscript",
		keys:    true,
		summary: "Watches payments to the hash of a redeem script.",
		help:    "It returns at once; payments are searched for while the chain is followed.",
		params: []param{
			{name: "hex", kind: kindString, text: "The redeem script in hex."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		result:  "null",
		returns: []any{nil},
		example: `["51"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			script, err := a.bytes("hex")
			if err != nil {
				return nil, err
			}
			born, err := b.born(a)
			if err != nil {
				return nil, err
			}
			return nil, b.Wallet.ImportScript(ctx, script, born)
		},
	}
}
