package rpc

import (
	"context"
	"errors"
	"math"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listSinceBlock() method {
	return method{
		name:    "listsinceblock",
		reads:   true,
		summary: "Lists what transactions pay that were mined after a block, newest first, and the unmined ones.",
		help:    "Calling it again with lastblock misses nothing: transactions with fewer confirmations than asked for are listed again.",
		params: []param{
			{name: "blockhash", kind: kindString, optional: true, def: "", text: "The last block that is known; without it all are listed."},
			{name: "targetconfirmations", kind: kindInt, optional: true, def: int64(1), text: "How many confirmations lastblock has."},
			watchOnlyParam(),
		},
		result:  "an object with the lines of listtransactions and the block to call it with next time",
		returns: []any{api.SinceBlock{}},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			target, err := a.count("targetconfirmations")
			if err != nil {
				return nil, err
			}
			above, err := b.heightOf(a, "blockhash")
			if err != nil {
				return nil, err
			}
			info, err := b.Wallet.Info()
			if err != nil {
				return nil, err
			}
			all := listing{account: anyAccount, most: math.MaxInt64, lines: []api.ListedTransaction{}}
			if err := b.Wallet.Transactions(ctx, above, nil, all.add); err != nil {
				return nil, err
			}
			last, err := b.Chain.HashAt(max(0, info.Height+1-max(1, target)))
			if err != nil {
				return nil, err
			}
			return api.SinceBlock{Transactions: all.lines, LastBlock: last.String()}, nil
		},
	}
}

// heightOf returns the height of the main chain block that a parameter names in
// hex, and of the genesis block if it is empty.
func (b *backend) heightOf(a args, name string) (int64, error) {
	if a.str(name) == "" {
		return 0, nil
	}
	p := param{name: name}
	hash, err := p.parseHash(a.str(name))
	if err != nil {
		return 0, err
	}
	h, err := b.Chain.Header(hash.(chainhash.Hash))
	if errors.Is(err, ErrNotFound) {
		return 0, b.notOnChain(hash.(chainhash.Hash))
	}
	return h.Height, err
}
