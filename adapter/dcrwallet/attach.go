package dcrwallet

import (
	"context"
	"fmt"

	"decred.org/dcrwallet/v5/wallet"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/match"
)

// attach scans the next blocks and switches the wallet to them: one block at a time, or as
// many as it takes to replace a branch.
func (f *feed) attach(ctx context.Context, store *chain.Reader, at place, tip consensus.Height) (more bool, err error) {
	nodes, err := f.next(store, at, at.fork.Height+1, tip)
	if err != nil || nodes == nil {
		return false, err
	}
	set := f.syncer.watch.matched()
	found := make([]*wallet.BlockNode, 0, len(nodes))
	for _, n := range nodes {
		n.RelevantTxs = []*wire.MsgTx{} // the block was scanned, whatever is found
		hit, err := matches(n, set)
		if err != nil {
			return false, err
		}
		if hit {
			found = append(found, n)
		}
	}
	if err := f.fetchFor(ctx, found, func(n *wallet.BlockNode, b *wire.MsgBlock) error {
		n.RelevantTxs = append(n.RelevantTxs, f.syncer.watch.inBlock(b)...)
		return nil
	}); err != nil {
		return false, err
	}
	reverted, err := f.switchTo(ctx, nodes)
	if err != nil {
		return false, err
	}
	if err := f.scanAgain(ctx, nodes, set); err != nil {
		return false, err
	}
	last := nodes[len(nodes)-1]
	var txs []*wire.MsgTx
	for _, n := range nodes {
		txs = append(txs, n.RelevantTxs...)
	}
	f.notify.tip(last.Header, len(reverted), txs)
	f.books.reached(consensus.BlockID{Height: consensus.Height(last.Header.Height), Hash: *last.Hash})
	return true, nil
}

// scanAgain scans blocks that the wallet was switched to until the wallet does not come to
// watch more scripts: addresses may be used in the block of the address before them.
func (f *feed) scanAgain(ctx context.Context, nodes []*wallet.BlockNode, scanned *match.Set) error {
	for set := f.syncer.watch.matched(); set != scanned; set = f.syncer.watch.matched() {
		scanned = set
		var found []*wallet.BlockNode
		for _, n := range nodes {
			hit, err := matches(n, set)
			if err != nil {
				return err
			}
			if hit {
				found = append(found, n)
			}
		}
		if err := f.fetchFor(ctx, found, func(n *wallet.BlockNode, b *wire.MsgBlock) error {
			return f.addNew(ctx, n, f.syncer.watch.inBlock(b))
		}); err != nil {
			return err
		}
	}
	return nil
}

// addNew adds the transactions of a block to the wallet that it does not have.
func (f *feed) addNew(ctx context.Context, n *wallet.BlockNode, txs []*wire.MsgTx) error {
	have := make(map[chainhash.Hash]bool, len(n.RelevantTxs))
	for _, tx := range n.RelevantTxs {
		have[tx.TxHash()] = true
	}
	for _, tx := range txs {
		if have[tx.TxHash()] {
			continue
		}
		if err := f.wallet.AddTransaction(ctx, tx, n.Hash); err != nil {
			return fmt.Errorf("add transaction of block %v: %w", n.Hash, err)
		}
		n.RelevantTxs = append(n.RelevantTxs, tx)
	}
	return nil
}

// matches reports whether the filter of a block matches a script.
func matches(n *wallet.BlockNode, set *match.Set) (bool, error) {
	var m match.Matcher
	hit, err := m.Any(blockcf2.Key(&n.Header.MerkleRoot), n.FilterV2.Bytes(), set)
	if err != nil {
		return false, fmt.Errorf("match filter of block %v: %w", n.Hash, err)
	}
	return hit, nil
}

// fetchFor fetches the blocks of nodes and calls do with each in their order.
func (f *feed) fetchFor(ctx context.Context, nodes []*wallet.BlockNode, do func(*wallet.BlockNode, *wire.MsgBlock) error) error {
	hashes := make([]chainhash.Hash, len(nodes))
	for i, n := range nodes {
		hashes[i] = *n.Hash
	}
	return f.eachBlock(ctx, hashes, func(i int, b *wire.MsgBlock) error { return do(nodes[i], b) })
}
