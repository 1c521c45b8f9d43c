package sim_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// walletShare is how many random networks there are for one with wallets.
const walletShare = 16

// TestRandomNetworksOfWallets simulates networks on which holders deal with each
// other. Whatever happens, wallets that watch them end with what a naive replay of
// the best chain gives.
func TestRandomNetworksOfWallets(t *testing.T) {
	for s := range max(1, uint64(*networks)/walletShare) {
		simulateWallets(t, *seed+s)
	}
}

// ground is the chain below all networks with wallets, and its deals.
var ground = sync.OnceValues(func() (*testnet.Chain, testnet.Plan) {
	const blocks = 400
	m := &market{chance: rand.New(rand.NewPCG(0, 9))}
	plan := m.plan(play(nil, 0, holders()), 1, blocks-1)
	c, err := testnet.Generate(context.Background(), testnet.Config{Seed: 9, Blocks: blocks, Plan: plan})
	if err != nil {
		panic(err)
	}
	return c, plan
})

// groundBlocks returns the blocks of the ground, which all networks read.
var groundBlocks = sync.OnceValue(func() map[chainhash.Hash]*wire.MsgBlock {
	c, _ := ground()
	blocks := make(map[chainhash.Hash]*wire.MsgBlock)
	for h := consensus.Height(1); h <= c.Height(); h++ {
		blocks[c.ID(h).Hash] = c.Block(h)
	}
	return blocks
})

// simulateWallets runs the network of a seed.
func simulateWallets(t *testing.T, seed uint64) {
	t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
		t.Parallel()
		p := &plot{chance: rand.New(rand.NewPCG(seed, 2)), seed: seed}
		below, deals := ground()
		blocks := maps.Clone(groundBlocks())
		best := below.Fork(consensus.Height(200+p.chance.IntN(200)), 0, 0)
		plans := make(map[consensus.Height][]testnet.Tx)
		for h := consensus.Height(1); h <= best.Height(); h++ {
			plans[h] = deals[h]
		}
		inWorld(t, best, func(w *world) {
			p.world = w
			p.addNodes()
			b := newBank(p, plans, blocks, &market{chance: rand.New(rand.NewPCG(seed, 3)), serial: seed << 32})
			b.run()
		})
	})
}

// run lets things happen, and compares in the end.
func (b *bank) run() {
	defer func() {
		b.stopClient()
		if err := b.set.Close(); err != nil {
			b.Error(err)
		}
	}()
	b.grow(0, 1+b.chance.IntN(20))
	for range b.chance.IntN(3) {
		b.importNext(b.someVault())
	}
	b.startClient()
	for range 4 + b.chance.IntN(12) {
		b.act()
	}
	for _, v := range b.vaults {
		for len(v.coming) > 0 {
			b.importNext(v)
		}
	}
	b.Logf("%v: the end", time.Now().Format(time.TimeOnly))
	b.mustAgree()
	b.mustForgetUnmined()
	b.mustNotHaveBanned(b.honest...)
}

// act lets something happen.
func (b *bank) act() {
	acts := []struct {
		name string
		do   func()
	}{
		{"time passes", func() { b.pass(time.Minute) }},
		{"blocks come", func() {
			for range 1 + b.chance.IntN(4) {
				b.grow(0, 1)
				b.pass(5 * time.Second)
			}
		}},
		{"many blocks come", func() { b.grow(0, 5+b.chance.IntN(30)) }},
		{"the chain is reorganised", func() {
			depth := 1 + b.chance.IntN(8)
			b.grow(depth, depth+1+b.chance.IntN(3))
		}},
		{"an account is imported", func() { b.importNext(b.someVault()) }},
		{"a wallet is closed and opened", func() {
			if v := b.someVault(); len(v.has) > 0 {
				if err := b.set.CloseWallet(v.name); err != nil {
					b.Fatal(err)
				}
				b.pass(10 * time.Second)
				b.wallet(v)
			}
		}},
		{"the wallets are rescanned", func() {
			for _, v := range b.vaults {
				if len(v.has) > 0 {
					if _, err := b.wallet(v).StartRescan(b.Context(), 0); err != nil {
						b.Fatal(err)
					}
				}
			}
		}},
		{"the client restarts", func() {
			b.stopClient()
			b.reopen()
			b.startClient()
		}},
		{"a node is away for a while", func() {
			h := b.anybody()
			h.Stop()
			b.pass(time.Minute)
			b.disturbed()
			h.Start()
		}},
		{"the wallets are compared", b.mustAgree},
	}
	a := acts[b.chance.IntN(len(acts))]
	b.Logf("%v: %s", time.Now().Format(time.TimeOnly), a.name)
	a.do()
}

// someVault returns some wallet.
func (b *bank) someVault() *vault { return b.vaults[b.chance.IntN(len(b.vaults))] }
