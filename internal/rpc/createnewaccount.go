package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func createNewAccount() method {
	return method{
		name:    "createnewaccount",
		keys:    true,
		summary: "Adds an account, as importxpub does.",
		help:    "A wallet without private keys cannot make an account of its own: it needs the extended public key of one.",
		params: []param{
			accountParam(),
			{name: "xpub", kind: kindString, optional: true, def: "", text: "The extended public key of the account."},
			birthdayParam("; without it, the wallet's birthday"),
		},
		result:  "null",
		returns: []any{nil},
		example: `["` + exampleAccount + `","` + exampleXpub + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			if a.str("xpub") == "" {
				return nil, fail(api.CodeWallet, "without private keys no account can be made; "+
					"make it in the wallet that holds the keys, and run: spvctl account import NAME XPUB")
			}
			return nil, b.Wallet.ImportXpub(ctx, a.str("account"), a.str("xpub"), a.str("birthday"), 0)
		},
	}
}
