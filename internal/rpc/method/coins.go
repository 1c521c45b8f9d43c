package method

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/wallet"
)

// coinMethods returns the methods about unspent outputs.
func coinMethods() []Method {
	return []Method{
		getTxOut(),
		listUnspent(),
		lockUnspent(),
		listLockUnspent(),
	}
}

func getTxOut() Method {
	return Method{
		Name:    "gettxout",
		Reads:   true,
		Summary: "Returns an unspent output of the wallet.",
		Help:    "The result is null for an output of the wallet that is spent, and for any output that the wallet cannot spend: a light client does not know those.",
		Params: []param{
			{name: "txid", kind: kindHash, text: "The hash of the transaction."},
			{name: "vout", kind: kindInt, text: "The index of the output."},
			{name: "tree", kind: kindInt, text: "The tree of the transaction: 0 regular, 1 stake."},
			{name: "includemempool", kind: kindBool, optional: true, def: true, text: "Whether unmined transactions count."},
		},
		Result:  "an object with dcrd's fields, or null",
		Returns: []any{nil, api.TxOut{}},
		Example: `["` + exampleTx + `",0,0]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			vout, err := c.count("vout")
			if err != nil {
				return nil, err
			}
			tree := c.int("tree")
			if tree != 0 && tree != 1 {
				return nil, fail(api.CodeInvalid, "tree is %d, not 0 or 1", tree)
			}
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			point := wire.OutPoint{Hash: c.hash("txid"), Index: uint32(vout), Tree: int8(tree)}
			o, best, err := w.OutputAt(ctx, point, c.bool("includemempool"))
			switch {
			case errors.Is(err, wallet.ErrNoOutput), err == nil && o.OutPoint.Tree != point.Tree:
				return nil, nil
			case err != nil:
				return nil, err
			}
			return &api.TxOut{
				BestBlock:     best.Hash.String(),
				Confirmations: o.Confirmations,
				Value:         api.Amount(o.Amount),
				ScriptPubKey:  c.describeScript(o.PkScript),
				Coinbase:      o.Source == wallet.FromCoinbase,
			}, nil
		},
	}
}

// describeScript describes the script of an output of version 0.
func (c *Call) describeScript(script []byte) api.PkScript {
	kind, addrs := stdscript.ExtractAddrs(0, script, c.Params.ChainParams)
	return api.PkScript{
		Asm: disassemble(script), Hex: hex.EncodeToString(script), Type: kind.String(), Addresses: encodeAddrs(addrs),
		ReqSigs: int32(stdscript.DetermineRequiredSigs(0, script)),
	}
}

// maxConfirmations is dcrwallet's default for no limit.
const maxConfirmations int64 = 9999999

func listUnspent() Method {
	return Method{
		Name:    "listunspent",
		Reads:   true,
		Summary: "Lists the outputs that can be spent with the keys to them.",
		Help:    "Outputs that are immature or locked are left out. Tickets are listed, as dcrwallet does, with spendable false.",
		Params: []param{
			minConfParam(),
			{name: "maxconf", kind: kindInt, optional: true, def: maxConfirmations, text: "The most confirmations."},
			{name: "addresses", kind: kindStrings, optional: true, def: []string(nil), text: "The addresses; without any, all."},
			someAccountParam(),
		},
		Result:  "an array with an object for each output",
		Returns: []any{[]api.Unspent{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			minConf, err := c.count("minconf")
			if err != nil {
				return nil, err
			}
			maxConf, err := c.count("maxconf")
			if err != nil {
				return nil, err
			}
			account, addresses := c.str("account"), c.strings("addresses")
			if err := c.checkAddresses(addresses); err != nil {
				return nil, err
			}
			return c.unspent(ctx, wallet.OutputFilter{MinConf: minConf, MaxConf: maxConf, Addresses: addresses, Usable: true, WithTickets: true}, account)
		},
	}
}

// unspent lists the outputs of an account that a filter chooses.
func (c *Call) unspent(ctx context.Context, f wallet.OutputFilter, account string) (*Stream, error) {
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	f.Account = oneAccount(account)
	return &Stream{Each: func(yield func(any) bool) error {
		if f.MaxConf == 0 {
			f.MaxConf = -1 // unmined outputs only; zero is no limit to the wallet
		}
		return w.EachUnspent(ctx, f, func(o *wallet.Output) bool { return yield(view.Unspent(o)) })
	}}, nil
}

func lockUnspent() Method {
	return Method{
		Name:    "lockunspent",
		Summary: "Marks unspent outputs as not to be spent, or takes that back.",
		Help:    "Marks outlive a restart. If one of the outputs cannot be marked, none is. Outputs that buildtransaction has reserved are marked until the reservation ends, or until this call removes the mark.",
		Params: []param{
			{name: "unlock", kind: kindBool, text: "True to remove marks, false to set them."},
			{name: "transactions", kind: kindOutPoints, text: "The outputs; none with unlock means all that are marked."},
		},
		Result:  "true",
		Returns: []any{true},
		Example: `[false,[{"txid":"` + exampleTx + `","vout":0,"tree":0}]]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			outputs, unlock := c.value("transactions").([]api.OutPoint), c.bool("unlock")
			p := param{name: "transactions"}
			points := make([]wire.OutPoint, len(outputs))
			for i, o := range outputs {
				hash, err := p.parseHash(o.TxID)
				if err != nil {
					return nil, err
				}
				points[i] = wire.OutPoint{Hash: hash, Index: o.Vout, Tree: o.Tree}
			}
			w, err := c.open()
			switch {
			case err != nil:
				return nil, err
			case unlock && len(outputs) == 0:
				return true, w.UnlockAll(ctx)
			}
			return true, w.LockOutputs(ctx, !unlock, points...)
		},
	}
}

func listLockUnspent() Method {
	return Method{
		Name:    "listlockunspent",
		Reads:   true,
		Summary: "Lists the outputs that are marked as not to be spent, or reserved by buildtransaction.",
		Params:  []param{someAccountParam()},
		Result:  "an array with an object for each output; until is when a reservation ends, in Unix seconds",
		Returns: []any{[]api.LockedOutput{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			return c.locked(ctx, oneAccount(c.str("account")))
		},
	}
}

// locked returns the locked outputs of an account. One that is spent belongs to none.
func (c *Call) locked(ctx context.Context, account string) ([]api.LockedOutput, error) {
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	all, err := w.Locked(ctx, account)
	if err != nil {
		return nil, err
	}
	list := []api.LockedOutput{}
	for _, o := range all {
		list = append(list, view.LockedOutput(&o))
	}
	return list, nil
}
