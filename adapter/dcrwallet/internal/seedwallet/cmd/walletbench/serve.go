package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/spvd/spvd/adapter/dcrwallet/internal/seedwallet"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// addresses is how many addresses of the wallet are paid to, one after the other, and mostAddresses
// how many of a large one.
const (
	addresses     = 200
	mostAddresses = 100_000
)

// seed returns the seed of the wallet.
func seed() []byte { return []byte("a wallet that is only measured..") }

// generate returns the chain, which pays the wallet at even distances.
func (s settings) generate(ctx context.Context) (c *testnet.Chain, err error) {
	dir, err := os.MkdirTemp("", "walletbench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	w, err := seedwallet.Open(ctx, dir, seed())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	paid := addresses
	if s.sizes != "" {
		paid = min(s.payments, mostAddresses)
	}
	plan := testnet.Plan{}
	for i := range s.payments {
		addr, err := w.Address(ctx, 0, uint32(i%paid))
		if err != nil {
			return nil, err
		}
		_, script := addr.PaymentScript()
		plan.Pay(consensus.Height(max(1, (i+1)*s.height/(s.payments+1))), script, 1e8)
	}
	cache := s.cache
	if cache == "" {
		cache = testnet.DefaultCacheDir()
	}
	return testnet.Generate(ctx, testnet.Config{Seed: 1, Blocks: s.height, Start: testnet.DefaultStart(), Plan: plan, CacheDir: cache})
}

// network is a synthetic network that is served.
type network struct {
	addrs []string
	stop  context.CancelFunc
	wg    sync.WaitGroup

	mu  sync.Mutex
	err error
}

// serve serves the chain until the network is closed.
func (s settings) serve(ctx context.Context) (*network, error) {
	c, err := s.generate(ctx)
	if err != nil {
		return nil, err
	}
	c.Warm()
	ctx, stop := context.WithCancel(ctx)
	n := &network{stop: stop}
	town := testnet.NewNetwork(1, nil)
	n.start(func() error { return town.Run(ctx) })
	for i := range s.peers {
		// Clients distinguish hosts: each node has one of its own.
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:0", i+1))
		if err != nil {
			return nil, errors.Join(err, n.close())
		}
		addr := l.Addr().String()
		host := town.Add(addr, testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{Latency: s.latency})
		n.start(func() error { return town.ServeTCP(ctx, host, l) })
		n.addrs = append(n.addrs, addr)
	}
	return n, nil
}

func (n *network) start(work func() error) {
	n.wg.Go(func() {
		if err := work(); err != nil {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.err = errors.Join(n.err, err)
		}
	})
}

// close ends the network and returns its errors.
func (n *network) close() error {
	n.stop()
	n.wg.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}
