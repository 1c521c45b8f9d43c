package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Branches of an account (BIP44).
const (
	external uint32 = 0
	internal uint32 = 1
)

// Gap policies of dcrwallet.
const (
	gapError  = "error"
	gapIgnore = "ignore"
	gapWrap   = "wrap"
)

func getNewAddress() method {
	return method{
		name:    "getnewaddress",
		summary: "Hands out the next unused address of an account.",
		help: "It is watched when the call returns. Behind the gap limit a wallet restored from the key alone would not find " +
			"payments: there gappolicy error refuses, and ignore goes on. Addresses are never handed out twice, so wrap does not exist.",
		params: []param{
			{name: "account", kind: kindString, optional: true, def: exampleAccount, text: "The name of the account."},
			{name: "gappolicy", kind: kindString, optional: true, def: gapError, text: "What to do at the gap limit: error or ignore."},
		},
		result:  "the address",
		returns: []any{""},
		example: `["` + exampleAccount + `","ignore"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			policy := a.str("gappolicy")
			switch policy {
			case "", gapError, gapIgnore:
			case gapWrap:
				return nil, fail(api.CodeInvalid, "gappolicy wrap would hand out addresses twice; use ignore")
			default:
				return nil, fail(api.CodeInvalid, "gappolicy is %q, not error or ignore", shorten([]byte(policy)))
			}
			return b.Wallet.NewAddress(ctx, a.str("account"), external, policy == gapIgnore)
		},
	}
}
