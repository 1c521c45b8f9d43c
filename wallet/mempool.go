package wallet

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// addTx records an unmined transaction, relayed or published. Blocks from
// the height mined on may hold it. It reports whether the transaction concerns the wallet. Transactions that only
// exist in the block they were made for, like votes, never do.
//
// Inputs that spend outputs of the wallet must be signed rightly, so that only
// the holder of the keys can make its coins look spent. Nothing else about a relayed
// transaction is certain: its other inputs may not even exist. The errors are
// ErrBadTransaction, ErrExpired, ErrDoubleSpend, ErrPoolFull, and of what is
// published ErrImmature.
func (w *Wallet) addTx(ctx context.Context, msg *wire.MsgTx, from Origin, mined consensus.Height) (ours bool, err error) {
	u := ledger.NewUnmined(msg.TxHash(), msg, w.cfg.Now(), from)
	u.MinedFrom = mined
	return w.addUnmined(ctx, u)
}

func (w *Wallet) addUnmined(ctx context.Context, u *ledger.Unmined) (ours bool, err error) {
	if err := standalone.CheckTransactionSanity(u.Tx, uint64(w.cfg.Params.ChainParams.MaxTxSize)); err != nil {
		return false, fmt.Errorf("add transaction %s: %w: %w", u.Hash, ErrBadTransaction, err)
	}
	if txn.MinedOnly(u.Kind) {
		return false, nil
	}
	err = w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		q := newQuery(w, tx, s)
		known, changed, err := q.known(u)
		if known || err != nil {
			ours = known
			if !changed {
				s = nil
			}
			return s, err
		}
		if !slices.ContainsFunc(txn.PrevOuts(u.Tx), func(op wire.OutPoint) bool { return q.pool.ByHash[op.Hash] != nil }) {
			if err := w.applier.AgeOut(tx, s); err != nil { // not what it spends from
				return nil, err
			}
		}
		ours, err = q.admit(u)
		if err != nil || !ours {
			return nil, err
		}
		return s, q.pool.Put(tx, u)
	})
	if err != nil {
		return false, fmt.Errorf("add transaction %s: %w", u.Hash, err)
	}
	return ours, nil
}

// known reports whether a transaction is known already. One that was relayed
// before it is published counts as published from then on, with the witness that the
// user gave it. One that peers of two networks agree upon gets the witness of those.
func (q *query) known(u *ledger.Unmined) (known, changed bool, err error) {
	places, err := ledger.PlacesOf(q.tx, &u.Hash)
	if err != nil {
		return false, false, err
	}
	for _, p := range places {
		if !ledger.Void(q.tx, p) {
			return true, false, nil
		}
	}
	old := q.pool.ByHash[u.Hash]
	switch {
	case old == nil:
		return false, false, nil
	case u.Origin == Published && old.Origin == Relayed, u.Origin == Relayed && old.Origin == Relayed && u.Agreed && !old.Agreed:
		if _, err := q.verify(u, q.w.store.Effects(q.s, u)); err != nil {
			return false, false, err
		}
		next := old.As(u.Tx, u.Origin)
		next.Agreed, next.Spends = old.Agreed || u.Agreed, u.Spends
		return true, true, q.pool.Put(q.tx, next)
	case u.Origin == Published && old.Origin != Published:
		return true, true, q.pool.Put(q.tx, old.As(old.Tx, Published))
	}
	return true, false, nil
}

// admit decides whether a new transaction is the wallet's and can be mined, as
// far as the wallet can tell. It drops relayed rivals of a published one.
func (q *query) admit(u *ledger.Unmined) (bool, error) {
	ours, err := q.verify(u, q.w.store.Effects(q.s, u))
	if err != nil || !ours {
		return false, err
	}
	if txn.Expired(u.Tx, q.s.Tip.Height+1) {
		return false, fmt.Errorf("%w: its expiry is %d and the tip %d", ErrExpired, u.Tx.Expiry, q.s.Tip.Height)
	}
	if u.Origin == Published {
		if err := q.mature(u.Tx); err != nil {
			return false, err
		}
	}
	if err := q.yield(u); err != nil {
		return false, err
	}
	return true, q.makeRoom(u)
}

