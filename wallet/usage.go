package wallet

import (
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// ownerAt returns the function that finds the watched script of a payment in a
// block of a height, if it was born by then.
func (w *Wallet) ownerAt(s *state.Snapshot, h consensus.Height) func(pay []byte) (uint32, bool) {
	return func(pay []byte) (uint32, bool) {
		n, ok := w.store.Find(pay)
		return n, ok && n < s.Count() && s.Birth(n) <= h
	}
}

// owner returns the function that finds the watched script of a payment.
func (w *Wallet) owner(s *state.Snapshot) func(pay []byte) (uint32, bool) {
	return func(pay []byte) (uint32, bool) {
		n, ok := w.store.Find(pay)
		return n, ok && n < s.Count()
	}
}

// usage marks the addresses that blocks pay as used.
func (w *Wallet) usage(s *state.Snapshot, blocks []chain.Block) error {
	for i := range blocks {
		b := &blocks[i]
		owner := w.ownerAt(s, b.Height)
		err := txn.EachTx(b.Msg, func(_ Place, tx *wire.MsgTx, kind Kind) error {
			e := txn.Examine(tx, kind, owner)
			s.Use(&e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// effectsOf returns what an unmined transaction means to a wallet. It must not be changed.
func (w *Wallet) effectsOf(s *state.Snapshot, u *ledger.Unmined) *txn.Effects {
	return u.Effects(s.Count(), w.owner(s))
}
