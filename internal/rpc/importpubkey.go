package rpc

import (
	"context"
	"strconv"

	"github.com/spvd/spvd/internal/rpc/api"
)

func importPubKey() method {
	return method{
		name:    "importpubkey",
		keys:    true,
		summary: "Watches the address of a public key.",
		help:    "It returns at once; payments are searched for while the chain is followed.",
		params: []param{
			{name: "pubkey", kind: kindString, text: "The public key in hex, compressed."},
			{name: "label", kind: kindString, optional: true, def: importedAccount, text: "The account to import into; there is only one."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		result:  "null",
		returns: []any{nil},
		example: `["` + examplePubKey + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			key, err := a.bytes("pubkey")
			if err != nil {
				return nil, err
			}
			if label := a.str("label"); label != importedAccount {
				return nil, fail(api.CodeInvalid, "keys are imported into the account %q only", importedAccount)
			}
			born, err := b.born(a)
			if err != nil {
				return nil, err
			}
			return nil, b.Wallet.ImportPubKey(ctx, key, born)
		},
	}
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

// born returns the birthday for an import, empty for the wallet's.
func (b *backend) born(a args) (string, error) {
	birthday, from := a.str("birthday"), a.int("scanfrom")
	_, tip, err := b.Chain.Best()
	switch {
	case err != nil:
		return "", err
	case birthday != "" && from != -1:
		return "", fail(api.CodeInvalid, "scanfrom and birthday exclude each other")
	case !a.bool("rescan"):
		return strconv.FormatInt(tip+1, 10), nil
	case from < -1 || from > tip:
		return "", fail(api.CodeInvalid, "parameter scanfrom is %d, not a height up to the tip, which is %d", from, tip)
	case from >= 0:
		return strconv.FormatInt(from, 10), nil
	}
	return birthday, nil
}
