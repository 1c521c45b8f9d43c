package wallet

import (
	"slices"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// coin is an unspent output, as the dumb twin of the ledger sees it.
type coin struct {
	op     wire.OutPoint
	pay    []byte
	amount int64
	height consensus.Height
	source Source
	ticket *wire.MsgTx // for tickets
	aged   bool        // of a transaction that has an expiry
}

// coins replays the whole chain from nothing and returns what is unspent.
// With voidTip the tip's regular transactions do not count.
func (w *world) coins(voidTip bool) map[wire.OutPoint]coin {
	unspent := make(map[wire.OutPoint]coin)
	for h := 1; h < len(w.main); h++ {
		msg := w.main[h].Msg
		for _, tx := range msg.STransactions {
			play(unspent, tx, consensus.Height(h), wire.TxTreeStake, false)
		}
		if h+1 < len(w.main) && w.main[h+1].Header.VoteBits() == 0 || h+1 == len(w.main) && voidTip {
			continue
		}
		for i, tx := range msg.Transactions {
			play(unspent, tx, consensus.Height(h), wire.TxTreeRegular, i == 0)
		}
	}
	return unspent
}

func play(unspent map[wire.OutPoint]coin, tx *wire.MsgTx, h consensus.Height, tree int8, first bool) {
	for _, in := range tx.TxIn {
		delete(unspent, in.PreviousOutPoint)
	}
	hash := *tx.CachedTxHash()
	for i, out := range tx.TxOut {
		c := coin{
			op:  wire.OutPoint{Hash: hash, Index: uint32(i), Tree: tree},
			pay: out.PkScript, amount: out.Value, height: h, aged: tx.Expiry != 0,
		}
		if c.pay[0] == txscript.OP_RETURN || c.pay[0] == txscript.OP_TADD || out.Value == 0 {
			continue
		}
		switch {
		case tree == wire.TxTreeRegular && first:
			c.source = FromCoinbase
		case tree == wire.TxTreeRegular:
			c.source = FromPayment
		default:
			tags := []byte{txscript.OP_SSTX, txscript.OP_SSTXCHANGE, txscript.OP_SSGEN, txscript.OP_SSRTX, txscript.OP_TGEN}
			c.source = FromTicket + Source(slices.Index(tags, c.pay[0]))
			c.pay = c.pay[1:]
		}
		if c.source == FromTicket && stake.IsSStx(tx) {
			c.ticket = tx
		}
		unspent[c.op] = c
	}
}

// balances are what the twin thinks the accounts of a wallet have.
func (w *world) balances(x *Wallet, minConf int64) map[string]Balance {
	tip := int64(len(w.main) - 1)
	by := make(map[string]Balance)
	for _, c := range w.coins(false) {
		confs := tip - int64(c.height) + 1
		if c.ticket != nil {
			w.ticketBalance(x, by, c)
			continue
		}
		name, ok := x.ownerName(c.pay)
		if !ok {
			continue
		}
		b := by[name]
		need := c.need()
		field := &b.Spendable
		switch {
		case confs < need && c.source == FromCoinbase:
			field = &b.ImmatureCoinbase
		case confs < need:
			field = &b.ImmatureStake
		case confs < minConf:
			field = &b.Unconfirmed
		}
		*field += amountOf(c.amount)
		b.Total += amountOf(c.amount)
		by[name] = b
	}
	return by
}

// need returns how many confirmations a coin needs on simnet.
func (c *coin) need() int64 {
	if c.aged {
		return 16
	}
	return map[Source]int64{FromPayment: 0, FromChange: 1, FromCoinbase: 16, FromVote: 16, FromRevocation: 16, FromTreasury: 16}[c.source]
}

func (w *world) ticketBalance(x *Wallet, by map[string]Balance, c coin) {
	tracked := false
	for i := 1; i < len(c.ticket.TxOut); i += 2 {
		script := c.ticket.TxOut[i].PkScript
		if name, ok := x.ownerName(txn.CommittedScript(script)); ok {
			b := by[name]
			b.LockedByTickets += amountOf(committedAmount(script))
			b.Total += amountOf(committedAmount(script))
			by[name] = b
			tracked = true
		}
	}
	if name, ok := x.ownerName(c.pay); ok && tracked {
		b := by[name]
		b.VotingAuthority += amountOf(c.amount)
		by[name] = b
	}
}

// ownerName returns the account that a script belongs to, looking at nothing
// but the list of scripts.
func (x *Wallet) ownerName(pay []byte) (string, bool) {
	s := x.store.Now()
	for i := range s.Scripts {
		if string(s.Scripts[i].Pay) == string(pay) {
			return s.AccountName(s.Scripts[i].Account), true
		}
	}
	return "", false
}
