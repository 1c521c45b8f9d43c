package wallet

import (
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// ownerAt returns the function that finds the watched script of a payment in a
// block of a height, if it was born by then.
func (w *Wallet) ownerAt(s *snapshot, h consensus.Height) func(pay []byte) (uint32, bool) {
	return func(pay []byte) (uint32, bool) {
		n, ok := w.find(pay)
		return n, ok && n < s.count() && s.birth(n) <= h
	}
}

// owner returns the function that finds the watched script of a payment.
func (w *Wallet) owner(s *snapshot) func(pay []byte) (uint32, bool) {
	return func(pay []byte) (uint32, bool) {
		n, ok := w.find(pay)
		return n, ok && n < s.count()
	}
}

// use marks the addresses that a transaction pays as used. The accounts of the
// snapshot must be its own.
func (s *snapshot) use(e *effects) {
	for _, list := range [][]credited{e.credits, e.commitments} {
		for _, c := range list {
			if c.script == nobody {
				continue // a voting right is not what an address is found by
			}
			sc := &s.scripts[c.script]
			if sc.account == ImportedAccount {
				continue
			}
			window := &s.accounts[sc.account].Branches[sc.branch]
			*window = window.use(sc.index)
		}
	}
}

// usage marks the addresses that blocks pay as used.
func (w *Wallet) usage(s *snapshot, blocks []chain.Block) error {
	for i := range blocks {
		b := &blocks[i]
		owner := w.ownerAt(s, b.Height)
		err := eachTx(b.Msg, func(_ Place, tx *wire.MsgTx, kind Kind) error {
			e := examine(tx, kind, owner)
			s.use(&e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachTx calls fn for the transactions of a block in the order the chain
// applies them, until it fails. The heights of the places are zero.
func eachTx(b *wire.MsgBlock, fn func(p Place, tx *wire.MsgTx, kind Kind) error) error {
	if b == nil {
		return nil
	}
	for i, tx := range b.STransactions {
		p := Place{Tree: wire.TxTreeStake, Index: uint32(i)}
		if err := fn(p, tx, kindAt(p, tx)); err != nil {
			return err
		}
	}
	for i, tx := range b.Transactions {
		p := Place{Tree: wire.TxTreeRegular, Index: uint32(i)}
		if err := fn(p, tx, kindAt(p, tx)); err != nil {
			return err
		}
	}
	return nil
}
