package wallet

import (
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/txn"
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
func (s *snapshot) use(e *txn.Effects) {
	for _, list := range [][]txn.Credited{e.Credits, e.Commitments} {
		for _, c := range list {
			if c.Script == txn.NoScript {
				continue // a voting right is not what an address is found by
			}
			sc := &s.scripts[c.Script]
			if sc.account == ImportedAccount {
				continue
			}
			window := &s.accounts[sc.account].Branches[sc.branch]
			*window = window.Use(sc.index)
		}
	}
}

// usage marks the addresses that blocks pay as used.
func (w *Wallet) usage(s *snapshot, blocks []chain.Block) error {
	for i := range blocks {
		b := &blocks[i]
		owner := w.ownerAt(s, b.Height)
		err := txn.EachTx(b.Msg, func(_ Place, tx *wire.MsgTx, kind Kind) error {
			e := txn.Examine(tx, kind, owner)
			s.use(&e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// effectsOf returns what an unmined transaction means to a wallet. It must not be changed.
func (w *Wallet) effectsOf(s *snapshot, u *ledger.Unmined) *txn.Effects {
	return u.Effects(s.count(), w.owner(s))
}
