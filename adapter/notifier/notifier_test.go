package notifier_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/adapter/notifier"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

const nodeAddr = "10.0.0.1:18555"

// town is a client that follows a node, in a bubble of virtual time.
type town struct {
	*testing.T
	node   *testnet.Node
	client *spvd.Client
	source *notifier.Source
	branch uint64
}

// newTown returns a client that is synced with a chain of 40 blocks with the transactions of a
// plan, and runs until the test ends.
func newTown(t *testing.T, plan testnet.Plan) *town {
	t.Helper()
	return newTownOf(t, 40, plan, nil)
}

// newTownOf is newTown with a number of blocks and a birthday.
func newTownOf(t *testing.T, blocks int, plan testnet.Plan, birthday *wallet.Birthday) *town {
	t.Helper()
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: blocks, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	network := testnet.NewNetwork(1, nil)
	w := &town{T: t, node: testnet.NewNode(testnet.NodeConfig{Chain: chain})}
	network.Add(nodeAddr, w.node, link.Shape{})
	ahead := time.Until(chain.Now())
	w.client, err = spvd.Open(spvd.Config{
		Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr},
		Dial: network.Dial, Birthday: birthday,
		Now: func() time.Time { return time.Now().Add(ahead) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.source = notifier.New(w.client.Sync())
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() { _ = network.Run(ctx) })
	wg.Go(func() {
		if err := w.client.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		wg.Wait()
		if err := w.client.Close(); err != nil {
			t.Error(err)
		}
	})
	w.sync()
	return w
}

// sync waits until the client is where the node is.
func (w *town) sync() {
	w.Helper()
	err := w.client.Sync().Wait(w.Context(), func(st spv.Status) bool { return st.Synced && st.Tip == w.node.Chain().Tip() })
	if err != nil {
		w.Fatal(err)
	}
}

// grow replaces the last blocks of the node by others, and waits until the client and all watches
// have followed.
func (w *town) grow(takeBack, putOn int, plan testnet.Plan) {
	w.Helper()
	w.branch++
	c := w.node.Chain()
	w.node.SetChain(c.Grow(testnet.Branch{At: c.Height() - consensus.Height(takeBack), Blocks: putOn, Seed: 1000 + w.branch, Plan: plan}))
	w.sync()
	synctest.Wait()
}

// genesis returns the first block of the chain.
func (w *town) genesis() consensus.BlockID {
	w.Helper()
	hash, err := w.source.Hash(0)
	if err != nil {
		w.Fatal(err)
	}
	return consensus.BlockID{Hash: hash}
}

// watch runs a watch until the test ends; what it has reported is read by the returned function,
// once nothing more can come.
func watch[E any](w *town, run func(ctx context.Context, fn func(E) error) error) (read func() []E) {
	w.Helper()
	ctx, stop := context.WithCancel(w.Context())
	var mu sync.Mutex
	var events []E
	var wg sync.WaitGroup
	wg.Go(func() {
		err := run(ctx, func(e E) error {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			w.Errorf("the watch ended with %v", err)
		}
	})
	w.Cleanup(func() {
		stop()
		wg.Wait()
	})
	return func() []E {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(events)
	}
}

// TestFollow: a watch that is begun at any block keeps a chain that is that of the node, through
// reorganisations, and each block has the filter of its own.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, nil)
		genesis := w.genesis()
		start := w.node.Chain().Tip()
		all := watch(w, func(ctx context.Context, fn func(notifier.Step) error) error {
			return w.source.Follow(ctx, &genesis, fn)
		})
		tip := watch(w, func(ctx context.Context, fn func(notifier.Step) error) error { return w.source.Follow(ctx, nil, fn) })
		synctest.Wait()
		w.grow(0, 1, nil)
		w.grow(3, 5, nil) // deeper than what has come since the tip
		w.grow(1, 2, nil)
		later := watch(w, func(ctx context.Context, fn func(notifier.Step) error) error { return w.source.Follow(ctx, &start, fn) })
		for name, got := range map[string]struct {
			at    consensus.BlockID
			steps []notifier.Step
		}{"genesis": {genesis, all()}, "the tip": {start, tip()}, "a stale block": {start, later()}} {
			replay(t, w, name, got.at, got.steps)
		}
	})
}

