package method

import (
	"context"
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/wallet"
)

// walletMethods returns the methods about the wallets of the daemon.
func walletMethods() []Method {
	return []Method{
		createWallet(),
		loadWallet(),
		unloadWallet(),
		listWallets(),
		listWalletDir(),
		exportWallet(),
		importWallet(),
		backupWallet(),
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
		Help:    "All are loaded when the daemon starts; this call is for a wallet that was unloaded since, whose file was put there, or that could not be opened.",
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
		Help: "It is not kept in step meanwhile. It is loaded again by loadwallet, and when the daemon starts if the file is still there. " +
			"For a wallet whose file could not be opened it ends the warning.",
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
		Summary: "Lists the wallets that are loaded, or with all those of the data directory and what is wrong with them.",
		Help: "The wallet default comes with the first import. A wallet whose file is damaged, or cannot be opened, is not loaded; " +
			"the daemon serves the others, and a warning of the status says so too. loadwallet tries again.",
		Params: []param{
			{name: "all", kind: kindBool, optional: true, def: false, text: "Whether to list those that are not loaded, too, each with its state."},
		},
		Result:  "an array with their names, or with all an array of wallets",
		Returns: []any{[]string{}, []api.WalletFile{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			list, err := c.Wallets.List()
			list = slices.DeleteFunc(list, func(w wallet.FileInfo) bool { return !c.caller.mayUse(w.Name) })
			if c.bool("all") {
				return walletFiles(list), err
			}
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
			return api.WalletDir{Wallets: walletFiles(list)}, err
		},
	}
}

func exportWallet() Method {
	return Method{
		Name:    "exportwallet",
		Summary: "Returns what a wallet like this one can be made of.",
		Help: "It holds the accounts with their extended public keys, what was handed out, single addresses and scripts, birthdays, labels and " +
			"locks. What follows from the chain is not in it, nor are unmined transactions. It shows all addresses of the wallet, used or not.",
		Result:  "an object for importwallet",
		Returns: []any{api.WalletExport{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			e, err := w.Export(ctx)
			if err != nil {
				return nil, err
			}
			return view.Export(e, c.Params.ChainParams), nil
		},
	}
}

func importWallet() Method {
	return Method{
		Name:    "importwallet",
		Keys:    true,
		Summary: "Makes a wallet of what exportwallet has returned, here or elsewhere.",
		Help: "It returns at once; old payments are searched for while the chain is followed, see listjobs. If there is a wallet of this name, " +
			"it gains the accounts, addresses, labels and locks, unless it has one of the accounts. With an error nothing is changed.",
		Params: []param{
			{name: "name", kind: kindString, text: "The name of the wallet."},
			{name: "export", kind: kindExport, text: "The result of exportwallet."},
		},
		Result:  "an object with the name",
		Returns: []any{api.WalletName{}},
		Example: `["` + exampleWallet + `",{"version":1,"network":"mainnet","birthday":{"height":0},"accounts":[],"scripts":[],"labels":{},"locks":[]}]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			in := c.value("export").(api.WalletExport)
			e, err := view.ParseExport(&in, c.Params.ChainParams)
			if err != nil {
				return nil, fail(api.CodeInvalid, "parameter export: %v", err)
			}
			store, err := c.Syncer.Chain()
			if err != nil {
				return nil, err
			}
			if err := e.Follow(store); err != nil {
				return nil, err
			}
			name := c.str("name")
			return api.WalletName{Name: name}, c.Wallets.ImportWallet(ctx, name, e)
		},
	}
}

func backupWallet() Method {
	return Method{
		Name:    "backupwallet",
		Waits:   true,
		Summary: "Writes a copy of the wallet's file while the wallet is in use.",
		Help: "Put into the directory of the wallets as NAME.db, while no wallet of this name is loaded, the copy is a wallet that goes on " +
			"from the block at which it was made. Of addresses handed out since, it finds those within the gap limit.",
		Params: []param{
			{name: "destination", kind: kindString, text: "The file on the machine of the daemon, which must not exist; what is not absolute " +
				"lies in the directory backups, beside that of the wallets."},
		},
		Result:  "an object with the path of the copy",
		Returns: []any{api.WalletBackup{}},
		Example: `["savings-2026.db"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			path, err := c.Wallets.Backup(ctx, c.caller.Wallet, c.str("destination"))
			return api.WalletBackup{File: path}, err
		},
	}
}

// walletFiles returns the wallets of a directory as clients see them.
func walletFiles(list []wallet.FileInfo) []api.WalletFile {
	files := []api.WalletFile{}
	for _, w := range list {
		f := api.WalletFile{Name: w.Name, Loaded: w.Open, State: view.WalletState(w)}
		if w.Trouble != nil {
			f.Trouble = oneLine(w.Trouble.Error())
		}
		files = append(files, f)
	}
	return files
}
