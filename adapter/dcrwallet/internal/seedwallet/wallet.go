package seedwallet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"decred.org/dcrwallet/v5/wallet"
	_ "decred.org/dcrwallet/v5/wallet/drivers/bdb" // the only database there is
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
)

// passphrase unlocks every wallet: they live on the simulation network.
const passphrase = "private"

// gapLimit is how many unused addresses in a row a wallet looks for.
const gapLimit = 20

// Wallet is a wallet with an open database.
type Wallet struct {
	*wallet.Wallet
	db wallet.DB
}

// Open opens the wallet in a directory and unlocks it. If there is none, it creates one
// from the seed.
func Open(ctx context.Context, dir string, seed []byte) (w *Wallet, err error) {
	path := filepath.Join(dir, "wallet.db")
	params := chaincfg.SimNetParams()
	var db wallet.DB
	if _, err := os.Stat(path); err == nil {
		db, err = wallet.OpenDB("bdb", path)
		if err != nil {
			return nil, fmt.Errorf("open wallet: %w", err)
		}
	} else {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		db, err = create(ctx, path, seed, params)
		if err != nil {
			return nil, fmt.Errorf("create wallet: %w", err)
		}
	}
	opened, err := wallet.Open(ctx, &wallet.Config{
		DB: db, PubPassphrase: []byte(wallet.InsecurePubPassphrase), Params: params,
		MixingEnabled: true,
		GapLimit:      gapLimit, AccountGapLimit: wallet.DefaultAccountGapLimit, RelayFee: dcrutil.Amount(1e4),
	})
	if err == nil {
		err = opened.Unlock(ctx, []byte(passphrase), nil)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open wallet: %w", err), db.Close())
	}
	return &Wallet{opened, db}, nil
}

// create makes a wallet. It appears under its name only once it is complete, so that a
// process that is killed meanwhile leaves none.
func create(ctx context.Context, path string, seed []byte, params *chaincfg.Params) (wallet.DB, error) {
	making := path + ".new"
	if err := os.Remove(making); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	db, err := wallet.CreateDB("bdb", making)
	if err != nil {
		return nil, err
	}
	err = wallet.Create(ctx, db, []byte(wallet.InsecurePubPassphrase), []byte(passphrase), seed, params)
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(making, path); err != nil {
		return nil, err
	}
	return wallet.OpenDB("bdb", path)
}

// Close closes the database.
func (w *Wallet) Close() error { return w.db.Close() }

// Address returns the address of a branch of the first account by its index, without
// handing it out.
func (w *Wallet) Address(ctx context.Context, branch, index uint32) (stdaddr.Address, error) {
	account, err := w.AccountXpub(ctx, 0)
	if err != nil {
		return nil, err
	}
	return addressOf(account, branch, index, w.ChainParams())
}

func addressOf(account *hdkeychain.ExtendedKey, branch, index uint32, params stdaddr.AddressParamsV0) (stdaddr.Address, error) {
	key, err := account.Child(branch)
	if err == nil {
		key, err = key.Child(index)
	}
	if err != nil {
		return nil, err
	}
	return stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(key.SerializedPubKey()), params)
}

// Key returns the private key of an address of the first account.
func (w *Wallet) Key(ctx context.Context, branch, index uint32) ([]byte, error) {
	key, err := w.AccountXpriv(ctx, 0)
	if err == nil {
		key, err = key.Child(branch)
	}
	if err == nil {
		key, err = key.Child(index)
	}
	if err != nil {
		return nil, err
	}
	return key.SerializedPrivKey()
}