// replay applies steps after a block, and fails unless they lead to the tip of the node without a
// gap.
func replay(t *testing.T, w *town, name string, at consensus.BlockID, steps []notifier.Step) {
	t.Helper()
	for i, s := range steps {
		switch {
		case s.Header.Hash() != s.Block.Hash:
			t.Fatalf("from %s: step %d has another header", name, i)
		case s.Connected && s.Header.PrevBlock() != at.Hash, !s.Connected && s.Block != at:
			t.Fatalf("from %s: step %d (%+v) does not follow block %d", name, i, s.Block, at.Height)
		case s.Connected:
			at = s.Block
			if now, err := w.source.Filter(s.Block.Hash); err == nil && string(now.Data) != string(s.Filter.Data) {
				t.Errorf("from %s: block %d has another filter", name, at.Height)
			}
		default:
			at = consensus.BlockID{Height: at.Height - 1, Hash: s.Header.PrevBlock()}
		}
	}
	if tip := w.node.Chain().Tip(); at != tip {
		t.Errorf("from %s: the steps lead to block %d, the tip is %d", name, at.Height, tip.Height)
	}
}

// TestUnknownStart: a block that never was on the chain is refused.
func TestUnknownStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, nil)
		err := w.source.Follow(t.Context(), &consensus.BlockID{Height: 7, Hash: chainhash.Hash{1}}, func(notifier.Step) error { return nil })
		if !errors.Is(err, notifier.ErrTooDeep) {
			t.Errorf("got %v", err)
		}
		if err := w.source.Confirmations(t.Context(), notifier.Confirm{Confirmations: 1}, nil); err == nil {
			t.Error("a watch without a script was begun")
		}
		if err := w.source.Confirmations(t.Context(), notifier.Confirm{Script: []byte{0x51}}, nil); err == nil {
			t.Error("a watch for no confirmation was begun")
		}
		if err := w.source.Spends(t.Context(), notifier.Watch{}, nil); err == nil {
			t.Error("a watch for a spend without a script was begun")
		}
	})
}

// script returns a script of the test's own.
func script(n byte) []byte { return append([]byte{0x76, 0xa9, 0x14, n}, make([]byte, 21)...) }

// TestConfirmationsAndSpends: an old payment is found from its height on, a new one block by block;
// a reorganisation takes both back, and what is mined again is reported again.
func TestConfirmationsAndSpends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := testnet.Plan{}
		op := plan.Pay(30, script(1), 5e8)
		w := newTown(t, plan)
		confirms := func(c notifier.Confirm) func() []notifier.Confirmation {
			return watch(w, func(ctx context.Context, fn func(notifier.Confirmation) error) error {
				return w.source.Confirmations(ctx, c, fn)
			})
		}
		old := confirms(notifier.Confirm{TxID: op.Hash, Script: script(1), Hint: 20, Confirmations: 3})
		first := confirms(notifier.Confirm{Script: script(2), Hint: 35, Confirmations: 2})
		late := confirms(notifier.Confirm{TxID: op.Hash, Script: script(1), Hint: 31, Confirmations: 1})
		spent := watch(w, func(ctx context.Context, fn func(notifier.Spend) error) error {
			return w.source.Spends(ctx, notifier.Watch{OutPoint: op, Script: script(1), Hint: 30}, fn)
		})
		synctest.Wait()

		// Blocks 41 to 43, of which the first spends and pays; then a branch without it; then again.
		plan41 := testnet.Plan{}
		plan41.Pay(30, script(1), 5e8)
		plan41.Spend(41, op, script(2), 4e8)
		w.grow(0, 3, plan41)
		w.grow(3, 4, nil)
		plan45 := testnet.Plan{}
		plan45.Pay(30, script(1), 5e8)
		plan45.Spend(45, op, script(2), 4e8)
		w.grow(0, 1, plan45)

		want(t, "the old payment", counts(old()), "1@30 2@30 3@30")
		want(t, "the new payment", counts(first()), "1@41 2@41 -41 1@45")
		want(t, "a payment below the hint", counts(late()), "")
		var spends string
		for _, s := range spent() {
			spends = fmt.Sprintf("%s %v@%d", spends, !s.Reverted, s.Block.Height)
			if s.Tx.TxIn[s.Input].PreviousOutPoint != op {
				t.Errorf("input %d does not spend the output", s.Input)
			}
		}
		want(t, "the spend", spends, " true@41 false@41 true@45")
		for _, c := range first() {
			block, err := w.source.Block(t.Context(), c.Block.Hash)
			if err != nil || block.Transactions[c.Index].TxHash() != c.Tx.TxHash() || c.Stake {
				t.Errorf("confirmation %+v: not transaction %d of its block (%v)", c.Block, c.Index, err)
			}
		}
	})
}

