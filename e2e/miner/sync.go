package miner

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// sync brings the ledger to the node's main chain and mempool.
func (m *Miner) sync(ctx context.Context) error {
	tip, err := m.node.Best(ctx)
	if err != nil {
		return err
	}
	if _, err := m.follow(ctx, tip.Hash); err != nil {
		return err
	}
	return m.readMempool(ctx)
}

// follow brings the ledger to a block, on whatever branch it is, and returns
// the block; nil if the ledger was there.
func (m *Miner) follow(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	type step struct {
		hash  chainhash.Hash
		block *wire.MsgBlock
	}
	var path []step // newest first
	fork := m.ledger.height()
	if hash != m.ledger.tip() {
		for {
			block, err := m.node.Block(ctx, hash)
			if err != nil {
				return nil, err
			}
			path = append(path, step{hash, block})
			hash, fork = block.Header.PrevBlock, int64(block.Header.Height)-1
			if m.ledger.has(hash, fork) {
				break
			}
		}
	}
	m.ledger.cut(fork)
	for i := len(path) - 1; i >= 0; i-- {
		m.ledger.connect(path[i].hash, path[i].block)
	}
	if len(path) == 0 {
		return nil, nil
	}
	return path[0].block, nil
}

// readMempool notes which coins are spent by transactions that wait in the
// node's mempool: after a reorganisation, or another miner's, they may be there
// without this miner having sent them.
func (m *Miner) readMempool(ctx context.Context) error {
	txs, err := m.node.Mempool(ctx)
	if err != nil {
		return err
	}
	m.ledger.await(txs)
	return nil
}
