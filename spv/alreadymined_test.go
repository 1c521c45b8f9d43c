package spv

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/txrelay"
)

// payee is the script of TestBelated.
var payee = []byte{0x51, 0x52, 0x53}

// heardBy returns what the wallet has heard.
func (k *keeper) heardBy() []chainhash.Hash {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.heard)
}

// payments is a chain that pays the payee in some blocks, and these payments.
func payments(t *testing.T, blocks int, heights ...consensus.Height) (c *testnet.Chain, txs []*wire.MsgTx) {
	t.Helper()
	plan := testnet.Plan{}
	for _, h := range heights {
		plan.Pay(h, payee, 1000)
	}
	for _, h := range heights {
		txs = append(txs, plan[h][0].Msg)
	}
	return generate(t, blocks, plan), txs
}

// TestAlreadyMined: a transaction that a block holds which the wallet has not searched is
// not given to it, whichever peer announces it and however often, and no block is fetched
// twice for that. When a reorganisation takes the block back it is.
func TestAlreadyMined(t *testing.T) {
	c, txs := payments(t, 30, 27, 28)
	k := newKeeper(t, c)
	k.doubts, k.searched = [][]byte{payee}, c.ID(26)
	inHouse(t, c, k, func(h *house) {
		k.changed = make(chan struct{}, 1)
		peer := h.net.join(&fakePeer{chain: c})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.until(time.Minute, "following", func(st Status) bool { return st.Phase == Following })
		for range 3 {
			h.net.send(txs[0])
			h.net.send(txs[1])
			h.net.send(spending(1))
			h.pass(time.Second)
		}
		unmined := spending(1).TxHash()
		if got := k.heardBy(); !slices.Equal(got, []chainhash.Hash{unmined, unmined, unmined}) {
			t.Fatalf("heard %v", got)
		}
		asked, _ := h.net.told(peer)
		if n := len(slices.DeleteFunc(asked, func(what string) bool { return what != "block" })); n != 2 {
			t.Errorf("%d blocks were fetched, want 2", n)
		}
		if _, err := h.syncer.Publish(h.Context(), txs[1]); !errors.Is(err, ErrRejected) {
			t.Errorf("publishing it: %v", err)
		}
		other := c.Outgrow(27, 99)
		h.net.extend(peer, other)
		h.untilSyncedTo(time.Minute, other)
		h.pass(time.Second)
		if got := k.heardBy()[3:]; !slices.Equal(got, []chainhash.Hash{txs[1].TxHash()}) {
			t.Errorf("after the reorganisation heard %v, want %v", got, txs[1].TxHash())
		}
	})
}

// TestAlreadyMinedIsBounded: what was searched is not looked through again, nor is what
// lies further back than anybody serves transactions from.
func TestAlreadyMinedIsBounded(t *testing.T) {
	c, txs := payments(t, txrelay.Lookback+30, 29, 31, txrelay.Lookback+20)
	for _, tc := range []struct {
		name     string
		searched consensus.BlockID
		heard    []int // of txs
	}{
		{"nothing searched", consensus.BlockID{}, []int{0}},
		{"searched in part", c.ID(100), []int{0, 1}},
		{"everything searched", c.Tip(), []int{0, 1, 2}},
		{"searched on another chain", consensus.BlockID{Height: c.Height()}, []int{0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKeeper(t, c)
			k.doubts, k.searched = [][]byte{payee}, tc.searched
			inHouse(t, c, k, func(h *house) {
				k.changed = make(chan struct{}, 1)
				h.net.join(&fakePeer{chain: c})
				h.start()
				h.untilSyncedTo(time.Minute, c)
				h.until(time.Minute, "following", func(st Status) bool { return st.Phase == Following })
				var want []chainhash.Hash
				for i, tx := range txs {
					h.net.send(tx)
					if slices.Contains(tc.heard, i) {
						want = append(want, tx.TxHash())
					}
				}
				h.pass(time.Second)
				if got := k.heardBy(); !slices.Equal(got, want) {
					t.Errorf("heard %v, want %v", got, want)
				}
			})
		})
	}
}

// Unsearched implements Wallet: everything concerns it.
func (k *keeper) Unsearched(_ context.Context, tx *wire.MsgTx, from consensus.Height) ([][]byte, consensus.BlockID, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	doubts := k.doubts
	if doubts == nil {
		doubts = [][]byte{tx.TxOut[0].PkScript}
	}
	return doubts, k.searched, nil
}
