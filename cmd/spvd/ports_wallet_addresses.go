package main

import (
	"context"
	"encoding/hex"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// bornAt returns the birthday for an import that is searched for from a height
// on; -1 leaves it to the wallet.
func (p walletPort) bornAt(from int64) *wallet.Birthday {
	if from < 0 {
		return p.all.birthday
	}
	return &wallet.Birthday{Height: height(from)}
}

// ImportPubKey implements rpc.Addresses.
func (p walletPort) ImportPubKey(ctx context.Context, key []byte, from int64) error {
	w, err := p.making()
	if err == nil {
		_, err = w.ImportPubKey(ctx, key, p.bornAt(from))
	}
	return walletError(err)
}

// ImportScript implements rpc.Addresses.
func (p walletPort) ImportScript(ctx context.Context, redeem []byte, from int64) error {
	w, err := p.making()
	if err == nil {
		_, err = w.ImportRedeemScript(ctx, redeem, p.bornAt(from))
	}
	return walletError(err)
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
		Address:      info.Address,
		IsMine:       info.Mine,
		IsWatchOnly:  info.Mine,
		IsScript:     info.IsScript,
		PubKey:       hex.EncodeToString(info.PublicKey),
		IsCompressed: len(info.PublicKey) > 0, // no others are standard
		Account:      info.Account,
		Hex:          hex.EncodeToString(info.RedeemScript),
		Label:        info.Label,
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

// Rescan implements rpc.Addresses.
func (p walletPort) Rescan(ctx context.Context, from int64) error {
	w, err := p.reading()
	if err != nil {
		return err
	}
	return walletError(w.Rescan(ctx, height(from)))
}
