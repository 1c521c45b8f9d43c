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
	"github.com/spvd/spvd/adapter/notifier"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// price is what has to be paid, and confirmations how often it has to be confirmed.
const (
	price         = dcrutil.Amount(1e8) // in atoms
	confirmations = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "merchant:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: merchant DIR NETWORK XPUB [PEER [ADDRESS]]")
	}
	network, err := spvd.ParseNetwork(args[1])
	if err != nil {
		return err
	}
	c, err := spvd.Open(spvd.Config{
		Dir: args[0], Network: network, Connect: args[3:min(4, len(args))],
		Accounts: []spvd.Account{{Name: "shop", Xpub: args[2]}},
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	group.Go(func() error { return c.Run(ctx) })
	group.Go(func() error {
		defer stop()
		paid, err := sell(ctx, c)
		if err != nil || len(args) < 5 {
			return err
		}
		return move(ctx, c, paid, args[4], filepath.Join(args[0], "takings.hex"))
	})
	return errors.Join(group.Wait(), c.Close())
}

// errShipped ends the watch.
var errShipped = errors.New("shipped")

// sell shows an address that has never been paid, which is known once all is synced, and watches it.
// It returns the output that has paid.
func sell(ctx context.Context, c *spvd.Client) (paid wire.OutPoint, err error) {
	if err := c.Sync().Wait(ctx, spv.Synced); err != nil {
		return paid, err
	}
	w, err := c.Wallet(wallet.DefaultName)
	if err != nil {
		return paid, err
	}
	next, err := w.NewAddress(ctx, "shop", wallet.External, wallet.GapRefuse)
	if err != nil {
		return paid, err
	}
	due, err := w.PaymentTo(next.Address, price)
	if err != nil {
		return paid, err
	}
	fmt.Println("pay", price, "to", next.Address)
	payment := notifier.Confirm{Script: due.PkScript, Hint: c.Sync().Status().Tip.Height, Confirmations: confirmations}
	err = notifier.New(c.Sync()).Confirmations(ctx, payment, func(p notifier.Confirmation) error {
		switch {
		case p.Reverted:
			fmt.Println("the payment is taken back")
		case p.Count < confirmations:
			fmt.Println("the payment is in block", p.Block.Height)
		default:
			if paid, err = ship(p, due.PkScript); err != nil {
				return err
			}
			return errShipped
		}
		return nil
	})
	if errors.Is(err, errShipped) {
		return paid, nil
	}
	return paid, err
}

// ship ships if enough was paid, and returns the output.
func ship(p notifier.Confirmation, script []byte) (paid wire.OutPoint, err error) {
	for i, out := range p.Tx.TxOut {
		if string(out.PkScript) == string(script) && dcrutil.Amount(out.Value) >= price {
			fmt.Println("shipped after", p.Count, "confirmations:", p.Tx.TxHash())
			return wire.OutPoint{Hash: p.Tx.TxHash(), Index: uint32(i)}, nil
		}
	}
	return paid, fmt.Errorf("no output of transaction %v pays the price of %v", p.Tx.TxHash(), price)
}

// move builds an unsigned transaction that moves a coin of the wallet to an address.
func move(ctx context.Context, c *spvd.Client, coin wire.OutPoint, address, file string) error {
	if err := c.Sync().Wait(ctx, spv.Synced); err != nil { // the wallet has the block that the notifier told of
		return err
	}
	w, err := c.Wallet(wallet.DefaultName)
	if err != nil {
		return err
	}
	built, err := w.Build(ctx, wallet.BuildRequest{Coins: []wire.OutPoint{coin}, Sweep: address, Reserve: time.Hour})
	if err != nil {
		return err
	}
	raw, err := built.Tx.Bytes()
	if err != nil {
		return err
	}
	fmt.Println("to be signed: move", dcrutil.Amount(built.Tx.TxOut[0].Value), "to", address)
	return os.WriteFile(file, []byte(hex.EncodeToString(raw)+"\n"), 0o600)
}
