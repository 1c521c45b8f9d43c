package apply

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Reasons why a block is invalid.
var (
	errSpentTwice = errors.New("it spends an output that a transaction before it spends")
	errMinedTwice = errors.New("a block before it holds it too")
	errInflates   = errors.New("it pays more than it spends")
)

// errAhead means that the books hold a transaction above the blocks of an update that
// contradicts one in these: the chain was left somewhere between.
var errAhead = errors.New("the books are of another branch")

// validate checks a transaction of a block by all rules that the wallet can judge: that
// it is not mined twice, and that the inputs that spend the wallet's outputs are the only
// ones to do so, are signed, and are worth what it pays if they are all. What is in
// the books at the same place was checked before. Again says that a disapproved block holds it
// too. The error is a [*consensus.InvalidBlock],
// errAhead, or one of the file.
func (a *application) validate(s *state.Snapshot, m *ledger.Mined, e *txn.Effects) (again bool, err error) {
	if txn.KindAt(m.Place, m.Tx) == txn.Coinbase {
		return false, nil
	}
	places, err := ledger.PlacesOf(a.tx, &m.Hash)
	if err != nil {
		return false, err
	}
	for _, p := range places {
		switch {
		case p == m.Place:
		case ledger.Void(a.tx, p):
			again = true
		default:
			if _, err := provenAt(a.tx, p, m.Hash); err != nil {
				return false, err
			}
			return false, a.invalid(m, p, errMinedTwice)
		}
	}
	var in dcrutil.Amount
	known := 0
	for _, sp := range e.Spends {
		c, ok, err := ledger.GetCredit(a.tx, sp.Prev)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		in, known = in+c.Amount, known+1
		if err := a.validateSpend(s, m, sp, c); err != nil {
			return false, err
		}
	}
	var out dcrutil.Amount
	for _, o := range m.Tx.TxOut {
		out += dcrutil.Amount(o.Value)
	}
	if txn.KindAt(m.Place, m.Tx) == txn.Regular && known == len(m.Tx.TxIn) && out > in {
		return false, &consensus.InvalidBlock{Block: m.Id(), Tx: m.Hash, Reason: fmt.Errorf("%w: %v for %v", errInflates, out, in)}
	}
	return again, nil
}

// validateSpend checks an input that spends an output of the wallet.
func (a *application) validateSpend(s *state.Snapshot, m *ledger.Mined, sp txn.Spent, c ledger.Credit) error {
	prev, err := provenAt(a.tx, c.Place, sp.Prev.Hash)
	if err != nil {
		return err
	}
	if int(sp.Prev.Index) >= len(prev.Tx.TxOut) || c.Source != txn.FromTicket && int64(c.Amount) != prev.Tx.TxOut[sp.Prev.Index].Value {
		return fmt.Errorf("output %s: %w", sp.Prev, rows.ErrCorrupt)
	}
	by, spent, err := ledger.GetSpender(a.tx, sp.Prev)
	switch {
	case err != nil:
		return err
	case spent && by.Place == m.Place:
		return nil
	case spent:
		if err := a.spends(by, sp.Prev); err != nil {
			return err
		}
		return a.invalid(m, by.Place, fmt.Errorf("input %d: %w", sp.Input, errSpentTwice))
	}
	if c.Source == txn.FromTicket {
		if _, ours := txn.Voter(prev.Tx, a.store.OwnerAt(s, c.Place.Height)); !ours {
			return nil
		}
	}
	if err := txn.VerifyMined(m.Tx, sp.Input, prev.Tx.TxOut[sp.Prev.Index]); err != nil {
		return &consensus.InvalidBlock{Block: m.Id(), Tx: m.Hash, Reason: fmt.Errorf("input %d: %w", sp.Input, err)}
	}
	return nil
}

// validateVoid checks the signatures of a transaction in a block that was disapproved of, where it
// spends outputs of the wallet, also those of other such blocks: the block must be valid all the
// same, and the transaction may be mined again. What else spends its inputs is no matter there. The
// errors are those of validate.
func (a *application) validateVoid(s *state.Snapshot, m *ledger.Mined) error {
	for i, in := range m.Tx.TxIn {
		op := in.PreviousOutPoint
		places, err := ledger.PlacesOf(a.tx, &op.Hash)
		if err != nil {
			return err
		}
		if len(places) == 0 {
			continue
		}
		prev, err := provenAt(a.tx, places[0], op.Hash)
		if err != nil {
			return err
		}
		e := txn.Examine(prev.Tx, txn.KindAt(prev.Place, prev.Tx), a.store.Owner(s))
		if !slices.ContainsFunc(e.Credits, func(c txn.Credited) bool { return c.Index == op.Index }) {
			continue
		}
		if err := txn.VerifyMined(m.Tx, uint32(i), prev.Tx.TxOut[op.Index]); err != nil {
			return &consensus.InvalidBlock{Block: m.Id(), Tx: m.Hash, Reason: fmt.Errorf("input %d: %w", i, err)}
		}
	}
	return nil
}

// provenAt returns the transaction of a hash at a place of the books. A block is found invalid
// by it: so its hash is computed, and damage to the file condemns no block.
func provenAt(tx *bolt.Tx, p txn.Place, hash chainhash.Hash) (*ledger.Mined, error) {
	m, err := ledger.GetMined(tx, p)
	if err != nil || m == nil || m.Tx.TxHash() != hash {
		return nil, fmt.Errorf("transaction %s: %w", hash, cmp.Or(err, rows.ErrCorrupt))
	}
	return m, nil
}

// spends checks that the transaction that the books name as the spender of an output spends
// it. The error is rows.ErrCorrupt.
func (a *application) spends(by ledger.Spender, prev wire.OutPoint) error {
	m, err := ledger.GetMined(a.tx, by.Place)
	if err == nil && m != nil && int(by.Input) < len(m.Tx.TxIn) && m.Tx.TxHash() == m.Hash {
		if in := m.Tx.TxIn[by.Input].PreviousOutPoint; in.Hash == prev.Hash && in.Index == prev.Index {
			return nil
		}
	}
	return fmt.Errorf("spender of %s: %w", prev, cmp.Or(err, rows.ErrCorrupt))
}

// invalid returns why of two transactions, in blocks of one chain, the block of the later
// one is invalid. If the other one is above the blocks that are searched again, it may
// be on a branch that was left, and nothing is proven.
func (a *application) invalid(m *ledger.Mined, other txn.Place, why error) error {
	if other.Height > m.Place.Height {
		a.left = other.Height
		return errAhead
	}
	return &consensus.InvalidBlock{Block: m.Id(), Tx: m.Hash, Reason: why}
}
