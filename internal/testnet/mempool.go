package testnet

import (
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// servedFor is how long a transaction is served after it was announced, even
// if it has left the mempool.
const servedFor = 45 * time.Second

// mempool holds the transactions that wait for a block, in the order in which they were
// added. The node's lock guards it.
type mempool struct {
	order []chainhash.Hash
	txs   map[chainhash.Hash]*pooledTx
}

// pooledTx is a transaction that is served.
type pooledTx struct {
	msg  *wire.MsgTx
	gone time.Time // when it left the mempool; zero while it is there
}

func newMempool() mempool { return mempool{txs: make(map[chainhash.Hash]*pooledTx)} }

// confirm removes the transactions of blocks that became part of the best
// chain.
func (p *mempool) confirm(news News) {
	if len(p.order) == 0 {
		return
	}
	for h := news.New.ForkOf(news.Old) + 1; h <= news.New.Height(); h++ {
		b := news.New.Block(h)
		for _, tx := range b.Transactions {
			p.remove(tx.TxHash())
		}
		for _, tx := range b.STransactions {
			p.remove(tx.TxHash())
		}
	}
}

// remove removes a transaction from the mempool.
func (p *mempool) remove(hash chainhash.Hash) {
	tx, ok := p.txs[hash]
	if !ok || !tx.gone.IsZero() {
		return
	}
	tx.gone = time.Now()
	for i, h := range p.order {
		if h == hash {
			p.order = append(p.order[:i:i], p.order[i+1:]...)
			return
		}
	}
}

// AddTx adds a transaction to the mempool and announces it to every client that wants
// transactions, and to the other nodes of the network. A known transaction is ignored.
func (n *Node) AddTx(msg *wire.MsgTx) {
	if relay := n.takeTx(msg); relay != nil {
		relay(msg)
	}
}

// takeTx adds a transaction to the node itself, and returns the function that relays it to
// the other nodes, nil if there is no need.
func (n *Node) takeTx(msg *wire.MsgTx) (relay func(*wire.MsgTx)) {
	hash := msg.TxHash()
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.mempool.txs[hash]; ok {
		return nil
	}
	n.mempool.txs[hash] = &pooledTx{msg: msg}
	n.mempool.order = append(n.mempool.order, hash)
	for _, s := range n.currentLocked() {
		if !s.client.DisableRelayTx {
			s.announceTx(hash)
		}
	}
	return n.relay
}

// tx returns a transaction that the node serves, or nil.
func (n *Node) tx(hash *chainhash.Hash) *wire.MsgTx {
	n.mu.Lock()
	defer n.mu.Unlock()
	tx, ok := n.mempool.txs[*hash]
	if !ok || !tx.gone.IsZero() && time.Since(tx.gone) > servedFor {
		return nil
	}
	return tx.msg
}

// pooled returns the hashes of the transactions in the mempool.
func (n *Node) pooled() []chainhash.Hash {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]chainhash.Hash(nil), n.mempool.order...)
}

// Mempool returns the transactions in the mempool, oldest first.
func (n *Node) Mempool() []*wire.MsgTx {
	var txs []*wire.MsgTx
	for _, hash := range n.pooled() {
		if tx := n.tx(&hash); tx != nil {
			txs = append(txs, tx)
		}
	}
	return txs
}
