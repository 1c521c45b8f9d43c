package rpc

import (
	"context"
	"errors"
	"strings"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
)

// relayFee is the fee per kilobyte below which nodes do not relay transactions
// unless their operator changed it.
const relayFee dcrutil.Amount = 1e4

func getInfo() method {
	return method{
		name:    "getinfo",
		reads:   true,
		summary: "Returns an overview of the daemon in dcrwallet's form.",
		help: "The daemon holds no keys and never asks peers for the time: walletversion, timeoffset, " +
			"the keypool fields, unlocked_until and paytxfee are always 0. errors holds the warnings of syncstatus.",
		result:  "an object with dcrwallet's fields",
		returns: []any{api.Info{}},
		example: `[]`,
		handle: func(ctx context.Context, b *backend, _ args) (any, error) {
			hash, height, err := b.Chain.Best()
			if err != nil {
				return nil, err
			}
			best, err := b.header(hash)
			if err != nil {
				return nil, err
			}
			verbose, err := b.verboseHeader(&best)
			if err != nil {
				return nil, err
			}
			balance, err := b.Wallet.Balances(ctx, 1)
			if err != nil && !errors.Is(err, ErrNoWallet) {
				return nil, err
			}
			st := b.Sync.Status()
			v := b.version
			return api.Info{
				Version:         int32(1000000*v.Major + 10000*v.Minor + 100*v.Patch),
				ProtocolVersion: int32(b.protocolVersion),
				Balance:         balance.TotalSpendable,
				Blocks:          height,
				Connections:     int32(st.Peers),
				Proxy:           b.proxy,
				Difficulty:      verbose.Difficulty,
				TestNet:         b.params.Net == wire.TestNet3,
				RelayFee:        relayFee.ToCoin(),
				Errors:          joinWarnings(st.Warnings),
			}, nil
		},
	}
}

// joinWarnings returns the warnings as one text.
func joinWarnings(warnings []api.Warning) string {
	texts := make([]string, len(warnings))
	for i, w := range warnings {
		texts[i] = w.Text
	}
	return strings.Join(texts, " ")
}
