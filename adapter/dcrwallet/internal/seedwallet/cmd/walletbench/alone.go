package main

import (
	"bytes"
	"context"
	"sync"
	"time"

	"decred.org/dcrwallet/v5/errors"
	"decred.org/dcrwallet/v5/wallet"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/adapter/dcrwallet/internal/seedwallet"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/match"
)

// batch is how many blocks the wallet is switched to at a time.
const batch = 2000

// memory is a network backend that has the whole chain in memory.
type memory struct {
	wallet.OfflineNetworkBackend
	chain *testnet.Chain

	mu      sync.Mutex
	scripts [][]byte // that the wallet watches
}

// syncAlone gives the wallet the chain, and returns how long the wallet took: for its chain,
// for the discovery of addresses and for the rescan.
func (s settings) syncAlone(ctx context.Context, w *seedwallet.Wallet) (time.Duration, error) {
	c, err := s.generate(ctx)
	if err != nil {
		return 0, err
	}
	c.Warm()
	n := &memory{chain: c}
	began := time.Now()
	for from := consensus.Height(1); from <= c.Height(); from += batch {
		if err := n.feed(ctx, w, from, min(from+batch-1, c.Height())); err != nil {
			return 0, err
		}
	}
	point, err := w.RescanPoint(ctx)
	if err != nil {
		return 0, err
	}
	if err := w.DiscoverActiveAddresses(ctx, n, point, true, w.GapLimit()); err != nil {
		return 0, err
	}
	if err := w.LoadActiveDataFilters(ctx, n, true); err != nil {
		return 0, err
	}
	if err := w.Rescan(ctx, n, point); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// feed switches the wallet to a run of blocks.
func (n *memory) feed(ctx context.Context, w *seedwallet.Wallet, from, to consensus.Height) error {
	var forest wallet.SidechainForest
	var nodes []*wallet.BlockNode
	for h := from; h <= to; h++ {
		id, raw := n.chain.ID(h), n.chain.At(h)
		header := new(wire.BlockHeader)
		if err := header.Deserialize(bytes.NewReader(raw[:])); err != nil {
			return err
		}
		filter, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, bytes.Clone(n.chain.Filter(h)))
		if err != nil {
			return err
		}
		node := wallet.NewBlockNode(header, &id.Hash, filter, nil)
		forest.AddBlockNode(node)
		nodes = append(nodes, node)
	}
	_, err := w.ChainSwitch(ctx, &forest, nodes)
	return err
}

// Blocks returns blocks of the chain.
func (n *memory) Blocks(_ context.Context, hashes []*chainhash.Hash) ([]*wire.MsgBlock, error) {
	var list []*wire.MsgBlock
	for _, hash := range hashes {
		h, ok := n.chain.Find(hash)
		if !ok {
			return nil, errors.E(errors.NotExist, "no such block")
		}
		list = append(list, n.chain.Block(h))
	}
	return list, nil
}

// LoadTxFilter adds addresses. The wallet calls it from several goroutines.
func (n *memory) LoadTxFilter(_ context.Context, _ bool, addrs []stdaddr.Address, _ []wire.OutPoint) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, addr := range addrs {
		_, script := addr.PaymentScript()
		n.scripts = append(n.scripts, script)
	}
	return nil
}

// Rescan saves the transactions of the blocks whose filters match.
func (n *memory) Rescan(_ context.Context, hashes []chainhash.Hash, save func(*chainhash.Hash, []*wire.MsgTx) error) error {
	n.mu.Lock()
	set := match.NewSet(n.scripts)
	n.mu.Unlock()
	var m match.Matcher
	for i := range hashes {
		h, _ := n.chain.Find(&hashes[i])
		hit, err := m.Any(n.chain.At(h).FilterKey(), n.chain.Filter(h), set)
		if err != nil {
			return err
		}
		if !hit {
			continue
		}
		if txs := n.paid(n.chain.Block(h)); len(txs) > 0 {
			if err := save(&hashes[i], txs); err != nil {
				return err
			}
		}
	}
	return nil
}

// paid returns the transactions of a block that pay to the wallet.
func (n *memory) paid(b *wire.MsgBlock) []*wire.MsgTx {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []*wire.MsgTx
	for _, tx := range b.Transactions {
		for _, out := range tx.TxOut {
			if n.paysLocked(out.PkScript) {
				list = append(list, tx)
				break
			}
		}
	}
	return list
}

func (n *memory) paysLocked(script []byte) bool {
	for _, s := range n.scripts {
		if bytes.Equal(s, script) {
			return true
		}
	}
	return false
}
