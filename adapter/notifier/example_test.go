package notifier_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/adapter/notifier"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
)

// A merchant ships goods when the payment to a script of its own has two confirmations. It keeps
// no wallet here; the script is one of its own wallet. If a reorganisation takes the payment back
// before that, the count begins again.
func Example() {
	ship := func(ctx context.Context, c *spvd.Client, script []byte) error {
		shipped := errors.New("shipped")
		err := notifier.New(c.Sync()).Confirmations(ctx, notifier.Confirm{Script: script, Confirmations: 2},
			func(p notifier.Confirmation) error {
				switch {
				case p.Reverted:
					fmt.Println("the payment is taken back")
				case p.Count < 2:
					fmt.Println("the payment is in block", p.Block.Height)
				default:
					fmt.Println("ship")
					return shipped
				}
				return nil
			})
		if errors.Is(err, shipped) {
			return nil
		}
		return err
	}
	if err := onSyntheticNetwork(ship); err != nil {
		fmt.Println(err)
	}
	// Output:
	// the payment is in block 30
	// ship
}

// onSyntheticNetwork runs the merchant with a client that syncs 40 blocks, of which one has the
// payment.
func onSyntheticNetwork(merchant func(ctx context.Context, c *spvd.Client, script []byte) error) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	plan := testnet.Plan{}
	plan.Pay(30, script(7), 5e8)
	chain, err := testnet.Generate(ctx, testnet.Config{Seed: 1, Blocks: 40, Plan: plan})
	if err != nil {
		return err
	}
	network := testnet.NewNetwork(1, nil)
	network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: chain}), link.Shape{})
	dir, err := os.MkdirTemp("", "merchant")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := spvd.Open(spvd.Config{Dir: dir, Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial})
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.Go(func() error { return network.Run(ctx) })
	group.Go(func() error { return c.Run(ctx) })
	group.Go(func() error {
		defer stop()
		return merchant(ctx, c, script(7))
	})
	return errors.Join(group.Wait(), c.Close())
}
