package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: embed DIR NETWORK XPUB [PEER]")
	}
	network, err := spvd.ParseNetwork(args[1])
	if err != nil {
		return err
	}
	c, err := spvd.Open(spvd.Config{
		Dir: args[0], Network: network, Connect: args[3:],
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
		return show(ctx, c)
	})
	return errors.Join(group.Wait(), c.Close())
}

// show waits for the end of the sync and prints the account.
func show(ctx context.Context, c *spvd.Client) error {
	if err := c.Sync().Wait(ctx, spv.Synced); err != nil {
		return err
	}
	w, err := c.Wallet(wallet.DefaultName)
	if err != nil {
		return err
	}
	balances, err := w.Balances(ctx, 1)
	if err != nil {
		return err
	}
	next, err := w.NewAddress(ctx, "savings", wallet.External, wallet.GapRefuse)
	if err != nil {
		return err
	}
	fmt.Println("synced at block", c.Sync().Status().Tip.Height)
	fmt.Println("balance:", balances.Sum.Total)
	fmt.Println("the next payment goes to", next.Address)
	return nil
}
