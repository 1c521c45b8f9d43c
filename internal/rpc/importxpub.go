package rpc

import "context"

func importXpub() method {
	return method{
		name:    "importxpub",
		keys:    true,
		summary: "Watches the account of an extended public key.",
		help: "It returns at once; the account is searched for from its birthday on while the chain is followed, see listjobs. " +
			"A private key is refused, and neither kept nor logged.",
		params: []param{
			{name: "name", kind: kindString, text: "The name for the account."},
			{name: "xpub", kind: kindString, text: "The extended public key of the account, as the wallet that holds the keys exports it."},
			birthdayParam("; without it, the wallet's birthday"),
			gapLimitParam("The gap limit of both branches, up to 10000; 0 is 20."),
		},
		result:  "null",
		returns: []any{nil},
		example: `["` + exampleAccount + `","` + exampleXpub + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			gap, err := a.count("gaplimit")
			if err != nil {
				return nil, err
			}
			return nil, b.Wallet.ImportXpub(ctx, a.str("name"), a.str("xpub"), a.str("birthday"), uint32(gap))
		},
	}
}

func gapLimitParam(text string) param {
	return param{name: "gaplimit", kind: kindInt, optional: true, def: int64(0), text: text}
}
