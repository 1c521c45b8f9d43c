package main

import (
	"context"
	"math"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// walletPort tells of one wallet in the terms of JSON-RPC. Its methods are in
// several files: accounts here, then addresses, ledger and coins.
type walletPort struct {
	all  *wallets
	name string
	sync *spv.Syncer
}

// reading returns the wallet for a method that needs there to be one.
func (p walletPort) reading() (*wallet.Wallet, error) {
	w, err := p.all.Wallet(p.name)
	if err != nil && p.name == wallet.DefaultName {
		return nil, rpc.ErrNoWallet
	}
	return w, walletError(err)
}

// ImportXpub implements rpc.Accounts.
func (p walletPort) ImportXpub(ctx context.Context, name, xpub, birthday string, gap uint32) error {
	return p.importing(birthday, func(w *wallet.Wallet, born *wallet.Birthday) error {
		_, err := w.ImportXpub(ctx, name, xpub, wallet.AccountOptions{Birthday: born, Gap: gap})
		return err
	})
}

// RenameAccount implements rpc.Accounts.
func (p walletPort) RenameAccount(ctx context.Context, from, to string) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	return walletError(w.RenameAccount(ctx, from, to))
}

// NewAddress implements rpc.Accounts.
func (p walletPort) NewAddress(ctx context.Context, account string, branch uint32, beyond bool) (string, error) {
	w, err := p.reading()
	if err != nil {
		return "", err
	}
	if !beyond {
		a, err := w.Account(account)
		if err != nil {
			return "", walletError(err)
		}
		if window := a.Branches[branch]; max(window.Issued, window.Used) >= window.Used+a.Gap {
			return "", &api.Error{Code: api.CodeWallet, Message: "the next address is behind the gap limit; " +
				"wait for a payment, or pass the gap policy ignore"}
		}
	}
	issued, err := w.NewAddress(ctx, account, branch)
	return issued.Address, walletError(err)
}

// NextIndex implements rpc.Accounts.
func (p walletPort) NextIndex(account string, branch uint32) (uint32, error) {
	w, err := p.reading()
	if err != nil {
		return 0, err
	}
	index, err := w.NextIndex(account, branch)
	return index, walletError(err)
}

// SetGapLimit implements rpc.Accounts.
func (p walletPort) SetGapLimit(ctx context.Context, gap uint32, accounts ...string) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	return walletError(w.SetGapLimit(ctx, gap, accounts...))
}

// Info implements rpc.Accounts.
func (p walletPort) Info() (api.WalletInfo, error) {
	w, err := p.reading()
	if err != nil {
		return api.WalletInfo{}, err
	}
	st := w.Status()
	info := api.WalletInfo{
		BirthHeight: -1,
		Height:      int64(st.Tip.Height),
		Scanned:     int64(st.Scanned.Height),
		Scripts:     st.Scripts,
		Accounts:    []api.Account{},
	}
	if st.Birthday != chain.Never {
		info.BirthHeight = int64(st.Birthday)
	}
	for _, a := range w.Accounts() {
		info.Accounts = append(info.Accounts, api.Account{
			Name:     a.Name,
			Number:   a.Number,
			Birthday: a.Birthday.String(),
			Gap:      a.Gap,
			External: max(a.Branches[wallet.External].Issued, a.Branches[wallet.External].Used),
			Internal: max(a.Branches[wallet.Internal].Issued, a.Branches[wallet.Internal].Used),
		})
	}
	return info, nil
}

// height returns a height that JSON-RPC has checked to be one, or the greatest.
func height(n int64) chain.Height { return chain.Height(min(n, math.MaxInt32)) }
