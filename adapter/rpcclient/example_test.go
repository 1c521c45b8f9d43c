package rpcclient_test

import (
	"context"
	"fmt"

	"github.com/spvd/spvd/adapter/rpcclient"
)

// A program that shows the balance after each block.
func Example() {
	c, err := rpcclient.New(rpcclient.Config{
		Address:    "localhost:9112",
		CertFile:   "/home/user/.spvd/rpc.cert",
		CookieFile: "/home/user/.spvd/mainnet/rpc.cookie",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	ctx := context.Background()
	for event, err := range c.Blocks(ctx, rpcclient.Subscribe{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		balance, err := c.GetBalance(ctx, &rpcclient.GetBalanceOptions{Account: new("savings")})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("block %d: %v DCR\n", event.Tip.Height, balance.CumulativeTotal)
	}
}
