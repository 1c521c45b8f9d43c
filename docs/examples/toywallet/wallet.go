package main

import (
	"bytes"
	"context"
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// toy is a wallet of a program's own: it knows the balance of one script, and nothing unmined. It
// is all that a front end needs to write that keeps its own books. It is in memory only; one on disk
// writes what Apply changes in one transaction.
type toy struct {
	script []byte

	mu     sync.Mutex
	blocks []consensus.BlockID // applied, from the genesis block on
	change []int64             // by which each block changed the balance, in atoms
	coins  map[wire.OutPoint]int64
}

// newToy returns a wallet that has applied the genesis block, which pays to no script.
func newToy(script []byte, genesis consensus.BlockID) *toy {
	return &toy{script: script, blocks: []consensus.BlockID{genesis}, change: []int64{0}, coins: make(map[wire.OutPoint]int64)}
}

// balance returns the sum of what is not spent, in atoms.
func (w *toy) balance() (sum int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.change {
		sum += n
	}
	return sum
}

func (w *toy) Scanned() (consensus.BlockID, bool) { return w.Locator()[0], true }
func (w *toy) Scripts() ([][]byte, uint64)        { return [][]byte{w.script}, 1 }
func (w *toy) Changed() <-chan struct{}           { return nil }

func (w *toy) Locator() (newest []consensus.BlockID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.blocks) - 1; i > 0 && len(newest) < 100; i-- {
		newest = append(newest, w.blocks[i])
	}
	return append(newest, w.blocks[0])
}

func (w *toy) Apply(_ context.Context, u chain.Update) (grown bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := len(w.blocks) - len(u.Reverted)
	w.blocks, w.change = w.blocks[:kept], w.change[:kept]
	for _, b := range u.Applied {
		sum := int64(0)
		if b.Msg != nil { // its filter matched the script
			for _, tx := range b.Msg.Transactions {
				for i, out := range tx.TxOut {
					if bytes.Equal(out.PkScript, w.script) {
						w.coins[wire.OutPoint{Hash: tx.TxHash(), Index: uint32(i)}] = out.Value
						sum += out.Value
					}
				}
				for _, in := range tx.TxIn {
					sum -= w.coins[in.PreviousOutPoint]
				}
			}
		}
		w.blocks, w.change = append(w.blocks, b.BlockID), append(w.change, sum)
	}
	return false, nil
}

// What follows is for wallets that show or send unmined transactions.

func (w *toy) Heard(context.Context, *wire.MsgTx, string, bool) (bool, bool, error) {
	return false, false, nil
}
func (w *toy) Unsearched(context.Context, *wire.MsgTx, consensus.Height) ([][]byte, consensus.BlockID, error) {
	return nil, consensus.BlockID{}, nil
}
func (w *toy) Publish(context.Context, *wire.MsgTx) (bool, error) { return false, nil }
func (w *toy) Published(context.Context) ([]*wire.MsgTx, error)   { return nil, nil }
func (w *toy) MinedAt(context.Context, chainhash.Hash) (consensus.Height, bool, error) {
	return 0, false, nil
}