// counts returns confirmations as a text.
func counts(list []notifier.Confirmation) (text string) {
	for i, c := range list {
		if i > 0 {
			text += " "
		}
		if c.Reverted {
			text += fmt.Sprintf("-%d", c.Block.Height)
			continue
		}
		text += fmt.Sprintf("%d@%d", c.Count, c.Block.Height)
	}
	return text
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// TestErrorsOfTheCallerEndAWatch: the first error of the function is returned, and nothing more is
// called.
func TestErrorsOfTheCallerEndAWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, nil)
		genesis := w.genesis()
		enough, calls := errors.New("enough"), 0
		err := w.source.Follow(t.Context(), &genesis, func(notifier.Step) error { calls++; return enough })
		if !errors.Is(err, enough) || calls != 1 {
			t.Errorf("%d calls, %v", calls, err)
		}
	})
}

// TestBelowTheFloor: a watch that begins where filters are not kept ends with an error, and one
// that begins above follows.
func TestBelowTheFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTownOf(t, 400, testnet.Plan{}, &wallet.Birthday{Height: 390})
		begin := w.genesis()
		err := w.source.Follow(t.Context(), &begin, func(notifier.Step) error { return nil })
		if !errors.Is(err, chain.ErrBelowFloor) {
			t.Errorf("from the genesis block on: %v", err)
		}
		if _, err := w.source.Filter(begin.Hash); !errors.Is(err, chain.ErrBelowFloor) {
			t.Errorf("the filter of the genesis block: %v", err)
		}
		at := w.node.Chain().ID(110)
		steps := watch(w, func(ctx context.Context, fn func(notifier.Step) error) error { return w.source.Follow(ctx, &at, fn) })
		if n := len(steps()); n != 290 {
			t.Errorf("%d steps from block 110 on, want 290", n)
		}
	})
}

// TestReads: what is read by height and by hash is the chain of the node.
func TestReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := testnet.Plan{}
		plan.Pay(30, script(1), 5e8)
		w := newTown(t, plan)
		tip, err := w.source.Tip()
		if err != nil || tip != w.node.Chain().Tip() {
			t.Errorf("tip %v, %v", tip, err)
		}
		hits := 0
		for h := range tip.Height + 1 {
			hash, err := w.source.Hash(h)
			if err != nil {
				t.Fatal(err)
			}
			back, err := w.source.Height(hash)
			header, headerErr := w.source.Header(hash)
			filter, filterErr := w.source.Filter(hash)
			if err = errors.Join(err, headerErr, filterErr); err != nil || back != h || header.Hash() != hash {
				t.Errorf("block %d: height %d, %v", h, back, err)
			}
			hit, err := filter.Match(script(9), script(1))
			if err != nil || h == 30 && !hit {
				t.Errorf("block %d matches: %v, %v", h, hit, err)
			}
			if hit {
				hits++
			}
		}
		if hits > 3 {
			t.Errorf("%d blocks match", hits)
		}
	})
}
