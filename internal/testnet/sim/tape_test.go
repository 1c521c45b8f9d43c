package sim_test

import (
	"encoding/binary"
	"maps"
	"slices"
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// returnMaturity is how many confirmations the return of a ticket needs before it
// can be spent, on simnet.
const returnMaturity = 16

// tape is a chain played from its first block on, for a reader of every output. It shares
// nothing with the wallet: it knows no filters, undoes nothing and
// has no file.
type tape struct {
	holders []*holder
	coins   map[wire.OutPoint]*note // all that were ever paid; outpoints without trees
	deals   []deal                  // what concerns the holders, in the order of the chain
	seen    map[chainhash.Hash]bool // transactions that concern the holders
	used    map[*holder]*[2]int     // one more than the highest index in use
}

// note is an output that pays a holder, or a ticket that holders have money in.
type note struct {
	of       *holder // of a ticket: who may vote, nil for a stranger
	script   []byte
	amount   int64
	height   consensus.Height
	promises []promise // of a ticket: to holders
	returned bool      // by a ticket
	stake    bool      // in the stake tree
	spent    bool
}

// promise is what a ticket returns to a holder.
type promise struct {
	to     *holder
	amount int64
}

// deal is a transaction, and what it adds to the holders.
type deal struct {
	hash   chainhash.Hash
	height consensus.Height
	net    int64
}

// play plays a chain up to a height for some holders.
func play(block func(consensus.Height) *wire.MsgBlock, upTo consensus.Height, who []*holder) *tape {
	t := &tape{holders: who, coins: make(map[wire.OutPoint]*note), seen: make(map[chainhash.Hash]bool), used: make(map[*holder]*[2]int)}
	for _, h := range who {
		t.used[h] = new([2]int)
	}
	for height := consensus.Height(1); height <= upTo; height++ {
		b := block(height)
		for _, tx := range slices.Concat(b.STransactions, b.Transactions) {
			t.tx(height, tx)
		}
	}
	return t
}

// tx plays a transaction.
func (t *tape) tx(height consensus.Height, tx *wire.MsgTx) {
	d, id := deal{height: height}, sync.OnceValue(tx.TxHash) // not called for most
	concerns := false
	for _, in := range tx.TxIn {
		c := t.coins[bare(in.PreviousOutPoint)]
		if c == nil {
			continue
		}
		c.spent, concerns = true, true
		if c.promises == nil {
			d.net -= c.amount
		}
		for _, p := range c.promises {
			d.net -= p.amount
		}
	}
	var ticket []promise
	for i, out := range tx.TxOut {
		if to, amount := t.promised(tx, i); to != nil {
			ticket = append(ticket, promise{to, amount})
			d.net += amount
			continue
		}
		if isTicket(tx) && (i == 0 || out.Value == 0) {
			continue
		}
		to := t.owner(untagged(out.PkScript))
		if to == nil {
			continue
		}
		t.use(to, untagged(out.PkScript))
		t.coins[wire.OutPoint{Hash: id(), Index: uint32(i)}] = &note{
			of: to, script: out.PkScript, amount: out.Value, height: height,
			returned: out.PkScript[0] == txscript.OP_SSRTX, stake: len(untagged(out.PkScript)) < len(out.PkScript),
		}
		d.net += out.Value
		concerns = true
	}
	if len(ticket) > 0 {
		voter := t.owner(untagged(tx.TxOut[0].PkScript))
		t.coins[wire.OutPoint{Hash: id()}] = &note{
			of: voter, script: tx.TxOut[0].PkScript, amount: tx.TxOut[0].Value, height: height, promises: ticket, stake: true,
		}
		concerns = true
	}
	if concerns {
		d.hash = id()
		t.deals, t.seen[d.hash] = append(t.deals, d), true
	}
}

// promised returns whom output i of a ticket promises something.
func (t *tape) promised(tx *wire.MsgTx, i int) (*holder, int64) {
	if !isTicket(tx) || i%2 == 0 {
		return nil, 0
	}
	data := tx.TxOut[i].PkScript
	script := payTo(data[2:22])
	to := t.owner(script)
	if to != nil {
		t.use(to, script)
	}
	return to, int64(binary.LittleEndian.Uint64(data[22:30]))
}

// owner returns the holder of a script, or nil.
func (t *tape) owner(script []byte) *holder {
	for _, h := range t.holders {
		if _, ok := h.spots[string(script)]; ok {
			return h
		}
	}
	return nil
}

// use notes that an address is in use.
func (t *tape) use(h *holder, script []byte) {
	at := h.spots[string(script)]
	t.used[h][at.branch] = max(t.used[h][at.branch], at.index+1)
}

// known reports whether a wallet that has read the tape watches a script.
func (t *tape) known(h *holder, script []byte) bool {
	at := h.spots[string(script)]
	return at.index < t.used[h][at.branch]+gap
}

// spendable returns the outpoints that the block at a height may spend, in an order
// that depends on nothing else. Tickets are not among them.
func (t *tape) spendable(height consensus.Height) []wire.OutPoint {
	return t.pick(func(n *note) bool {
		return !n.spent && n.promises == nil && (!n.returned || height-n.height >= returnMaturity)
	})
}

// tickets returns the tickets that are neither spent nor of this block.
func (t *tape) tickets(height consensus.Height) []wire.OutPoint {
	return t.pick(func(n *note) bool { return !n.spent && n.promises != nil && n.height < height })
}

func (t *tape) pick(fits func(*note) bool) []wire.OutPoint {
	var list []wire.OutPoint
	for op, n := range t.coins {
		if fits(n) {
			list = append(list, op)
		}
	}
	slices.SortFunc(list, func(a, b wire.OutPoint) int {
		return slices.Compare(append(a.Hash[:], byte(a.Index)), append(b.Hash[:], byte(b.Index)))
	})
	return list
}

// money is what a holder has at a height, in the wallet's categories.
type money struct{ spendable, immature, locked, voting, received int64 }

// money returns what each holder has when the chain ends at a height.
func (t *tape) money(tip consensus.Height) map[*holder]*money {
	by := make(map[*holder]*money)
	for _, h := range t.holders {
		by[h] = new(money)
	}
	for n := range maps.Values(t.coins) {
		if n.promises == nil {
			by[n.of].received += n.amount
		}
		switch {
		case n.spent:
		case n.promises != nil:
			for _, p := range n.promises {
				by[p.to].locked += p.amount
			}
			if n.of != nil {
				by[n.of].voting += n.amount
			}
		case n.returned && tip-n.height+1 < returnMaturity:
			by[n.of].immature += n.amount
		default:
			by[n.of].spendable += n.amount
		}
	}
	return by
}

// isTicket reports whether a transaction buys a ticket.
func isTicket(tx *wire.MsgTx) bool { return tx.TxOut[0].PkScript[0] == txscript.OP_SSTX }

// untagged returns a script without its stake tag.
func untagged(script []byte) []byte {
	if len(script) > 0 && script[0] >= txscript.OP_SSTX && script[0] <= txscript.OP_SSTXCHANGE {
		return script[1:]
	}
	return script
}

// payTo returns the script that pays to the hash of a key.
func payTo(hash []byte) []byte {
	s := append([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
	return append(s, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// bare returns an outpoint without its tree.
func bare(op wire.OutPoint) wire.OutPoint { return wire.OutPoint{Hash: op.Hash, Index: op.Index} }
