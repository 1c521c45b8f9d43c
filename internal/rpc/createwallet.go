package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

// exampleWallet is the name of a wallet in examples.
const exampleWallet = "savings"

func createWallet() method {
	return method{
		name:    "createwallet",
		summary: "Makes another wallet, which shares the chain with the others.",
		help: "Methods answer for it on the path /wallet/NAME. A wallet costs no pass over the chain of its own where it stands " +
			"at the same block as others.",
		params: []param{
			{name: "name", kind: kindString, text: "Its name: lower case letters, digits, _ and -."},
			birthdayParam(" for what is imported without one; without it, that of the daemon"),
		},
		result:  "an object with the name",
		returns: []any{api.WalletName{}},
		example: `["` + exampleWallet + `","new"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			name := a.str("name")
			return api.WalletName{Name: name}, b.Wallets.Create(ctx, name, a.str("birthday"))
		},
	}
}

// birthdayParam is the parameter for the first block that is searched.
func birthdayParam(what string) param {
	return param{name: "birthday", kind: kindBirthday, optional: true, def: "",
		text: "The first block to search, a height, a date like 2024-01-31, or new" + what + "."}
}
