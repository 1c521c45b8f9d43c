package rpctest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
)

// wallets are the canned wallet, which is the default one, and one called savings
// that can be made, loaded and unloaded.
type wallets struct {
	daemon *Daemon
	canned *cannedWallet

	mu    sync.Mutex
	files []api.WalletFile
}

func newWallets(d *Daemon) *wallets {
	return &wallets{
		daemon: d,
		canned: newWallet(d),
		files:  []api.WalletFile{{Name: "default", Loaded: true}, {Name: "savings", Loaded: true}},
	}
}

// Wallet implements rpc.Wallets.
func (w *wallets) Wallet(name string) rpc.Wallet {
	if name == "default" {
		return w.canned
	}
	return missing{w.canned}
}

// List implements rpc.Wallets.
func (w *wallets) List() (api.WalletDir, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return api.WalletDir{Wallets: slices.Clone(w.files)}, nil
}

// Create implements rpc.Wallets.
func (w *wallets) Create(_ context.Context, name, birthday string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case strings.ToLower(name) != name:
		return refuse(api.CodeInvalid, "wallet names are lower case")
	case birthday == "yesterday":
		return refuse(api.CodeInvalid, `birthday "yesterday" is none`)
	case name != "savings" && w.find(name) >= 0:
		return refuse(api.CodeWallet, "there is such a wallet already")
	}
	return nil
}

// Load implements rpc.Wallets.
func (w *wallets) Load(name string) error { return w.set(name, true) }

// Unload implements rpc.Wallets.
func (w *wallets) Unload(name string) error { return w.set(name, false) }

func (w *wallets) set(name string, loaded bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.find(name)
	if i < 0 {
		return refuse(api.CodeNoWallet, "there is no such wallet")
	}
	w.files[i].Loaded = loaded
	return nil
}

// missing is a wallet that does not exist, as walletinfo finds out.
type missing struct{ *cannedWallet }

// Info implements rpc.Accounts.
func (missing) Info() (api.WalletInfo, error) {
	return api.WalletInfo{}, refuse(api.CodeNoWallet, "there is no such wallet")
}

func (w *wallets) find(name string) int {
	return slices.IndexFunc(w.files, func(f api.WalletFile) bool { return f.Name == name })
}

// Watch implements rpc.Wallets. It has one reader.
func (w *wallets) Watch(context.Context) <-chan struct{} { return w.daemon.wallets }
