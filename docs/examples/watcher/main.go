package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/wallet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "watcher:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: watcher DIR NETWORK XPUB [PEER]")
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
	group.Go(func() error { return c.Run(ctx) })
	group.Go(func() error { return watch(ctx, c) })
	return errors.Join(group.Wait(), c.Close())
}

// watch shows the status and the balance whenever one of them changes, until ctx ends.
func watch(ctx context.Context, c *spvd.Client) error {
	savings, err := c.Wallet(wallet.DefaultName)
	if err != nil {
		return err
	}
	changed := savings.Watch(ctx) // a poke: what has changed is read
	news := make(chan struct{}, 1)
	var group errgroup.Group
	group.Go(func() error {
		for range c.Sync().Changes(ctx, 0) {
			select {
			case news <- struct{}{}:
			default: // what is there already is read for both
			}
		}
		return nil
	})
	var s screen
	for ctx.Err() == nil {
		select {
		case <-news:
		case <-changed:
		case <-ctx.Done():
		}
		st := c.Sync().Status()
		s.showStatus(&st)
		if !st.Synced {
			continue
		}
		b, err := savings.Balances(ctx, 1)
		if err == nil {
			s.showBalance(b.Sum)
		} else if ctx.Err() == nil {
			return err
		}
	}
	return group.Wait()
}
