package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getBalance() method {
	return method{
		name:    "getbalance",
		reads:   true,
		summary: "Returns the balances of the accounts in coins.",
		help: "Amounts are exact: they have all digits. With minconf 0 unmined transactions count as if they were mined; " +
			"else totalunconfirmed is what they would add. What transactions with an expiry pay counts as immature stake generation " +
			"until it can be spent, as late as a block reward. The balance is that of the block named: see walletinfo for how far it is.",
		params:  []param{someAccountParam(), minConfParam()},
		result:  "an object with the balances and, for all accounts, their totals",
		returns: []any{api.Balance{}},
		example: `["*"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			return b.balanceOf(ctx, a, a.str("account"))
		},
	}
}

// balanceOf returns the balances of the accounts chosen.
func (b *backend) balanceOf(ctx context.Context, a args, account string) (*api.Balance, error) {
	minConf, err := a.count("minconf")
	if err != nil {
		return nil, err
	}
	if err := b.knownAccount(account); err != nil {
		return nil, err
	}
	all, err := b.Wallet.Balances(ctx, minConf)
	if err != nil || fits(account, anyAccount) {
		return &all, err
	}
	one := &api.Balance{BlockHash: all.BlockHash}
	for _, balance := range all.Balances {
		if balance.AccountName == account {
			one.Balances = append(one.Balances, balance)
			one.TotalImmatureCoinbase = balance.ImmatureCoinbase
			one.TotalImmatureStake = balance.ImmatureStake
			one.TotalLockedByTickets = balance.LockedByTickets
			one.TotalSpendable = balance.Spendable
			one.CumulativeTotal = balance.Total
			one.TotalUnconfirmed = balance.Unconfirmed
			one.TotalVotingAuthority = balance.VotingAuthority
		}
	}
	return one, nil
}
