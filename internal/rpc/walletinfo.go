package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func walletInfo() method {
	return method{
		name:    "walletinfo",
		reads:   true,
		summary: "Tells what the wallet watches and how far it has got.",
		help: "There are no keys in it: unlocked, voting and what belongs to them never change. birthhash is empty until there " +
			"is a block at the birthday.",
		result:  "an object with dcrwallet's fields and ours",
		returns: []any{api.WalletInfo{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, _ args) (any, error) {
			info, err := b.Wallet.Info()
			if err != nil {
				return nil, err
			}
			info.SPV, info.WatchOnly = true, true
			info.DaemonConnected = b.Sync.Status().Peers > 0
			info.CoinType = b.params.SLIP0044CoinType
			if hash, err := b.Chain.HashAt(info.BirthHeight); err == nil {
				info.BirthHash = hash.String()
			}
			info.BirthHeight = max(0, info.BirthHeight) // clients read it as unsigned
			return info, nil
		},
	}
}
