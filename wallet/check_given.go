package wallet

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// checkGiven checks the rows that no chain has: what the wallet watches, and what its users
// have written. It derives the scripts of all accounts again.
func (w *Wallet) checkGiven(ctx context.Context, tx *bolt.Tx, s *state.Snapshot) error {
	return cmp.Or(
		checkWindows(s),
		w.checkScripts(ctx, s),
		checkImported(ctx, tx, s),
		rows.Each(tx.Bucket(state.PreimagesBucket), func(k, v []byte) error { return checkPreimage(s, k, v) }),
		rows.Each(tx.Bucket(state.LabelsBucket), w.checkLabelRow),
		rows.Each(tx.Bucket(ledger.LocksBucket), func(k, v []byte) error {
			_, err := ledger.DecodeLock(k, v)
			return err
		}),
		ledger.CheckReserved(tx),
		ifAny(tx.Bucket(ledger.KeptBucket), checkKept),
		checkBirthdayUndos(tx, s))
}

// checkScripts derives the scripts of all accounts, and compares them with those that are
// watched.
func (w *Wallet) checkScripts(ctx context.Context, s *state.Snapshot) error {
	net := w.cfg.Params.ChainParams
	for i := range s.Accounts {
		a := &s.Accounts[i]
		for branch := range a.Branches {
			key, err := hd.BranchKey(net, a.Xpub, uint32(branch))
			if err != nil {
				return fmt.Errorf("account %q: %w", a.Name, err)
			}
			for n := range s.Scripts {
				sc := &s.Scripts[n]
				if sc.Account != a.Number || sc.Branch != uint32(branch) {
					continue
				}
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				pay, err := hd.Script(net, key, sc.Index)
				if err != nil || !bytes.Equal(pay, sc.Pay) {
					return fmt.Errorf("script %d is not address %d of branch %d of account %q: %w", n, sc.Index, branch, a.Name, cmp.Or(err, ErrCorrupt))
				}
			}
		}
	}
	return nil
}

// checkImported compares imported scripts with what pays them. A script that is damaged is paid by
// none of the outputs that two rows each say to pay it. That is no damage to rows that follow from
// the chain, though these contradict the script: a rescan would look for another one.
func checkImported(ctx context.Context, tx *bolt.Tx, s *state.Snapshot) error {
	for n := range s.Scripts {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if s.Scripts[n].Account != state.ImportedAccount {
			continue
		}
		said, paid := false, false
		_ = ledger.PaymentsOf(tx, uint32(n), func(p ledger.Payment) error { // rows that are damaged are of no use here
			m, err := ledger.GetMined(tx, p.Place)
			if err != nil || m == nil || int(p.Index) >= len(m.Tx.TxOut) {
				return nil
			}
			c, ok, err := ledger.GetCredit(tx, wire.OutPoint{Hash: m.Hash, Index: p.Index})
			if err != nil || !ok || c.Script != uint32(n) || c.Place != p.Place {
				return nil
			}
			said = true
			if paid = bytes.Equal(txn.Untag(m.Tx.TxOut[p.Index].PkScript), s.Scripts[n].Pay); paid {
				return errPaid
			}
			return nil
		})
		if said && !paid {
			return fmt.Errorf("script %d is not what the outputs pay that are said to pay it: %w", n, ErrCorrupt)
		}
	}
	return nil
}

// errPaid ends a walk over payments.
var errPaid = errors.New("it is paid")

// checkPreimage checks that a row of the preimages bucket is what its script has the hash of, or
// the public key in it.
func checkPreimage(s *state.Snapshot, k, v []byte) error {
	r := rows.Row{Rest: k}
	n := r.U32()
	if r.Done() != nil || n >= s.Count() || len(v) == 0 || !bytes.Contains(s.Scripts[n].Pay, stdaddr.Hash160(v)) && !bytes.Contains(s.Scripts[n].Pay, v) {
		return fmt.Errorf("redeem script or public key %x: %w", k, ErrCorrupt)
	}
	return nil
}

// checkLabelRow checks that a row of the labels bucket is one that SetLabel makes.
func (w *Wallet) checkLabelRow(k, v []byte) error {
	key, err := w.labelKey(string(k))
	if err != nil || !bytes.Equal(key, k) || len(v) == 0 || checkLabel(string(v)) != nil {
		return fmt.Errorf("label %x: %w", k, ErrCorrupt)
	}
	return nil
}

// checkKept checks that a row of the kept bucket is a transaction hash.
func checkKept(k, v []byte) error {
	if len(k) != chainhash.HashSize || len(v) != 0 {
		return fmt.Errorf("transaction %x that is kept: %w", k, ErrCorrupt)
	}
	return nil
}

// checkBirthdayUndos checks that what rescans give back names accounts and scripts that exist.
func checkBirthdayUndos(tx *bolt.Tx, s *state.Snapshot) error {
	b := tx.Bucket(state.BirthdayUndoBucket)
	if b == nil {
		return nil
	}
	return rows.Each(b, func(k, v []byte) error {
		r := rows.Row{Rest: k}
		r.U32() // a job, which may be one that is being forgotten
		l, err := state.DecodeBirthdayUndo(r.Rest, v)
		if err != nil || r.Bad || l.Script && l.Number >= s.Count() || !l.Script && int(l.Number) >= len(s.Accounts) {
			return fmt.Errorf("birthday %x that was lowered: %w", k, ErrCorrupt)
		}
		return nil
	})
}
