package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/decred/dcrd/dcrutil/v4"
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
		return errors.New("usage: merchant DIR NETWORK XPUB [PEER]")
	}
	network, err := spvd.ParseNetwork(args[1])
	if err != nil {
		return err
	}
	c, err := spvd.Open(spvd.Config{
		Dir: args[0], Network: network, Connect: args[3:],
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
		return sell(ctx, c)
	})
	return errors.Join(group.Wait(), c.Close())
}

// errShipped ends the watch.
var errShipped = errors.New("shipped")

// sell shows an address that has never been paid, which is known once all is synced, and watches it.
func sell(ctx context.Context, c *spvd.Client) error {
	if err := c.Sync().Wait(ctx, spv.Synced); err != nil {
		return err
	}
	w, err := c.Wallet(wallet.DefaultName)
	if err != nil {
		return err
	}
	next, err := w.NewAddress(ctx, "shop", wallet.External, wallet.GapRefuse)
	if err != nil {
		return err
	}
	due, err := w.PaymentTo(next.Address, price)
	if err != nil {
		return err
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
			return ship(p, due.PkScript)
		}
		return nil
	})
	if errors.Is(err, errShipped) {
		return nil
	}
	return err
}

// ship ships if enough was paid.
func ship(p notifier.Confirmation, script []byte) error {
	paid := dcrutil.Amount(0)
	for _, out := range p.Tx.TxOut {
		if string(out.PkScript) == string(script) {
			paid += dcrutil.Amount(out.Value)
		}
	}
	if paid < price {
		return fmt.Errorf("transaction %v pays %v, the price is %v", p.Tx.TxHash(), paid, price)
	}
	fmt.Println("shipped after", p.Count, "confirmations:", p.Tx.TxHash())
	return errShipped
}
