package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// errNoWallet means that nothing was ever imported.
var errNoWallet = errors.New("there is no wallet yet")

// purse is the place of the default wallet. Until something is imported there
// is no file, and the syncer scans for nobody.
type purse struct {
	cfg wallet.Config

	// birthday is that of what is imported from now on. Nil leaves it to the
	// wallet, which keeps the one it was created with.
	birthday *wallet.Birthday

	mu   sync.Mutex // guards open, held while the file is opened
	open *wallet.Wallet

	made chan struct{} // closed once open is set
}

// newPurse returns the purse for a wallet file. It opens nothing.
func newPurse(cfg *config, params *chain.Params, log *slog.Logger) *purse {
	p := &purse{
		cfg: wallet.Config{
			Path:   filepath.Join(cfg.netDir(), walletDir, walletFile),
			Params: params,
			Log:    log,
		},
		made: make(chan struct{}),
	}
	if cfg.Birthday != "" {
		p.cfg.Birthday = cfg.Birthday.value()
		p.birthday = &p.cfg.Birthday
	}
	return p
}

// wallet returns the wallet, or errNoWallet.
func (p *purse) wallet() (*wallet.Wallet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		return nil, errNoWallet
	}
	return p.open, nil
}

// reopen opens the wallet if its file exists.
func (p *purse) reopen() error {
	_, err := os.Stat(p.cfg.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = p.make()
	}
	return err
}

// make returns the wallet, and creates its file if there is none.
func (p *purse) make() (*wallet.Wallet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open != nil {
		return p.open, nil
	}
	if err := os.MkdirAll(filepath.Dir(p.cfg.Path), 0o700); err != nil {
		return nil, fmt.Errorf("make wallet directory: %w", err)
	}
	w, err := wallet.Open(p.cfg)
	if err != nil {
		return nil, err
	}
	p.open = w
	close(p.made)
	return w, nil
}

// addAccounts imports the accounts that the user has named, unless they are
// there already.
func (p *purse) addAccounts(ctx context.Context, accounts []accountFlag) error {
	if len(accounts) == 0 {
		return nil
	}
	w, err := p.make()
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if known, err := w.Account(a.name); err == nil && known.Xpub == a.xpub {
			continue
		}
		if _, err := w.ImportXpub(ctx, a.name, a.xpub, wallet.AccountOptions{Birthday: p.birthday}); err != nil {
			return fmt.Errorf("--account: %w", err)
		}
	}
	return nil
}

// run keeps the wallet open until ctx ends. The service stops after all that
// use it.
func (p *purse) run(ctx context.Context) error {
	<-ctx.Done()
	return p.close()
}

// close closes the wallet's file, if it is open.
func (p *purse) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		return nil
	}
	return p.open.Close()
}

// Scanned implements spv.Wallet.
func (p *purse) Scanned() (at chain.BlockID, watching bool) {
	w, err := p.wallet()
	if err != nil {
		return chain.BlockID{}, false
	}
	return w.Scanned()
}

// Locator implements spv.Wallet.
func (p *purse) Locator() []chain.BlockID {
	w, err := p.wallet()
	if err != nil {
		return nil
	}
	return w.Locator()
}

// Scripts implements spv.Wallet.
func (p *purse) Scripts() (scripts [][]byte, revision uint64) {
	w, err := p.wallet()
	if err != nil {
		return nil, 0
	}
	return w.Scripts()
}

// Apply implements spv.Wallet.
func (p *purse) Apply(ctx context.Context, u chain.Update) (grown bool, err error) {
	w, err := p.wallet()
	if err != nil {
		return false, err
	}
	return w.Apply(ctx, u)
}

// Changed implements spv.Wallet: until there is a wallet, its coming is the one
// change.
func (p *purse) Changed() <-chan struct{} {
	w, err := p.wallet()
	if err != nil {
		return p.made
	}
	return w.Changed()
}
