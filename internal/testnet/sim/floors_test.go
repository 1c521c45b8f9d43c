package sim_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

const (
	// floorShare is how many random networks there are for one with a floor of the filters.
	floorShare = 40

	// day is how many blocks before the first one that is needed filters are kept, and of how many of
	// the newest blocks a wallet remembers each. Below that it remembers one in sparse.
	day, sparse consensus.Height = 288, 1000
)

// TestRandomNetworksWithFloors simulates networks on which the filters of a client begin with the
// birthdays of its wallets, while the chain is reorganised near its tip and across the floor. Wallets
// come to watch what they are paid by when the client runs and when it does not, and hear of payments
// that no block holds yet. They end with all payments since the birthdays, and with no more filters
// than the birthdays and the reorganisations explain.
func TestRandomNetworksWithFloors(t *testing.T) {
	for s := range max(1, uint64(*networks)/floorShare) {
		simulateFloors(t, *seed+s)
	}
}

// TestKeptFloors simulates those that once failed.
func TestKeptFloors(t *testing.T) {
	for _, kept := range keptFloors() {
		simulateFloors(t, kept.seed)
	}
}

// simulateFloors runs the network of a seed.
func simulateFloors(t *testing.T, seed uint64) {
	t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
		t.Parallel()
		p := &plot{chance: rand.New(rand.NewPCG(seed, 4)), seed: seed}
		at := consensus.Height(400 + p.chance.IntN(1800))
		best := trunk().Fork(at, 1+p.chance.IntN(20), seed)
		inWorld(t, best, func(w *world) {
			p.world = w
			p.addNodes("a branch of its own") // from which the client goes back to wherever that begins
			newFloorClient(p, at).run()
		})
	})
}

// floorClient is a client with wallets whose floor of the filters moves.
type floorClient struct {
	*plot
	set  *wallet.Set
	paid map[consensus.Height]int            // which script a block of the best chain pays
	born map[string]map[int]consensus.Height // by wallet and script
	low  consensus.Height                    // the first block that is needed, or was once
	runs bool
}

// newFloorClient makes the client. The trunk is part of the best chain up to a height.
func newFloorClient(p *plot, at consensus.Height) *floorClient {
	c := &floorClient{plot: p, paid: make(map[consensus.Height]int), born: make(map[string]map[int]consensus.Height)}
	for h := consensus.Height(50); h <= at && h < 2600; h += 170 {
		c.paid[h] = int(h/170) % 3
	}
	c.low = c.best.Height() + 1
	c.set = wallet.NewSet(wallet.SetConfig{
		Dir: filepath.Join(c.TempDir(), "wallets"), Params: c.best.Params(), Log: c.log.With("at", "wallet"), Now: time.Now,
		FiltersOnDemand: true, RelayFee: -1,
	})
	c.makePool()
	c.cfg.Wallet = c.set
	return c
}

func (c *floorClient) run() {
	defer func() {
		c.stopClient()
		if err := c.set.Close(); err != nil {
			c.Error(err)
		}
	}()
	for range c.chance.IntN(3) {
		c.watch()
	}
	c.startClient()
	c.runs = true
	for range 6 + c.chance.IntN(12) {
		c.act()
	}
	if !c.runs {
		c.startClient()
	}
	c.watch()
	c.mustAgree()
	c.mustNotHaveBanned(c.honest...)
}

// act lets something happen.
func (c *floorClient) act() {
	acts := []struct {
		name string
		do   func()
	}{
		{"time passes", func() { c.pass(time.Minute) }},
		{"blocks come", func() { c.grow(0, 1+c.chance.IntN(40)) }},
		{"the tip is reorganised", func() { c.grow(1+c.chance.IntN(8), 1) }},
		{"the chain is reorganised at the floor", func() {
			floor := c.best.Height() + 1 - day
			if st := c.syncer.Status(); st.Floor > 0 {
				floor = st.Floor
			}
			fork := max(1, floor-10+consensus.Height(c.chance.IntN(20)))
			c.grow(int(max(1, min(c.best.Height()-fork, 2*day))), 1)
		}},
		{"a script is imported", c.watch},
		{"a script is imported", c.watch},
		{"a payment is relayed", c.relay},
		{"the client stops or starts", func() {
			if c.runs = !c.runs; c.runs {
				c.startClient()
			} else {
				c.stopClient()
			}
		}},
		{"the client syncs", func() {
			if c.runs {
				c.mustAgree()
			}
		}},
	}
	a := acts[c.chance.IntN(len(acts))]
	c.Logf("%v: %s", time.Now().Format(time.TimeOnly), a.name)
	a.do()
}

