package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func loadWallet() method {
	return method{
		name:    "loadwallet",
		summary: "Loads a wallet of the data directory.",
		help:    "All are loaded when the daemon starts; this is for one that was unloaded since, or put there.",
		params:  []param{walletNameParam()},
		result:  "an object with the name",
		returns: []any{api.WalletName{}},
		example: `["` + exampleWallet + `"]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			name := a.str("name")
			return api.WalletName{Name: name}, b.Wallets.Load(name)
		},
	}
}

func walletNameParam() param { return param{name: "name", kind: kindString, text: "Its name."} }
