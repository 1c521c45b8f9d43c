package rpc

import "context"

func importScript() method {
	return method{
		name:    "importscript",
		keys:    true,
		summary: "Watches payments to the hash of a redeem script, or outputs with a script.",
		help: "It returns at once; payments are searched for while the chain is followed. With p2sh false the script is that of " +
			"the outputs themselves, whatever it is; in the stake tree it is watched behind a tag as well.",
		params: []param{
			{name: "hex", kind: kindString, text: "The script in hex."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
			{name: "p2sh", kind: kindBool, optional: true, def: true, text: "Whether it is a redeem script, whose hash is paid to."},
		},
		result:  "null",
		returns: []any{nil},
		example: `["51"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			script, err := a.bytes("hex")
			if err != nil {
				return nil, err
			}
			born, err := b.born(a)
			if err != nil {
				return nil, err
			}
			return nil, b.Wallet.ImportScript(ctx, script, a.bool("p2sh"), born)
		},
	}
}