// grow puts blocks on the best chain, some of which pay a script. With a depth, they take the place of its
// newest ones, and are as many more as it takes.
func (c *floorClient) grow(depth, more int) {
	at := c.best.Height() - consensus.Height(depth)
	for h := at + 1; h <= c.best.Height(); h++ {
		delete(c.paid, h)
	}
	switch { // what blocks that are left have held may come earlier on the other branch
	case depth >= int(day):
		c.low = min(c.low, at/sparse*sparse+1)
	case depth > 0:
		c.low = min(c.low, at+1)
	}
	plan := testnet.Plan{}
	n := depth + more
	for range 1 + n/40 {
		h := at + 1 + consensus.Height(c.chance.IntN(n))
		if _, twice := c.paid[h]; twice {
			continue
		}
		i := c.chance.IntN(3)
		plan.Pay(h, mine(i), 1e8)
		c.paid[h] = i
	}
	old := c.best.Work()
	next := c.best.Grow(testnet.Branch{At: at, Blocks: n, Seed: c.chance.Uint64(), Plan: plan})
	for work := next.Work(); work.LtEq(&old); work = next.Work() {
		next = next.Extend(1)
	}
	c.become(next)
}

// watch has a wallet, which may be a new one, watch a script from a block on: near the tip, or the floor,
// or anywhere.
func (c *floorClient) watch() {
	c.Helper()
	name, i := []string{"first", "second"}[c.chance.IntN(2)], c.chance.IntN(3)
	if _, twice := c.born[name][i]; twice {
		return
	}
	tip := int(c.best.Height())
	at := 1 + c.chance.IntN(tip)
	switch c.chance.IntN(4) {
	case 0:
	case 1:
		at = max(1, tip-int(day)-20+c.chance.IntN(40))
	default:
		at = max(1, tip-5+c.chance.IntN(20))
	}
	w, err := c.set.Make(name)
	if err != nil {
		c.Fatal(err)
	}
	h := consensus.Height(at)
	if err := w.ImportScript(c.Context(), mine(i), &wallet.Birthday{Height: h}); err != nil {
		c.Fatal(err)
	}
	if c.born[name] == nil {
		c.born[name] = make(map[int]consensus.Height)
	}
	c.born[name][i] = h
	c.low = min(c.low, h)
	c.Logf("wallet %s watches script %d from block %d on", name, i, h)
	if c.chance.IntN(2) == 0 {
		return
	}
	if c.runs {
		c.relay()
		return
	}
	tx := c.payment(i) // as if the client had stopped just after it, before the wallet came to the tip
	if _, _, err := c.set.Unsearched(c.Context(), tx, max(1, c.best.Height()+1-day)); err != nil {
		c.Fatal(err)
	}
	if kept, _, err := c.set.Heard(c.Context(), tx, "", false); err != nil || !kept {
		c.Errorf("wallet %s keeps a payment to it: %v, %v", name, kept, err)
	}
}

// relay has a node relay a payment.
func (c *floorClient) relay() {
	c.honest[c.chance.IntN(len(c.honest))].Node.AddTx(c.payment(c.chance.IntN(3)))
}

// payment returns a payment to a script, which no block will hold. The newest blocks are searched for it.
func (c *floorClient) payment(i int) *wire.MsgTx {
	c.low = min(c.low, max(1, c.best.Height()+1-day))
	tx := wire.NewMsgTx()
	op := wire.OutPoint{Index: uint32(c.chance.IntN(9))}
	for n := range op.Hash {
		op.Hash[n] = byte(c.chance.IntN(256))
	}
	tx.AddTxIn(wire.NewTxIn(&op, 2e8, make([]byte, 100)))
	tx.AddTxOut(wire.NewTxOut(1e8, mine(i)))
	return tx
}

// mustAgree waits until the client is synced, and compares the wallets and the filters with the chain.
func (c *floorClient) mustAgree() {
	c.Helper()
	tip := c.best.Tip()
	c.until("synced with all wallets", func(st spv.Status) bool { return st.Synced && st.Tip == tip && !st.Backfill })
	for name, born := range c.born {
		var want, got []consensus.Height
		for h, i := range c.paid {
			if from, watched := born[i]; watched && h >= from {
				want = append(want, h)
			}
		}
		w, err := c.set.Wallet(name)
		if err != nil {
			c.Fatal(err)
		}
		list, err := w.History(c.Context(), wallet.HistoryFilter{})
		if err != nil {
			c.Fatal(err)
		}
		for _, tx := range list {
			if tx.Mined() {
				got = append(got, tx.Place.Height)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			c.Errorf("wallet %s, born %v, was paid in blocks %v, want %v", name, born, got, want)
		}
		if err := w.Check(c.Context()); err != nil {
			c.Errorf("wallet %s: %v", name, err)
		}
	}
	store, err := c.syncer.Chain()
	if err != nil {
		c.Fatal(err)
	}
	if err := store.Check(c.Context()); err != nil {
		c.Errorf("the store fails its check: %v", err)
	}
	floor := c.syncer.Status().Floor
	for h := floor; h <= tip.Height; h++ {
		if filter, err := store.Filter(h); err != nil || !slices.Equal(filter, c.best.Filter(h)) {
			c.Fatalf("filter %d is not that of the best chain: %v", h, err)
		}
	}
	// A peer that is asked first may withhold the newest blocks: the floor follows from those that are known.
	const withheld = 20
	if least := max(0, c.low-day-withheld); floor < least {
		c.Errorf("the floor is %d, want %d at least: the first block that was needed is %d", floor, least, c.low)
	}
	for name, born := range c.born {
		for i, h := range born {
			if floor > h {
				c.Errorf("the floor is %d, and wallet %s is paid by script %d from %d on", floor, name, i, h)
			}
		}
	}
}
