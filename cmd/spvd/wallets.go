package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// wallets are the wallets of the daemon. The default one comes with the first
// import; until then there is no file, and the syncer scans for nobody.
type wallets struct{ *wallet.Set }

// newWallets returns the wallets of the data directory. It opens none.
func newWallets(cfg *config, params *consensus.Params, log *slog.Logger) *wallets {
	settings := wallet.SetConfig{Dir: filepath.Join(cfg.netDir(), walletDir), Params: params, Log: log}
	if cfg.Birthday != "" {
		settings.Birthday = cfg.Birthday.value()
		settings.ImportsBorn = &settings.Birthday
	}
	return &wallets{wallet.NewSet(settings)}
}

// addAccounts imports the accounts that the user has named into the default
// wallet, unless they are there already.
func (a *wallets) addAccounts(ctx context.Context, accounts []accountFlag) error {
	if len(accounts) == 0 {
		return nil
	}
	born, err := a.Born("", consensus.Never)
	if err != nil {
		return err
	}
	return a.Import(wallet.DefaultName, func(w *wallet.Wallet) error {
		for _, named := range accounts {
			if known, err := w.Account(named.name); err == nil && known.Xpub == named.xpub {
				continue
			}
			if _, err := w.ImportXpub(ctx, named.name, named.xpub, wallet.AccountOptions{Birthday: born}); err != nil {
				return fmt.Errorf("--account: %w", err)
			}
		}
		return nil
	})
}
