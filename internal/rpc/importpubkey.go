package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func importPubKey() method {
	return method{
		name:    "importpubkey",
		summary: "Watches the address of a public key.",
		help:    "It returns at once; payments are searched for while the chain is followed.",
		params: []param{
			{name: "pubkey", kind: kindString, text: "The public key in hex, compressed."},
			{name: "label", kind: kindString, optional: true, def: importedAccount, text: "The account to import into; there is only one."},
			rescanParam(), scanFromParam(),
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
			from, err := b.scanFrom(a)
			if err != nil {
				return nil, err
			}
			return nil, b.Wallet.ImportPubKey(ctx, key, from)
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

// scanFrom returns the first height to search for an import, -1 for the wallet's
// birthday.
func (b *backend) scanFrom(a args) (int64, error) {
	_, tip, err := b.Chain.Best()
	if err != nil {
		return 0, err
	}
	if !a.bool("rescan") {
		return tip + 1, nil
	}
	from := a.int("scanfrom")
	if from < -1 || from > tip {
		return 0, fail(api.CodeInvalid, "parameter scanfrom is %d, not a height up to the tip, which is %d", from, tip)
	}
	return from, nil
}
