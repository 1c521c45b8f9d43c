package method

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// importMethods returns the methods that have a wallet watch single addresses, keys and scripts.
func importMethods() []Method {
	return []Method{
		importAddress(),
		importAddresses(),
		importPubKey(),
		importScript(),
		importScripts(),
	}
}

func importAddress() Method {
	return Method{
		Name:    "importaddress",
		Keys:    true,
		Summary: "Watches a single address of any standard type.",
		Help: "It returns at once; payments are searched for while the chain is followed, see listjobs. A private key is refused, " +
			"and neither kept nor logged.",
		Params: []param{
			{name: "address", kind: kindString, text: "The address: of a public key, its hash, or the hash of a script."},
			{name: "label", kind: kindString, optional: true, def: "", text: "A label for it."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + exampleAddress + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			born, err := c.scanFrom()
			if err != nil {
				return nil, err
			}
			return nil, c.Wallets.Import(c.caller.Wallet, func(w *wallet.Wallet) error {
				return w.ImportAddress(ctx, c.str("address"), c.str("label"), born)
			})
		},
	}
}

func importAddresses() Method {
	return Method{
		Name:    "importaddresses",
		Keys:    true,
		Summary: "Watches many addresses of any standard type at once.",
		Help: "They are one write and one search of old blocks: 100,000 take a second, where importaddress takes minutes. All are watched or, with " +
			"an error, none; the error names the number of the bad one. Addresses that are watched already are no error. A private key is " +
			"refused, and neither kept nor logged.",
		Params: []param{
			{name: "addresses", kind: kindStrings, text: "The addresses."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		Result:  "an object with the numbers of addresses that were not watched before, and that were",
		Returns: []any{api.Imported{}},
		Example: `[["` + exampleAddress + `"]]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			return c.importMany(func(w *wallet.Wallet, born *wallet.Birthday) (wallet.Imported, error) {
				return w.ImportAddresses(ctx, c.strings("addresses"), born)
			})
		},
	}
}

// importMany imports many into the wallet of the call, as its parameters say.
func (c *Call) importMany(do func(w *wallet.Wallet, born *wallet.Birthday) (wallet.Imported, error)) (any, error) {
	born, err := c.scanFrom()
	if err != nil {
		return nil, err
	}
	var done wallet.Imported
	err = c.Wallets.Import(c.caller.Wallet, func(w *wallet.Wallet) (err error) {
		done, err = do(w, born)
		return err
	})
	return api.Imported{New: done.New, Known: done.Known}, err
}

func importScripts() Method {
	return Method{
		Name:    "importscripts",
		Keys:    true,
		Summary: "Watches many scripts at once, as importscript does.",
		Help:    "They are one write and one search of old blocks. All are watched or, with an error, none.",
		Params: []param{
			{name: "scripts", kind: kindStrings, text: "The scripts in hex."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
			{name: "p2sh", kind: kindBool, optional: true, def: true, text: "Whether they are redeem scripts, whose hashes are paid to."},
		},
		Result:  "an object with the numbers of scripts that were not watched before, and that were",
		Returns: []any{api.Imported{}},
		Example: `[["51"]]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			texts := c.strings("scripts")
			scripts := make([][]byte, len(texts))
			for i, text := range texts {
				var err error
				if scripts[i], err = hex.DecodeString(text); err != nil {
					return nil, fail(api.CodeInvalid, "script %d of %d is not hex", i+1, len(texts))
				}
			}
			return c.importMany(func(w *wallet.Wallet, born *wallet.Birthday) (wallet.Imported, error) {
				return w.ImportManyScripts(ctx, scripts, c.bool("p2sh"), born)
			})
		},
	}
}

func importScript() Method {
	return Method{
		Name:    "importscript",
		Keys:    true,
		Summary: "Watches payments to the hash of a redeem script, or outputs with a script.",
		Help: "It returns at once; payments are searched for while the chain is followed. With p2sh false the script is that of " +
			"the outputs themselves, whatever it is; in the stake tree it is watched behind a tag as well. A script that is watched already is no error.",
		Params: []param{
			{name: "hex", kind: kindString, text: "The script in hex."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
			{name: "p2sh", kind: kindBool, optional: true, def: true, text: "Whether it is a redeem script, whose hash is paid to."},
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["51"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			script, err := c.bytes("hex")
			if err != nil {
				return nil, err
			}
			born, err := c.scanFrom()
			if err != nil {
				return nil, err
			}
			return nil, c.importKnown(func(w *wallet.Wallet) error {
				if !c.bool("p2sh") {
					return w.ImportScript(ctx, script, born)
				}
				_, err := w.ImportRedeemScript(ctx, script, born)
				return err
			})
		},
	}
}

func importPubKey() Method {
	return Method{
		Name:    "importpubkey",
		Keys:    true,
		Summary: "Watches the address of a public key.",
		Help:    "It returns at once; payments are searched for while the chain is followed. A key that is watched already is no error.",
		Params: []param{
			{name: "pubkey", kind: kindString, text: "The public key in hex, compressed."},
			{name: "label", kind: kindString, optional: true, def: importedAccount, text: "The account to import into; there is only one."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + examplePubKey + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			key, err := c.bytes("pubkey")
			if err != nil {
				return nil, err
			}
			if label := c.str("label"); label != importedAccount {
				return nil, fail(api.CodeInvalid, "keys are imported into the account %q only", importedAccount)
			}
			born, err := c.scanFrom()
			if err != nil {
				return nil, err
			}
			return nil, c.importKnown(func(w *wallet.Wallet) error {
				_, err := w.ImportPubKey(ctx, key, born)
				return err
			})
		},
	}
}

// importKnown imports something into the wallet of the call. It is no error if that changes
// nothing because it was imported before: clients of dcrwallet import theirs at each start.
func (c *Call) importKnown(do func(w *wallet.Wallet) error) error {
	err := c.Wallets.Import(c.caller.Wallet, do)
	if errors.Is(err, wallet.ErrDuplicate) {
		return nil
	}
	return err
}

// importedAccount is the name under which single addresses are listed.
const importedAccount = "imported"

func rescanParam() param {
	return param{name: "rescan", kind: kindBool, optional: true, def: true,
		text: "Whether to search blocks that are there already; without, only new ones."}
}

func scanFromParam() param {
	return param{name: "scanfrom", kind: kindInt, optional: true, def: int64(-1),
		text: "The first height to search; -1 is the wallet's birthday."}
}

// scanFrom returns the birthday of an import, nil for the wallet's, that the parameters
// rescan, scanfrom and birthday name.
func (c *Call) scanFrom() (*wallet.Birthday, error) {
	birthday, from := c.str("birthday"), c.int("scanfrom")
	tip, err := c.tip()
	switch {
	case err != nil:
		return nil, err
	case birthday != "" && from != -1:
		return nil, fail(api.CodeInvalid, "scanfrom and birthday exclude each other")
	case !c.bool("rescan"):
		return &wallet.Birthday{After: tip}, nil
	case from < -1 || from > int64(tip.Height):
		return nil, fail(api.CodeInvalid, "parameter scanfrom is %d, not a height up to the tip, which is %d", from, tip.Height)
	case from >= 0:
		return &wallet.Birthday{Height: consensus.Height(from)}, nil
	}
	return c.born(birthday)
}
