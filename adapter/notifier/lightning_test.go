package notifier_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/adapter/notifier"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// chainNotifier is the method set that Decred's Lightning node has for its sources of a chain, in
// its package chainntnfs, as far as a channel needs it. The types below are the parts of its
// events.
type chainNotifier interface {
	RegisterConfirmationsNtfn(txid *chainhash.Hash, pkScript []byte, numConfs, heightHint uint32) (*confirmationEvent, error)
	RegisterSpendNtfn(outpoint *wire.OutPoint, pkScript []byte, heightHint uint32) (*spendEvent, error)
	RegisterBlockEpochNtfn(best *blockEpoch) (*blockEpochEvent, error)
	Start() error
	Stop() error
}

type confirmationEvent struct {
	Confirmed    chan *txConfirmation // the number of confirmations is reached
	Updates      chan uint32          // how many are missing
	NegativeConf chan int32           // taken back
	Cancel       func()
}

type txConfirmation struct {
	BlockHash   *chainhash.Hash
	BlockHeight uint32
	TxIndex     uint32
	Tx          *wire.MsgTx
}

type spendEvent struct {
	Spend  chan *spendDetail
	Reorg  chan struct{}
	Cancel func()
}

type spendDetail struct {
	SpentOutPoint     *wire.OutPoint
	SpenderTxHash     *chainhash.Hash
	SpenderInputIndex uint32
	SpendingHeight    int32
}

type blockEpochEvent struct {
	Epochs chan *blockEpoch
	Cancel func()
}

type blockEpoch struct {
	Hash   *chainhash.Hash
	Height int32
}

// lightning is such a notifier on a source. What a node's own notifier does in thousands of lines
// is a loop for each event.
type lightning struct {
	source *notifier.Source
	ctx    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

var _ chainNotifier = (*lightning)(nil)

func newLightning(source *notifier.Source) *lightning {
	ctx, stop := context.WithCancel(context.Background())
	return &lightning{source: source, ctx: ctx, stop: stop}
}

func (l *lightning) Start() error { return nil }

func (l *lightning) Stop() error {
	l.stop()
	l.wg.Wait()
	return nil
}

// give sends an event unless the watch has ended.
func give[E any](ctx context.Context, to chan<- E, e E) error {
	select {
	case to <- e:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *lightning) RegisterConfirmationsNtfn(txid *chainhash.Hash, pkScript []byte, numConfs, heightHint uint32) (*confirmationEvent, error) {
	ctx, cancel := context.WithCancel(l.ctx)
	e := &confirmationEvent{make(chan *txConfirmation), make(chan uint32), make(chan int32), cancel}
	what := notifier.Confirm{Script: pkScript, Hint: consensus.Height(heightHint), Confirmations: int(numConfs)}
	if txid != nil {
		what.TxID = *txid
	}
	l.wg.Go(func() {
		_ = l.source.Confirmations(ctx, what, func(c notifier.Confirmation) error {
			switch {
			case c.Reverted:
				return give(ctx, e.NegativeConf, 1)
			case c.Count < what.Confirmations:
				return give(ctx, e.Updates, numConfs-uint32(c.Count))
			}
			return give(ctx, e.Confirmed, &txConfirmation{&c.Block.Hash, uint32(c.Block.Height), uint32(c.Index), c.Tx})
		})
	})
	return e, nil
}

func (l *lightning) RegisterSpendNtfn(outpoint *wire.OutPoint, pkScript []byte, heightHint uint32) (*spendEvent, error) {
	ctx, cancel := context.WithCancel(l.ctx)
	e := &spendEvent{make(chan *spendDetail), make(chan struct{}), cancel}
	what := notifier.Watch{OutPoint: *outpoint, Script: pkScript, Hint: consensus.Height(heightHint)}
	l.wg.Go(func() {
		_ = l.source.Spends(ctx, what, func(s notifier.Spend) error {
			if s.Reverted {
				return give(ctx, e.Reorg, struct{}{})
			}
			hash := s.Tx.TxHash()
			return give(ctx, e.Spend, &spendDetail{outpoint, &hash, uint32(s.Input), int32(s.Block.Height)})
		})
	})
	return e, nil
}

func (l *lightning) RegisterBlockEpochNtfn(best *blockEpoch) (*blockEpochEvent, error) {
	ctx, cancel := context.WithCancel(l.ctx)
	e := &blockEpochEvent{make(chan *blockEpoch), cancel}
	var after *consensus.BlockID
	if best != nil {
		after = &consensus.BlockID{Height: consensus.Height(best.Height), Hash: *best.Hash}
	}
	l.wg.Go(func() {
		_ = l.source.Follow(ctx, after, func(s notifier.Step) error {
			if !s.Connected {
				return nil
			}
			return give(ctx, e.Epochs, &blockEpoch{&s.Block.Hash, int32(s.Block.Height)})
		})
	})
	return e, nil
}

// TestLightningNode is the life of a channel: its funding is confirmed, taken back by a
// reorganisation, confirmed again, and spent; a node that was away gets the blocks it has missed.
func TestLightningNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, nil)
		var l chainNotifier = newLightning(w.source)
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
		defer l.Stop()
		known := w.node.Chain().Tip()

		plan := testnet.Plan{}
		funding := plan.Pay(41, script(3), 1e8)
		confirmed, err := l.RegisterConfirmationsNtfn(&funding.Hash, script(3), 2, 40)
		if err != nil {
			t.Fatal(err)
		}
		w.grow(0, 2, plan)
		if missing := <-confirmed.Updates; missing != 1 {
			t.Errorf("%d confirmations are missing", missing)
		}
		if c := <-confirmed.Confirmed; c.BlockHeight != 41 || c.Tx.TxHash() != funding.Hash {
			t.Errorf("confirmed in block %d", c.BlockHeight)
		}
		w.grow(2, 3, nil)
		<-confirmed.NegativeConf

		again := testnet.Plan{}
		op := again.Pay(44, script(3), 1e8)
		again.Spend(46, op, script(4), 9e7)
		byScript, err := l.RegisterConfirmationsNtfn(nil, script(3), 1, 44)
		if err != nil {
			t.Fatal(err)
		}
		spent, err := l.RegisterSpendNtfn(&op, script(3), 44)
		if err != nil {
			t.Fatal(err)
		}
		w.grow(0, 3, again)
		if c := <-byScript.Confirmed; c.BlockHeight != 44 || c.Tx.TxHash() != op.Hash {
			t.Errorf("found by its script in block %d", c.BlockHeight)
		}
		if s := <-spent.Spend; s.SpendingHeight != 46 || s.SpenderInputIndex != 0 {
			t.Errorf("spent: %+v", s)
		}
		w.grow(1, 2, nil)
		<-spent.Reorg

		epochs, err := l.RegisterBlockEpochNtfn(&blockEpoch{&known.Hash, int32(known.Height)})
		if err != nil {
			t.Fatal(err)
		}
		for want := int32(41); want <= 47; want++ {
			if e := <-epochs.Epochs; e.Height != want {
				t.Errorf("block %d, want %d", e.Height, want)
			}
		}
		epochs.Cancel()
	})
}
