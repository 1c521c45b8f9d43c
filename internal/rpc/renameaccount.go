package rpc

import "context"

func renameAccount() method {
	return method{
		name:    "renameaccount",
		summary: "Changes the name of an account.",
		params: []param{
			{name: "oldaccount", kind: kindString, text: "The name it has."},
			{name: "newaccount", kind: kindString, text: "The name it shall have."},
		},
		result:  "null",
		returns: []any{nil},
		example: `["` + exampleAccount + `","savings"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			return nil, b.Wallet.RenameAccount(ctx, a.str("oldaccount"), a.str("newaccount"))
		},
	}
}
