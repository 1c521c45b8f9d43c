package wallet

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
)

func amountOf(n int64) dcrutil.Amount { return dcrutil.Amount(n) }

// someone returns one of our scripts, or one of a stranger.
func (w *world) someone() []byte {
	if len(w.ours) > 0 && w.rng.IntN(2) == 0 {
		return w.ours[w.rng.IntN(len(w.ours))]
	}
	return w.stranger()
}

// staker is someone with a script that stake outputs may pay.
func (w *world) staker() []byte {
	for {
		if s := w.someone(); stake.IsStakeChangeScript(0, tagWith(0xbd, s)) {
			return s
		}
	}
}

// random mines a block of random transactions of every kind.
func (w *world) random() {
	approve := len(w.main) == 1 || w.rng.IntN(8) != 0
	unspent := w.coins(!approve)
	coins := slices.SortedFunc(maps.Values(unspent), func(a, b coin) int {
		return cmp.Or(cmp.Compare(a.height, b.height), slices.Compare(a.op.Hash[:], b.op.Hash[:]), cmp.Compare(a.op.Index, b.op.Index))
	})
	w.rng.Shuffle(len(coins), func(i, j int) { coins[i], coins[j] = coins[j], coins[i] })
	var tickets, plain []coin
	for _, c := range coins {
		switch {
		case c.ticket != nil:
			tickets = append(tickets, c)
		case c.amount >= 8: // smaller ones cannot be split
			plain = append(plain, c)
		}
	}
	take := func() coin {
		c := plain[0]
		plain = plain[1:]
		return c
	}
	var stakes []*wire.MsgTx
	for range min(w.rng.IntN(3), len(plain)/2) {
		switch w.rng.IntN(4) {
		case 0:
			stakes = append(stakes, w.treasuryAdd(take(), w.staker()))
			w.mayExpire(stakes[len(stakes)-1])
		case 1:
			stakes = append(stakes, w.treasurySpend(w.staker(), 1000+w.rng.Int64N(1000)))
		default:
			n := 1 + w.rng.IntN(2)
			var in []coin
			var commits, change [][]byte
			for range n {
				in = append(in, take())
				commits, change = append(commits, w.staker()), append(change, w.staker())
			}
			stakes = append(stakes, w.ticket(in, w.staker(), commits, change))
			w.mayExpire(stakes[len(stakes)-1])
		}
	}
	for range min(w.rng.IntN(3), len(tickets)) {
		ticket := tickets[0].ticket
		tickets = tickets[1:]
		if w.rng.IntN(3) == 0 {
			revocation := w.revocation(ticket)
			if hash := ticket.TxHash(); w.revokes && hash[0]&1 == 0 {
				revocation.Version = stake.TxVersionAutoRevocations // which nodes make, without a signature
			}
			stakes = append(stakes, revocation)
		} else {
			stakes = append(stakes, w.vote(ticket, w.tip().BlockID))
		}
	}
	regular := []*wire.MsgTx{w.coinbase(w.someone(), 100_000+w.rng.Int64N(100_000))}
	for range w.rng.IntN(4) {
		if len(plain) == 0 {
			break
		}
		tx := w.payment(take())
		regular = append(regular, tx)
		if tx.TxOut[0].Value >= 8 && w.rng.IntN(2) == 0 { // spent in the same block
			op := wire.OutPoint{Hash: tx.TxHash()}
			regular = append(regular, w.payment(coin{op: op, amount: tx.TxOut[0].Value}))
		}
	}
	w.mine(stakes, regular, approve)
}

// payment spends a coin to two scripts.
func (w *world) payment(c coin) *wire.MsgTx {
	half := c.amount / 2
	tx := spend([]wire.OutPoint{c.op}, wire.NewTxOut(half, w.someone()), wire.NewTxOut(c.amount-half-1, w.someone()))
	tx.TxIn[0].ValueIn = c.amount
	if w.rng.IntN(8) == 0 { // nothing at all, which can never be spent
		tx.AddTxOut(wire.NewTxOut(0, w.someone()))
	}
	w.mayExpire(tx)
	return tx
}

// mayExpire gives some transactions an expiry, which only shows once they are
// mined.
func (w *world) mayExpire(tx *wire.MsgTx) {
	if w.rng.IntN(4) == 0 {
		tx.Expiry = 1 << 20
	}
}

// again returns the block above a height, mined once more: transactions that a
// reorganisation took out come back elsewhere.
func (w *world) reorganise(depth int) {
	lost := slices.Clone(w.main[len(w.main)-depth:])
	w.cut(depth)
	for i := range lost {
		if w.rng.IntN(2) == 0 {
			w.random()
			continue
		}
		regular := []*wire.MsgTx{w.coinbase(w.someone(), 50_000)}
		for _, tx := range lost[i].Msg.Transactions[1:] {
			if w.spendable(tx, regular) {
				regular = append(regular, tx)
			}
		}
		w.mine(nil, regular, true)
	}
}

// spendable reports whether the next block may hold a transaction.
func (w *world) spendable(tx *wire.MsgTx, before []*wire.MsgTx) bool {
	unspent := w.coins(false)
	for _, b := range before[1:] {
		play(unspent, b, 0, wire.TxTreeRegular, false)
	}
	for _, in := range tx.TxIn {
		if _, ok := unspent[in.PreviousOutPoint]; !ok {
			return false
		}
	}
	return true
}

// seeds returns how many random histories a property is tried on: few in a
// test run, as many as SPVD_WALLET_SEEDS says in a longer one.
func seeds(few uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv("SPVD_WALLET_SEEDS"), 10, 32); err == nil {
		return n
	}
	return few
}
