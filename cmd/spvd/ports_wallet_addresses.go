package main

import (
	"context"
	"encoding/hex"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// importing runs an import with the birthday that a client has named. The default
// wallet is made for it.
func (p walletPort) importing(birthday string, run func(*wallet.Wallet, *wallet.Birthday) error) error {
	born, err := p.all.born(birthday, p.sync.Status())
	if err != nil {
		return err
	}
	use := func(w *wallet.Wallet) error { return run(w, born) }
	if p.name == wallet.DefaultName {
		return walletError(p.all.MakeFor(p.name, use))
	}
	w, err := p.all.Wallet(p.name)
	if err == nil {
		err = use(w)
	}
	return walletError(err)
}

// ImportPubKey implements rpc.Addresses.
func (p walletPort) ImportPubKey(ctx context.Context, key []byte, birthday string) error {
	return p.importing(birthday, func(w *wallet.Wallet, born *wallet.Birthday) error {
		_, err := w.ImportPubKey(ctx, key, born)
		return err
	})
}

// ImportScript implements rpc.Addresses.
func (p walletPort) ImportScript(ctx context.Context, script []byte, redeem bool, birthday string) error {
	return p.importing(birthday, func(w *wallet.Wallet, born *wallet.Birthday) error {
		if !redeem {
			return w.ImportScript(ctx, script, born)
		}
		_, err := w.ImportRedeemScript(ctx, script, born)
		return err
	})
}

// ImportAddress implements rpc.Addresses.
func (p walletPort) ImportAddress(ctx context.Context, address, label, birthday string) error {
	return p.importing(birthday, func(w *wallet.Wallet, born *wallet.Birthday) error {
		return w.ImportAddress(ctx, address, label, born)
	})
}

// AddressInfo implements rpc.Addresses.
func (p walletPort) AddressInfo(ctx context.Context, address string) (api.AddressInfo, error) {
	w, err := p.reading()
	if err != nil {
		return api.AddressInfo{}, err
	}
	info, err := w.AddressInfo(ctx, address)
	if err != nil {
		return api.AddressInfo{}, walletError(err)
	}
	out := api.AddressInfo{
		Address:     info.Address,
		IsMine:      info.Mine,
		IsWatchOnly: info.Mine,
		PubKey:      hex.EncodeToString(info.PublicKey),
		Account:     info.Account,
		Hex:         hex.EncodeToString(info.RedeemScript),
		Label:       info.Label,
		BeyondGap:   info.BeyondGap,
	}
	if info.Derived {
		out.Branch, out.Index = &info.Branch, &info.Index
	}
	return out, nil
}

// AddressesOf implements rpc.Addresses.
func (p walletPort) AddressesOf(account string) ([]string, error) {
	w, err := p.reading()
	if err != nil {
		return nil, err
	}
	list, err := w.Addresses(account)
	return list, walletError(err)
}
