package store

import (
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// OwnerAt returns the function that finds the watched script of a payment in a
// block of a height, if it was born by then.
func (s *Store) OwnerAt(of *state.Snapshot, h consensus.Height) func(pay []byte) (uint32, bool) {
	return func(pay []byte) (uint32, bool) {
		n, ok := s.Find(pay)
		return n, ok && n < of.Count() && of.Birth(n) <= h
	}
}

// Owner returns the function that finds the watched script of a payment.
func (s *Store) Owner(of *state.Snapshot) func(pay []byte) (uint32, bool) {
	return func(pay []byte) (uint32, bool) {
		n, ok := s.Find(pay)
		return n, ok && n < of.Count()
	}
}

// Effects returns what an unmined transaction means to a wallet. It must not be changed.
func (s *Store) Effects(of *state.Snapshot, u *ledger.Unmined) *txn.Effects {
	return u.Effects(of.Count(), s.Owner(of))
}

// Touched returns the numbers of the scripts that a transaction pays or commits to,
// and of those whose outputs it spends. It reads no more than it has to: most
// relayed transactions do not concern the wallet.
func (s *Store) Touched(tx *bolt.Tx, of *state.Snapshot, msg *wire.MsgTx) ([]uint32, error) {
	var numbers []uint32
	pool := s.Pool(tx, of)
	add := func(list []txn.Credited, wanted func(c txn.Credited) bool) {
		for _, c := range list {
			if c.Script != txn.NoScript && wanted(c) {
				numbers = append(numbers, c.Script)
			}
		}
	}
	e := txn.Examine(msg, txn.KindOf(msg), s.Owner(of))
	each := func(txn.Credited) bool { return true }
	add(e.Credits, each)
	add(e.Commitments, each)
	for _, sp := range e.Spends {
		c, mined, err := ledger.GetCredit(tx, sp.Prev)
		if err != nil {
			return nil, err
		}
		if mined && c.Script != txn.NoScript {
			numbers = append(numbers, c.Script)
		}
		if parent := pool.ByHash[sp.Prev.Hash]; parent != nil {
			add(s.Effects(of, parent).Credits, func(c txn.Credited) bool { return c.Index == sp.Prev.Index })
		}
	}
	return numbers, nil
}