// mature refuses a transaction that spends a mined output of the wallet before its
// maturity. Nodes drop such a transaction without a word.
func (q *query) mature(msg *wire.MsgTx) error {
	for _, op := range txn.PrevOuts(msg) {
		c, ok, err := ledger.GetCredit(q.tx, op)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		m, err := ledger.GetMined(q.tx, c.Place)
		if err != nil || m == nil {
			return fmt.Errorf("output %s: %w", op, cmp.Or(err, ErrCorrupt))
		}
		need := txn.Maturity(c.Source, m.Tx, q.w.cfg.Params.ChainParams)
		if confirmations(c.Place.Height, q.s.Tip.Height) < need {
			return fmt.Errorf("%w: %s can be from block %d on", ErrImmature, op, int64(c.Place.Height)+need)
		}
	}
	return nil
}

// yield makes room for a transaction among those that spend the same outputs,
// or refuses it.
func (q *query) yield(u *ledger.Unmined) error {
	for _, op := range txn.PrevOuts(u.Tx) {
		by, spent, err := ledger.GetSpender(q.tx, op)
		if err != nil {
			return err
		}
		if spent {
			return fmt.Errorf("%w: %s is spent in block %d", ErrDoubleSpend, op, by.Place.Height)
		}
	}
	rivals := q.pool.Rivals(u.Hash, u.Tx)
	for _, rival := range rivals {
		if u.Origin != Published || q.pool.ByHash[rival].Origin != Relayed {
			return fmt.Errorf("%w: unmined transaction %s spends the same", ErrDoubleSpend, rival)
		}
	}
	for _, rival := range rivals {
		if err := ledger.PutConflict(q.tx, rival, u.Hash); err != nil {
			return err
		}
		if err := q.pool.Drop(q.tx, rival); err != nil {
			return err
		}
	}
	return nil
}

// verify reports whether a transaction concerns the wallet, and checks the
// inputs that spend what it has. What a relayed one says such an input to be worth
// has to be true: nodes compare it.
func (q *query) verify(u *ledger.Unmined, e *txn.Effects) (bool, error) {
	ours, known, in := e.Received(), 0, dcrutil.Amount(0)
	for _, sp := range e.Spends {
		out, mine, err := q.spentOutput(sp.Prev)
		if err != nil {
			return false, err
		}
		if !mine {
			continue
		}
		ours, u.Spends = true, true
		known++
		in += dcrutil.Amount(out.Value)
		err = txn.VerifyRelayed(u.Tx, sp.Input, out)
		if stated := u.Tx.TxIn[sp.Input].ValueIn; err == nil && u.Origin == Relayed && q.w.cfg.RelayFee >= 0 && stated != out.Value {
			err = fmt.Errorf("it is worth %d atoms, not %d", out.Value, stated)
		}
		if err != nil {
			return false, fmt.Errorf("%w: input %d: %w", ErrBadTransaction, sp.Input, err)
		}
	}
	var out dcrutil.Amount
	for _, o := range u.Tx.TxOut {
		out += dcrutil.Amount(o.Value)
	}
	if known == len(u.Tx.TxIn) && out > in {
		return false, fmt.Errorf("%w: it pays %s and spends %s", ErrBadTransaction, out, in)
	}
	return ours, nil
}

// spentOutput returns an output of the wallet, mined or not, spent or not.
func (q *query) spentOutput(op wire.OutPoint) (*wire.TxOut, bool, error) {
	var parent *wire.MsgTx
	c, ok, err := q.prevOut(op)
	switch {
	case err != nil || !ok:
		return nil, false, err
	case q.pool.ByHash[op.Hash] != nil:
		parent = q.pool.ByHash[op.Hash].Tx
	default:
		m, err := ledger.GetMined(q.tx, c.Place)
		if err != nil || m == nil {
			return nil, false, cmp.Or(err, ErrCorrupt)
		}
		parent = m.Tx
	}
	if int(op.Index) >= len(parent.TxOut) {
		return nil, false, fmt.Errorf("output %s: %w", op, ErrCorrupt)
	}
	return parent.TxOut[op.Index], true, nil
}

// Abandon forgets an unmined transaction, and all that spend its outputs. It
// may come back if it is relayed or mined. The errors are ErrNoTransaction and
// ErrMined.
func (w *Wallet) Abandon(ctx context.Context, hash chainhash.Hash) error {
	err := w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		q := newQuery(w, tx, s)
		if q.pool.ByHash[hash] != nil {
			if err := q.pool.Drop(tx, hash); err != nil {
				return nil, err
			}
			return s, w.applier.Revive(tx, s.Tip.Height)
		}
		t, err := q.transaction(hash)
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w, at height %d", ErrMined, t.Place.Height)
	})
	if err != nil {
		return fmt.Errorf("abandon transaction %s: %w", hash, err)
	}
	return nil
}
