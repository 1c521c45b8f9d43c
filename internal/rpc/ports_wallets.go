package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

// defaultWallet is the wallet of requests that name none.
const defaultWallet = "default"

// Wallets are the wallets of the daemon, which share one chain. What is refused
// is refused as in Wallet.
type Wallets interface {
	// Wallet returns the wallet of a name. If there is none, its methods say so:
	// ErrNoWallet for the default one, which comes with the first import, and for
	// others an *api.Error.
	Wallet(name string) Wallet

	// List returns the wallets there are.
	List() (api.WalletDir, error)

	// Create makes a wallet. An empty birthday is the daemon's.
	Create(ctx context.Context, name, birthday string) error

	// Load opens a wallet, Unload closes it.
	Load(name string) error
	Unload(name string) error

	// Watch returns a channel that is poked (capacity one) after everything that
	// changed a wallet, and when one comes or goes, until ctx ends.
	Watch(ctx context.Context) <-chan struct{}
}
