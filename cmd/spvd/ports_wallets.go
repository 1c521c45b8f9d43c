package main

import (
	"context"
	"fmt"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// walletsPort tells of the wallets in the terms of JSON-RPC.
type walletsPort struct {
	all  *wallets
	sync *spv.Syncer
}

// Wallet implements rpc.Wallets.
func (p walletsPort) Wallet(name string) rpc.Wallet { return walletPort{p.all, name, p.sync} }

// List implements rpc.Wallets.
func (p walletsPort) List() (api.WalletDir, error) {
	list, err := p.all.List()
	dir := api.WalletDir{Wallets: []api.WalletFile{}}
	for _, l := range list {
		dir.Wallets = append(dir.Wallets, api.WalletFile{Name: l.Name, Loaded: l.Open})
	}
	return dir, err
}

// Create implements rpc.Wallets.
func (p walletsPort) Create(_ context.Context, name, birthday string) error {
	born, err := p.all.born(birthday, p.sync.Status())
	if err == nil {
		_, err = p.all.Create(name, born)
	}
	return walletError(err)
}

// Load implements rpc.Wallets.
func (p walletsPort) Load(name string) error {
	_, err := p.all.Open(name)
	return walletError(err)
}

// Watch implements rpc.Wallets.
func (p walletsPort) Watch(ctx context.Context) <-chan struct{} { return p.all.Watch(ctx) }

// Unload implements rpc.Wallets.
func (p walletsPort) Unload(name string) error { return walletError(p.all.CloseWallet(name)) }

// born returns the birthday that a client has named; without one it is that of
// the daemon, or nil for the wallet's own. The height of a block that is yet to
// come is a mistake, once it is known how far the chain goes.
func (a *wallets) born(birthday string, st spv.Status) (*wallet.Birthday, error) {
	if birthday == "" {
		return a.birthday, nil
	}
	var flag birthdayFlag
	if err := flag.UnmarshalFlag(birthday); err != nil {
		return nil, &api.Error{Code: api.CodeInvalid, Message: "the birthday is neither a height, nor a date like 2024-01-31 that is past, nor new"}
	}
	born := flag.value()
	if st.Synced && born.Height > st.Tip.Height+1 {
		return nil, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf(
			"the birthday is above the tip, which is %d; give new for what was never used", st.Tip.Height)}
	}
	return &born, nil
}
