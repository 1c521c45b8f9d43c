package replay

import (
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Book is what a chain means to a wallet.
type Book struct {
	watch  *Watch
	owners map[string]*owner
	blocks []*wire.MsgBlock // by height
	tip    int64
	txs    []*entry   // that concern the wallet, in the order of the chain
	coins  []*holding // that were ever paid to the wallet, in the order of the chain
	by     map[place]*holding
}

// place names an output.
type place struct {
	hash  chainhash.Hash
	index uint32
}

// holding is an output that pays the wallet, or a ticket that some of the wallet's
// money is in.
type holding struct {
	tx     *entry
	index  int
	owner  *owner // of a ticket: who may vote with it, nil if that is somebody else
	amount Amount
	spent  *entry // nil while it is not
}

// entry is a transaction that concerns the wallet.
type entry struct {
	msg       *wire.MsgTx
	hash      chainhash.Hash
	kind      string
	height    int64
	tree      int8
	index     int
	block     *wire.MsgBlock
	received  []*holding // without tickets
	promises  []promise  // if it is a ticket
	spends    []*holding // without tickets
	redeemed  *holding   // the ticket that it spends
	purchased *holding   // the ticket that it is
}

// promise is what a ticket will return to the wallet.
type promise struct {
	owner  *owner
	index  int
	amount Amount
}

// Read reads a chain, from its first block on.
func Read(blocks []*wire.MsgBlock, watch *Watch) *Book {
	used := make(map[*Account]*[2]int)
	for _, a := range watch.Accounts {
		used[a] = new([2]int)
	}
	for {
		before := copied(used)
		b := &Book{watch: watch, owners: watch.owners(used), blocks: blocks, tip: int64(len(blocks)) - 1, by: make(map[place]*holding)}
		for height, block := range blocks {
			b.read(int64(height), block)
		}
		if same(before, copied(used)) {
			return b
		}
	}
}

// copied returns how many addresses are used.
func copied(used map[*Account]*[2]int) map[*Account][2]int {
	out := make(map[*Account][2]int)
	for a, n := range used {
		out[a] = *n
	}
	return out
}

func same(a, b map[*Account][2]int) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// read reads a block. Its regular transactions are void if the next block
// disapproves of them.
func (b *Book) read(height int64, block *wire.MsgBlock) {
	if height == 0 {
		return
	}
	for i, tx := range block.STransactions {
		b.take(&entry{msg: tx, kind: kindOf(tx, wire.TxTreeStake, i), height: height, tree: wire.TxTreeStake, index: i, block: block})
	}
	if height < b.tip && b.blocks[height+1].Header.VoteBits&1 == 0 {
		return
	}
	for i, tx := range block.Transactions {
		b.take(&entry{msg: tx, kind: kindOf(tx, wire.TxTreeRegular, i), height: height, tree: wire.TxTreeRegular, index: i, block: block})
	}
}

// take looks at a transaction and keeps it if it concerns the wallet.
func (b *Book) take(e *entry) {
	e.hash = e.msg.TxHash()
	for _, in := range e.msg.TxIn {
		c := b.by[place{in.PreviousOutPoint.Hash, in.PreviousOutPoint.Index}]
		switch {
		case c == nil:
			continue
		case c.tx.purchased == c:
			e.redeemed = c
		default:
			e.spends = append(e.spends, c)
		}
		c.spent = e
	}
	for i, out := range e.msg.TxOut {
		b.output(e, i, out)
	}
	if len(e.promises) > 0 {
		c := &holding{tx: e, amount: Amount(e.msg.TxOut[0].Value)}
		if o := b.owners[string(payee(ticket, e.msg.TxOut[0].PkScript))]; o != nil && o.born <= e.height {
			c.owner = o
		}
		e.purchased = c
		b.keep(c)
	}
	if len(e.received)+len(e.promises)+len(e.spends) > 0 || e.redeemed != nil {
		b.txs = append(b.txs, e)
	}
}

// output looks at an output.
func (b *Book) output(e *entry, i int, out *wire.TxOut) {
	if e.kind == ticket && i%2 == 1 {
		script, amount, ok := promised(e.msg, i)
		if o := b.owners[string(script)]; ok && o != nil && o.born <= e.height {
			o.use()
			e.promises = append(e.promises, promise{o, i, amount})
		}
		return
	}
	o := b.owners[string(payee(e.kind, out.PkScript))]
	if o == nil || o.born > e.height || out.Value == 0 || out.Version != 0 || e.kind == ticket && i == 0 {
		return
	}
	o.use()
	c := &holding{tx: e, index: i, owner: o, amount: Amount(out.Value)}
	e.received = append(e.received, c)
	b.keep(c)
}

// keep notes a coin.
func (b *Book) keep(c *holding) {
	b.coins = append(b.coins, c)
	b.by[place{c.tx.hash, uint32(c.index)}] = c
}

// use notes that an address is in use.
func (o *owner) use() {
	if o.used != nil {
		*o.used = max(*o.used, o.index+1)
	}
}

// confirmations returns how many blocks confirm a transaction.
func (b *Book) confirmations(e *entry) int64 { return b.tip - e.height + 1 }

// isTicket reports whether a coin is a ticket.
func (c *holding) isTicket() bool { return c.tx.purchased == c }

// maturity returns how many confirmations a coin needs before it can be spent.
func (c *holding) maturity() int64 {
	switch {
	case c.isTicket():
		return ticketMaturity
	case c.isReward() || c.tx.msg.Expiry != 0:
		return rewardMaturity
	}
	return changeMaturity
}

// isReward reports whether a coin was earned, or was given by the treasury.
func (c *holding) isReward() bool {
	return c.tx.kind != regular && c.tx.kind != ticket && c.tx.kind != treasuryAdd
}
