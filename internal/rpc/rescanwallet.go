package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func rescanWallet() method {
	return method{
		name:    "rescanwallet",
		summary: "Searches blocks again for everything the wallet watches.",
		help: "Nothing that is known is forgotten meanwhile. What takes longer than a call may is not given up: " +
			"the call fails, and the search goes on; see walletinfo.",
		params: []param{
			{name: "beginheight", kind: kindInt, optional: true, def: int64(0), text: "The first height to search."},
		},
		result:  "null, when it is done",
		returns: []any{nil},
		example: `[1]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			from, err := a.count("beginheight")
			if err != nil {
				return nil, err
			}
			if err := b.Wallet.Rescan(ctx, from); err != nil {
				return nil, err
			}
			return nil, b.awaitScan(ctx)
		},
	}
}

// awaitScan waits until the wallet has searched all blocks of the chain.
func (b *backend) awaitScan(ctx context.Context) error {
	for range b.Sync.Changes(ctx, 0) {
		_, tip, err := b.Chain.Best()
		if err != nil {
			return err
		}
		info, err := b.Wallet.Info()
		if err != nil || info.Scanned >= tip {
			return err
		}
	}
	return fail(api.CodeMisc, "the search goes on; see how far it is with: spvctl wallet")
}
