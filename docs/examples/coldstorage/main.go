package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "coldstorage:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 4 {
		return errors.New("usage: coldstorage DIR NETWORK XPUB ADDRESS [PEER]")
	}
	network, err := spvd.ParseNetwork(args[1])
	if err != nil {
		return err
	}
	c, err := spvd.Open(spvd.Config{
		Dir: args[0], Network: network, Connect: args[4:],
		Accounts: []spvd.Account{{Name: "savings", Xpub: args[2]}},
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	group.Go(func() error { return c.Run(ctx) })
	group.Go(func() error {
		defer stop()
		return build(ctx, c, args[3], filepath.Join(args[0], "unsigned.hex"))
	})
	return errors.Join(group.Wait(), c.Close())
}

// build waits for the end of the sync, and builds a transaction that pays an address.
func build(ctx context.Context, c *spvd.Client, address, file string) error {
	if err := c.Sync().Wait(ctx, spv.Synced); err != nil {
		return err
	}
	w, err := c.Wallet(wallet.DefaultName)
	if err != nil {
		return err
	}
	output, err := w.PaymentTo(address, dcrutil.AtomsPerCoin)
	if err != nil {
		return err
	}
	built, err := w.Build(ctx, wallet.BuildRequest{
		Outputs: []*wire.TxOut{output}, Account: "savings", MinConf: 1,
		Reserve: time.Hour, // until it is signed, nothing else spends these coins
	})
	if err != nil {
		return err
	}
	fmt.Println("pays 1 DCR to", address)
	for _, in := range built.Inputs {
		for _, key := range in.Keys {
			fmt.Printf("spends %v of the key with branch %d and index %d\n", in.Amount, key.Branch, key.Index)
		}
	}
	fmt.Printf("the fee is %v for at most %d bytes\n", built.Fee, built.Size)
	raw, err := built.Tx.Bytes()
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(hex.EncodeToString(raw)+"\n"), 0o600)
}
