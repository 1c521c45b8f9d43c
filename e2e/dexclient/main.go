package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"decred.org/dcrdex/client/asset"
	"decred.org/dcrdex/client/asset/dcr"
	"decred.org/dcrdex/dex"
	"github.com/decred/slog"
)

// answers is what the client found out.
type answers struct {
	Balance      *asset.Balance             `json:"balance"`
	SyncStatus   *asset.SyncStatus          `json:"syncstatus"`
	Deposit      string                     `json:"deposit"`
	DepositAgain string                     `json:"depositagain"`
	Owns         bool                       `json:"owns"`
	OwnsForeign  bool                       `json:"ownsforeign"`
	Funding      []string                   `json:"funding"` // coins that the client would fund a swap with
	FundingValue uint64                     `json:"fundingvalue"`
	Transaction  *asset.WalletTransaction   `json:"transaction"`
	History      []*asset.WalletTransaction `json:"history"`
}

func main() {
	settings := map[string]string{"unmixedaccount": "", "tradingaccount": "", "apifeefallback": "false"}
	for _, name := range []string{"rpclisten", "rpccert", "username", "password", "account"} {
		flag.Func(name, "setting of the client", func(v string) error { settings[name] = v; return nil })
	}
	dir := flag.String("dir", "", "data directory of the client")
	foreign := flag.String("foreign", "", "an address that is not the wallet's")
	txid := flag.String("txid", "", "a transaction of the wallet")
	value := flag.Uint64("value", 0, "what to fund, in atoms")
	flag.Parse()
	acceptDcrwallet5()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, err := ask(ctx, settings, *dir, *foreign, *txid, *value)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(a)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dexclient:", err)
		cancel()
		os.Exit(1)
	}
}

// exchangeWallet is what the client offers beyond asset.Wallet.
type exchangeWallet interface {
	asset.Wallet
	asset.NewAddresser
	asset.WalletHistorian
}

func ask(ctx context.Context, settings map[string]string, dir, foreign, txid string, value uint64) (a answers, err error) {
	logger := dex.NewLogger("DEX", slog.LevelWarn, os.Stderr)
	notes := make(chan asset.WalletNotification, 1024)
	opened, err := asset.OpenWallet(dcr.BipID, &asset.WalletConfig{
		Type:        "dcrwalletRPC",
		Settings:    settings,
		Emit:        asset.NewWalletEmitter(notes, dcr.BipID, logger),
		PeersChange: func(uint32, error) {},
		DataDir:     dir,
	}, logger, dex.Simnet)
	if err != nil {
		return a, fmt.Errorf("open: %w", err)
	}
	w, ok := opened.(exchangeWallet)
	if !ok {
		return a, errors.New("the wallet lacks methods of an exchange wallet")
	}
	ctx, stop := context.WithCancel(ctx)
	wg, err := w.Connect(ctx)
	if err != nil {
		stop()
		return a, fmt.Errorf("connect: %w", err)
	}
	defer wg.Wait()
	defer stop()
	step := func(what string, f func() error) {
		if err == nil {
			if failed := f(); failed != nil {
				err = fmt.Errorf("%s: %w", what, failed)
			}
		}
	}
	step("balance", func() (err error) { a.Balance, err = w.Balance(); return })
	step("sync status", func() (err error) { a.SyncStatus, err = w.SyncStatus(); return })
	step("deposit address", func() (err error) { a.Deposit, err = w.DepositAddress(); return })
	step("deposit address again", func() (err error) { a.DepositAgain, err = w.DepositAddress(); return })
	step("owns", func() (err error) { a.Owns, err = w.OwnsDepositAddress(a.Deposit); return })
	step("owns a foreign address", func() (err error) { a.OwnsForeign, err = w.OwnsDepositAddress(foreign); return })
	step("transaction", func() (err error) { a.Transaction, err = w.WalletTransaction(ctx, txid); return })
	step("history", func() (err error) { a.History, err = w.TxHistory(0, nil, true); return })
	step("fund order", func() error {
		coins, _, _, err := w.FundOrder(&asset.Order{Value: value, MaxSwapCount: 1, MaxFeeRate: 20, FeeSuggestion: 20, RedeemVersion: 0, RedeemAssetID: 42})
		for _, c := range coins {
			a.Funding = append(a.Funding, c.String())
			a.FundingValue += c.Value()
		}
		if err != nil {
			return err
		}
		return w.ReturnCoins(coins)
	})
	return a, err
}
