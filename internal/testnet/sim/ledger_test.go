package sim_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// ledger is a wallet that watches a few scripts and writes down which blocks
// it was given. It outlives the client, as a file would.
type ledger struct {
	noMempool

	t *testing.T

	mu      sync.Mutex
	scripts [][]byte
	blocks  []consensus.BlockID
	found   map[consensus.Height]consensus.BlockID // blocks that came with their transactions
}

// noMempool ignores unmined transactions.
type noMempool struct{}

func (noMempool) Heard(context.Context, *wire.MsgTx, string, bool) (kept, refused bool, err error) {
	return false, false, nil
}

func (noMempool) Unsearched(context.Context, *wire.MsgTx, consensus.Height) ([][]byte, consensus.BlockID, error) {
	return nil, consensus.BlockID{}, nil
}

func (noMempool) Publish(context.Context, *wire.MsgTx) (bool, error) { return false, nil }

func (noMempool) Published(context.Context) ([]*wire.MsgTx, error) { return nil, nil }

func (noMempool) MinedAt(context.Context, chainhash.Hash) (consensus.Height, bool, error) {
	return 0, false, nil
}

func newLedger(t *testing.T, c *testnet.Chain) *ledger {
	return &ledger{
		t:       t,
		scripts: [][]byte{mine(0), mine(1)}, // not mine(2), which another wallet watches
		blocks:  []consensus.BlockID{c.ID(0)},
		found:   make(map[consensus.Height]consensus.BlockID),
	}
}

// forget makes the ledger start again, as a rescan does.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.blocks = l.blocks[:1]
	clear(l.found)
}

// Scanned implements spv.Wallet.
func (l *ledger) Scanned() (consensus.BlockID, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tip(), true
}

// Locator implements spv.Wallet.
func (l *ledger) Locator() []consensus.BlockID {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := slices.Clone(l.blocks)
	slices.Reverse(ids)
	return ids
}

// Scripts implements spv.Wallet.
func (l *ledger) Scripts() ([][]byte, uint64) { return l.scripts, 1 }

// Changed implements spv.Wallet: nothing changes but by Apply.
func (l *ledger) Changed() <-chan struct{} { return nil }

// Apply implements spv.Wallet.
func (l *ledger) Apply(_ context.Context, u chain.Update) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range u.Reverted {
		if tip := l.tip(); tip != id {
			l.t.Errorf("the wallet is at %v and asked to revert %v", tip, id)
		}
		l.blocks = l.blocks[:len(l.blocks)-1]
		delete(l.found, id.Height)
	}
	for _, b := range u.Applied {
		if tip := l.tip(); tip.Hash != b.Header.PrevBlock() || tip.Height+1 != b.Height {
			l.t.Errorf("the wallet is at %v and asked to apply %v", tip, b.BlockID)
		}
		l.blocks = append(l.blocks, b.BlockID)
		if b.Msg != nil {
			l.found[b.Height] = b.BlockID
		}
	}
	return false, nil
}

// tip returns the newest block. The caller holds the lock.
func (l *ledger) tip() consensus.BlockID { return l.blocks[len(l.blocks)-1] }

// mustBeAt demands that the ledger has the whole chain and was given exactly
// the blocks whose filters match.
func (l *ledger) mustBeAt(c *testnet.Chain) {
	l.t.Helper()
	want := make(map[consensus.Height]consensus.BlockID)
	for h := consensus.Height(1); h <= c.Height(); h++ {
		f, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, c.Filter(h))
		if err != nil {
			l.t.Fatal(err)
		}
		if f.MatchAny(c.At(h).FilterKey(), l.scripts) {
			want[h] = c.ID(h)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tip() != c.Tip() {
		l.t.Errorf("the wallet is at %v, the chain at %v", l.tip(), c.Tip())
	}
	if !maps.Equal(l.found, want) {
		l.t.Errorf("the wallet was given blocks %v, the filters of %v match", slices.Sorted(maps.Keys(l.found)), slices.Sorted(maps.Keys(want)))
	}
}
