package rpc

import (
	"context"

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
			gapLimitParam("The gap limit that accounts get, up to 10000; 0 leaves those they have. A lower one watches no fewer addresses."),
			{name: "account", kind: kindString, optional: true, def: anyAccount, text: "The account that gets it; * is all of them."},
			{name: "async", kind: kindBool, optional: true, def: false, text: "Whether to return the job at once rather than null in the end."},
		},
		result:  "null, when it is done; or with async the job",
		returns: []any{nil, api.Job{}},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			if a.bool("discoveraccounts") {
				return nil, fail(api.CodeWallet, "without private keys no account can be found; run: spvctl account import NAME XPUB")
			}
			from, err := b.heightOf(a, "startblock")
			if err != nil {
				return nil, err
			}
			if err := b.setGapLimit(ctx, a); err != nil {
				return nil, err
			}
			return b.rescan(ctx, from, a.bool("async"))
		},
	}
}

// setGapLimit changes gap limits, if that is asked for.
func (b *backend) setGapLimit(ctx context.Context, a args) error {
	gap, err := a.count("gaplimit")
	account := a.str("account")
	switch {
	case err != nil:
		return err
	case gap == 0:
		return b.knownAccount(account)
	case fits(account, anyAccount):
		return b.Wallet.SetGapLimit(ctx, uint32(gap))
	}
	return b.Wallet.SetGapLimit(ctx, uint32(gap), account)
}
