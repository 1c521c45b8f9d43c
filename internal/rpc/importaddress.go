package rpc

import "context"

func importAddress() method {
	return method{
		name:    "importaddress",
		keys:    true,
		summary: "Watches a single address of any standard type.",
		help: "It returns at once; payments are searched for while the chain is followed, see listjobs. A private key is refused, " +
			"and neither kept nor logged.",
		params: []param{
			{name: "address", kind: kindString, text: "The address: of a public key, its hash, or the hash of a script."},
			{name: "label", kind: kindString, optional: true, def: "", text: "A label for it."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		result:  "null",
		returns: []any{nil},
		example: `["` + exampleAddress + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			born, err := b.born(a)
			if err != nil {
				return nil, err
			}
			return nil, b.Wallet.ImportAddress(ctx, a.str("address"), a.str("label"), born)
		},
	}
}
