package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "toywallet:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return errors.New("usage: toywallet DIR NETWORK ADDRESS [PEER]")
	}
	dir := args[0]
	network, err := spvd.ParseNetwork(args[1])
	if err != nil {
		return err
	}
	params := network.Params()
	address, err := stdaddr.DecodeAddress(args[2], params.ChainParams)
	if err != nil {
		return err
	}
	_, script := address.PaymentScript()
	lock, err := spvd.TakeLock(dir, network) // no other process uses the directory
	if err != nil {
		return err
	}
	defer lock.Release()
	w := newToy(script, genesisOf(params))
	pool, err := peer.New(peer.Config{
		Params: params.ChainParams, UserAgent: "/toywallet:1.0.0/", Connect: args[3:],
		File: filepath.Join(network.Dir(dir), spvd.PeersFile),
	})
	if err != nil {
		return err
	}
	syncer, err := spv.New(spv.Config{
		Params: params, ChainFile: filepath.Join(network.Dir(dir), spvd.ChainFile), Peers: pool.Peers(), Wallet: w,
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return pool.Run(ctx) })
	group.Go(func() error { return syncer.Run(ctx) })
	shown := int64(-1)
	for st := range syncer.Changes(ctx, 0) {
		if now := w.balance(); st.Synced && now != shown {
			shown = now
			fmt.Printf("block %d: %v\n", st.Tip.Height, dcrutil.Amount(now))
		}
	}
	return group.Wait()
}

// genesisOf returns the first block of a network.
func genesisOf(params *consensus.Params) consensus.BlockID {
	genesis := params.Genesis()
	return consensus.BlockID{Hash: genesis.Hash()}
}
