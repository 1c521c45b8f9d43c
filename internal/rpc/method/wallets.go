package method

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

// walletMethods returns the methods about the wallets of the daemon.
func walletMethods() []Method {
	return []Method{
		createWallet(),
		loadWallet(),
		unloadWallet(),
		listWallets(),
		listWalletDir(),
	}
}

// exampleWallet is the name of a wallet in examples.
const exampleWallet = "savings"

func createWallet() Method {
	return Method{
		Name:    "createwallet",
		Summary: "Makes another wallet, which shares the chain with the others.",
		Help: "Methods answer for it on the path /wallet/NAME. A wallet costs no pass over the chain of its own where it stands " +
			"at the same block as others.",
		Params: []param{
			{name: "name", kind: kindString, text: "Its name: lower case letters, digits, _ and -."},
			birthdayParam(" for what is imported without one; without it, that of the daemon"),
		},
		Result:  "an object with the name",
		Returns: []any{api.WalletName{}},
		Example: `["` + exampleWallet + `","new"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			name := c.str("name")
			born, err := c.born(c.str("birthday"))
			if err == nil {
				_, err = c.Wallets.Create(name, born)
			}
			return api.WalletName{Name: name}, err
		},
	}
}

// birthdayParam is the parameter for the first block that is searched.
func birthdayParam(what string) param {
	return param{name: "birthday", kind: kindBirthday, optional: true, def: "",
		text: "The first block to search, a height, a date like 2024-01-31, or new" + what + "."}
}

func loadWallet() Method {
	return Method{
		Name:    "loadwallet",
		Summary: "Loads a wallet of the data directory.",
		Help:    "All are loaded when the daemon starts; this is for one that was unloaded since, or put there.",
		Params:  []param{walletNameParam()},
		Result:  "an object with the name",
		Returns: []any{api.WalletName{}},
		Example: `["` + exampleWallet + `"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			name := c.str("name")
			_, err := c.Wallets.Open(name)
			return api.WalletName{Name: name}, err
		},
	}
}

func walletNameParam() param { return param{name: "name", kind: kindString, text: "Its name."} }

func unloadWallet() Method {
	return Method{
		Name:    "unloadwallet",
		Summary: "Lets go of a wallet, whose file can then be copied or moved away.",
		Help:    "It is not kept in step meanwhile. It is loaded again by loadwallet, and when the daemon starts if the file is still there.",
		Params:  []param{walletNameParam()},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + exampleWallet + `"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return nil, c.Wallets.CloseWallet(c.str("name"))
		},
	}
}

func listWallets() Method {
	return Method{
		Name:    "listwallets",
		Quick:   true,
		Reads:   true,
		Summary: "Lists the wallets that are loaded.",
		Help:    "The wallet default comes with the first import. See listwalletdir for those that are not loaded.",
		Result:  "an array with their names",
		Returns: []any{[]string{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			list, err := c.Wallets.List()
			names := []string{}
			for _, w := range list {
				if w.Open {
					names = append(names, w.Name)
				}
			}
			return names, err
		},
	}
}

func listWalletDir() Method {
	return Method{
		Name:    "listwalletdir",
		Reads:   true,
		Summary: "Lists the wallets in the data directory, loaded or not.",
		Result:  "an object with an array of them",
		Returns: []any{api.WalletDir{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			list, err := c.Wallets.List()
			dir := api.WalletDir{Wallets: []api.WalletFile{}}
			for _, w := range list {
				dir.Wallets = append(dir.Wallets, api.WalletFile{Name: w.Name, Loaded: w.Open})
			}
			return dir, err
		},
	}
}
