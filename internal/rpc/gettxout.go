package rpc

import (
	"context"
	"encoding/hex"

	"github.com/decred/dcrd/txscript/v4/stdscript"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getTxOut() method {
	return method{
		name:    "gettxout",
		reads:   true,
		summary: "Returns an unspent output of the wallet.",
		help: "Null is an output of the wallet that is spent. A light client cannot tell whether one of somebody else is: where " +
			"dcrd answers null for what it does not know, it is an error here that says as much.",
		params: []param{
			{name: "txid", kind: kindHash, text: "The hash of the transaction."},
			{name: "vout", kind: kindInt, text: "The index of the output."},
			{name: "tree", kind: kindInt, text: "The tree of the transaction: 0 regular, 1 stake."},
			{name: "includemempool", kind: kindBool, optional: true, def: true, text: "Whether unmined transactions count."},
		},
		result:  "an object with dcrd's fields, or null",
		returns: []any{nil, api.TxOut{}},
		example: `["` + exampleTx + `",0,0]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			vout, err := a.count("vout")
			if err != nil {
				return nil, err
			}
			tree := a.int("tree")
			if tree != 0 && tree != 1 {
				return nil, fail(api.CodeInvalid, "tree is %d, not 0 or 1", tree)
			}
			op := api.OutPoint{TxID: a.hash("txid").String(), Vout: uint32(vout), Tree: int8(tree)}
			out, err := b.Wallet.Output(ctx, op, a.bool("includemempool"))
			if err != nil || out == nil {
				return nil, err
			}
			out.ScriptPubKey, err = b.describe(out.ScriptPubKey)
			return out, err
		},
	}
}

// describe fills in what the bytes of a script say.
func (b *backend) describe(s api.PkScript) (api.PkScript, error) {
	raw, err := hex.DecodeString(s.Hex)
	if err != nil {
		return s, err
	}
	kind, addrs := stdscript.ExtractAddrs(s.Version, raw, b.params)
	s.Asm, s.Type, s.Addresses = disassemble(raw), kind.String(), encodeAddrs(addrs)
	s.ReqSigs = int32(stdscript.DetermineRequiredSigs(s.Version, raw))
	return s, nil
}
