package rpc

import "context"

func unloadWallet() method {
	return method{
		name:    "unloadwallet",
		summary: "Lets go of a wallet, whose file can then be copied or moved away.",
		help:    "It is not kept in step meanwhile. It is loaded again by loadwallet, and when the daemon starts if the file is still there.",
		params:  []param{walletNameParam()},
		result:  "null",
		returns: []any{nil},
		example: `["` + exampleWallet + `"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			return nil, b.Wallets.Unload(a.str("name"))
		},
	}
}
