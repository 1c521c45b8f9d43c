package spvd_test

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/wallet"
)

// A program embeds the client in six lines: it opens the data of a network, has a wallet
// watch an account, runs the client, and reads the status beside it. Here nothing is
// connected to: the only peer is an address at which nothing answers.
func Example() {
	dir, err := os.MkdirTemp("", "embedded")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := embed(dir); err != nil {
		fmt.Println(err)
	}
	// Output:
	// the next payment goes to SseVhoKToL5qvof5b9CXni8TjJmrdSBnYyR
	// synced: false
	// balance: 0 DCR
}

// xpub is the extended public key of an account on the simulation network.
const xpub = "spubVV9wVsWCav7i8pWuQoKD1LKB2CAUxGvASyCaxWcLBtTdZD2GdzWs79MbbeGz29WDrp8VTRCvb6VnRHHGUUnrfcSoQV3AgU2h9HbjwGkAwiV"

func embed(dir string) error {
	// On the main network Network and Connect stay empty.
	c, err := spvd.Open(spvd.Config{Dir: dir, Network: spvd.Simnet, Connect: []string{"127.0.0.1:1"}})
	if err != nil {
		return err
	}
	defer c.Close()
	savings, err := c.Wallet("savings")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if _, err := savings.ImportXpub(ctx, "default", xpub, wallet.AccountOptions{}); err != nil {
		return err
	}
	issued, err := savings.NewAddress(ctx, "default", wallet.External, wallet.GapRefuse)
	if err != nil {
		return err
	}
	fmt.Println("the next payment goes to", issued.Address)

	var group errgroup.Group
	group.Go(func() error { return c.Run(ctx) })
	for st := range c.Sync().Changes(ctx, 0) {
		// Here the user is shown st.Ratio, st.Reason and st.Hint.
		if st.Initialised {
			fmt.Println("synced:", st.Synced)
			break
		}
	}
	balances, err := savings.Balances(ctx, 1)
	if err != nil {
		return err
	}
	fmt.Println("balance:", balances.Sum.Total)
	stop()
	return group.Wait()
}
