package miner

import (
	"bytes"
	"slices"
	"time"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"
)

// coin is an output that the key can spend.
type coin struct {
	op     wire.OutPoint
	amount int64
	script []byte
	born   int64 // height of its block
	mature int64 // height of the first block that may spend it
	spent  bool

	ticket *wire.MsgTx // the purchase, if it is a ticket
}

// ledger is what the blocks of the main chain mean for the key, as of its last
// block. It is a value without I/O.
type ledger struct {
	params  *chaincfg.Params
	purse   *purse
	hashes  []chainhash.Hash // by height
	blocks  []*wire.MsgBlock // by height
	coins   []*coin          // all but tickets, in the order they were born
	byOp    map[wire.OutPoint]*coin
	pending map[wire.OutPoint]bool // outputs spent by transactions that wait for a block
}

func newLedger(params *chaincfg.Params, p *purse) *ledger {
	return &ledger{
		params:  params,
		purse:   p,
		hashes:  []chainhash.Hash{params.GenesisHash},
		blocks:  []*wire.MsgBlock{params.GenesisBlock},
		byOp:    make(map[wire.OutPoint]*coin),
		pending: make(map[wire.OutPoint]bool),
	}
}

// height returns the height of the last block.
func (l *ledger) height() int64 { return int64(len(l.hashes)) - 1 }

// tip returns the hash of the last block.
func (l *ledger) tip() chainhash.Hash { return l.hashes[l.height()] }

// has reports whether a block is on the ledger's chain.
func (l *ledger) has(hash chainhash.Hash, height int64) bool {
	return height <= l.height() && l.hashes[height] == hash
}

// time returns the timestamp of the last block.
func (l *ledger) time() time.Time { return l.blocks[l.height()].Header.Timestamp }

// connect applies the block after the last one. If that disapproves of the last
// one, all is applied again: what void transactions did is not worth undoing.
func (l *ledger) connect(hash chainhash.Hash, block *wire.MsgBlock) {
	l.hashes = append(l.hashes, hash)
	l.blocks = append(l.blocks, block)
	if disapproves(block) {
		l.replay()
		return
	}
	l.apply(l.height())
}

// disapproves reports whether a block makes the regular transactions of the one
// before void.
func disapproves(block *wire.MsgBlock) bool { return block.Header.VoteBits&approve == 0 }

// cut takes back the blocks above a height.
func (l *ledger) cut(height int64) {
	if height == l.height() {
		return
	}
	l.hashes, l.blocks = l.hashes[:height+1], l.blocks[:height+1]
	l.replay()
}

// replay applies all blocks again.
func (l *ledger) replay() {
	l.coins = nil
	clear(l.byOp)
	for height := int64(1); height <= l.height(); height++ {
		l.apply(height)
	}
}

// apply applies the transactions of a block that are not void.
func (l *ledger) apply(height int64) {
	block := l.blocks[height]
	txs := block.STransactions
	if height == l.height() || !disapproves(l.blocks[height+1]) {
		txs = slices.Concat(block.Transactions, txs)
	}
	for _, tx := range txs {
		l.spend(tx)
		l.receive(tx, height)
	}
}

// spend marks the coins a transaction spends.
func (l *ledger) spend(tx *wire.MsgTx) {
	for _, in := range tx.TxIn {
		if c := l.byOp[key(in.PreviousOutPoint)]; c != nil {
			c.spent = true
		}
	}
}

// receive adds the coins a transaction in the block at a height makes.
func (l *ledger) receive(tx *wire.MsgTx, height int64) {
	kind := stake.DetermineTxType(tx)
	hash := tx.TxHash()
	for i, out := range tx.TxOut {
		wait, ok := l.wait(tx, kind, out.PkScript)
		if !ok {
			continue
		}
		c := &coin{
			op:     wire.OutPoint{Hash: hash, Index: uint32(i), Tree: wire.TxTreeRegular},
			amount: out.Value,
			script: out.PkScript,
			born:   height,
			mature: height + wait,
		}
		if kind != stake.TxTypeRegular {
			c.op.Tree = wire.TxTreeStake
		}
		l.byOp[key(c.op)] = c
		if kind == stake.TxTypeSStx && i == 0 {
			c.ticket = tx
			continue
		}
		l.coins = append(l.coins, c)
	}
}

// wait returns for how many blocks an output of the key cannot be spent; ok is
// false if it is not of the key.
func (l *ledger) wait(tx *wire.MsgTx, kind stake.TxType, script []byte) (blocks int64, ok bool) {
	switch {
	case bytes.Equal(script, l.purse.pay):
		if tx.TxIn[0].PreviousOutPoint.Index == wire.MaxPrevOutIndex {
			return int64(l.params.CoinbaseMaturity), true
		}
		return 1, true
	case kind == stake.TxTypeSStx && bytes.Equal(script, l.purse.change):
		return int64(l.params.SStxChangeMaturity) + 1, true
	case kind == stake.TxTypeSStx && l.purse.voters[string(script)] != nil:
		return int64(l.params.TicketMaturity) + 1, true
	case kind == stake.TxTypeSSGen && bytes.Equal(script, l.purse.reward):
		return int64(l.params.CoinbaseMaturity), true
	}
	return 0, false
}

// await replaces the transactions that wait for a block.
func (l *ledger) await(txs []*wire.MsgTx) {
	clear(l.pending)
	for _, tx := range txs {
		l.reserve(tx)
	}
}

// reserve notes that a transaction waits for a block.
func (l *ledger) reserve(tx *wire.MsgTx) {
	for _, in := range tx.TxIn {
		l.pending[key(in.PreviousOutPoint)] = true
	}
}

// spendable yields the coins that the next block may spend, oldest first.
func (l *ledger) spendable(yield func(*coin) bool) {
	next := l.height() + 1
	for _, c := range l.coins {
		if !c.spent && c.mature <= next && !l.pending[key(c.op)] && !yield(c) {
			return
		}
	}
}

// pick returns the oldest coin of at least the given amount, or nil.
func (l *ledger) pick(amount int64) *coin {
	for c := range l.spendable {
		if c.amount >= amount {
			return c
		}
	}
	return nil
}

// ticket returns the ticket a transaction bought, or nil if it is not of the
// key.
func (l *ledger) ticket(tx chainhash.Hash) *coin { return l.byOp[wire.OutPoint{Hash: tx}] }

// key returns the outpoint without its tree: hash and index name an output.
func key(op wire.OutPoint) wire.OutPoint {
	op.Tree = 0
	return op
}
