package rpc

import (
	"context"
	"math"

	"github.com/spvd/spvd/internal/rpc/api"
)

func discoverUsage() method {
	return method{
		name:    "discoverusage",
		summary: "Searches blocks again for used addresses, as rescanwallet does, if wanted with another gap limit.",
		help:    "Used addresses are found by every scan; this is for those that a gap limit was too low for.",
		params: []param{
			{name: "startblock", kind: kindString, optional: true, def: "", text: "The hash of the block to begin after; without it, genesis."},
			{name: "discoveraccounts", kind: kindBool, optional: true, def: false, text: "Must be false: without private keys no account can be found."},
			{name: "gaplimit", kind: kindInt, optional: true, def: int64(0), text: "The gap limit for all accounts; 0 leaves those they have."},
		},
		result:  "null, when it is done",
		returns: []any{nil},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			gap := a.int("gaplimit")
			switch {
			case a.bool("discoveraccounts"):
				return nil, fail(api.CodeWallet, "without private keys no account can be found; run: spvctl account import NAME XPUB")
			case gap < 0 || gap > math.MaxInt32:
				return nil, fail(api.CodeInvalid, "gaplimit %d is not one", gap)
			}
			from, err := b.heightOf(a.str("startblock"))
			if err != nil {
				return nil, err
			}
			if gap > 0 {
				if err := b.Wallet.SetGapLimit(ctx, uint32(gap)); err != nil {
					return nil, err
				}
			}
			id, err := b.Wallet.Rescan(ctx, from)
			if err != nil {
				return nil, err
			}
			return nil, b.awaitJob(ctx, id)
		},
	}
}
