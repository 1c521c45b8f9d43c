package wallet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// ImportWallet adds what an export holds to the wallet of a name, which is created with the
// export's birthday if there is none: all of it or, with an error, none. Labels that the wallet
// has stay. The errors are ErrBadExport, ErrDuplicate for an account that is
// there already, ErrFull, and those of ImportXpub, ImportScript, SetLabel and Create.
func (s *Set) ImportWallet(ctx context.Context, name string, e *Export) error {
	if e.Network != s.cfg.Params.ChainParams.Name {
		return badExport("it is not of %s, the network of this wallet", s.cfg.Params.ChainParams.Name)
	}
	if err := e.Birthday.Validate(); err != nil {
		return badExport("%v", err)
	}
	_, err := s.Open(name)
	made := errors.Is(err, ErrNoWallet)
	if made {
		_, err = s.Create(name, &e.Birthday)
	}
	if err != nil {
		return err
	}
	w, err := s.Wallet(name)
	if err != nil {
		return err
	}
	if err = w.restore(ctx, e); err != nil && made {
		err = errors.Join(err, s.discard(name, w))
	}
	return err
}

// badExport returns an ErrBadExport that says what is wrong.
func badExport(format string, operands ...any) error {
	return fmt.Errorf("%w: %s", ErrBadExport, fmt.Sprintf(format, operands...))
}

// restore adds what an export holds.
func (w *Wallet) restore(ctx context.Context, e *Export) error {
	err := w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		r := restoring{w: w, tx: tx, s: s.WithAccounts(), fresh: make(map[string]bool)}
		for i := range e.Accounts {
			if err := r.account(&e.Accounts[i]); err != nil {
				return nil, fmt.Errorf("account %d of %d: %w", i+1, len(e.Accounts), err)
			}
		}
		if s.Count() < r.s.Count() {
			r.s.Imports++
			r.s.ImportJob(s.Count(), w.seconds())
		}
		if err := cmp.Or(r.scripts(e.Scripts), r.labels(e.Labels), r.locks(e.Locks)); err != nil {
			return nil, err
		}
		return w.edit(tx).Stretch(r.s, birthday.Born{})
	})
	if err != nil {
		return fmt.Errorf("import wallet: %w", err)
	}
	return nil
}

// restoring is an import of an export: a snapshot, whose accounts are its own, that grows.
type restoring struct {
	w     *Wallet
	tx    *bolt.Tx
	s     *state.Snapshot
	fresh map[string]bool // the scripts that accounts have added
}

// account adds an account with what it watches.
func (r *restoring) account(e *ExportedAccount) error {
	key, err := hd.ParseXpub(r.w.cfg.Params.ChainParams, e.Xpub)
	if err := cmp.Or(err, state.CheckName(e.Name)); err != nil {
		return err
	}
	if e.Gap == 0 || e.Gap > hd.MaxGap {
		return ErrGapLimit
	}
	a := state.Account{Number: uint32(len(r.s.Accounts)), Name: e.Name, Xpub: key.String(), Gap: e.Gap}
	for i := range r.s.Accounts {
		switch old := &r.s.Accounts[i]; {
		case old.Name == a.Name:
			return errNameTaken
		case old.Xpub == a.Xpub:
			return fmt.Errorf("%w: account %q has this key", ErrDuplicate, old.Name)
		}
	}
	if a.Born, err = r.born(&e.Born); err != nil {
		return err
	}
	for i, b := range e.Branches {
		if b.Issued > state.MaxScripts || b.Used > state.MaxScripts {
			return badExport("branch %d has used more addresses than there can be", i)
		}
		a.Branches[i], a.Covered[i] = b.Window, b.Covered(a.Gap)
	}
	r.s.Accounts = append(r.s.Accounts, a)
	for i := range e.Branches {
		if err := r.branch(a.Number, uint32(i), &e.Branches[i]); err != nil {
			return fmt.Errorf("branch %d: %w", i, err)
		}
	}
	return nil
}

// branch adds the addresses of a branch of an account.
func (r *restoring) branch(number, branch uint32, e *ExportedBranch) error {
	if uint64(e.Watched)+uint64(r.s.Count()) > uint64(r.w.cfg.maxScripts) {
		return ErrFull
	}
	for index := range e.Late {
		if index >= e.Watched {
			return badExport("address %d has a birthday and is not watched", index)
		}
	}
	a := &r.s.Accounts[number]
	derived, err := state.Derive(r.w.cfg.Params.ChainParams, a, branch, e.Watched)
	if err != nil {
		return err
	}
	for i := range derived {
		sc := &derived[i]
		if r.fresh[string(sc.Pay)] {
			return badExport("another account has address %d", sc.Index)
		}
		r.fresh[string(sc.Pay)] = true
		if late, ok := e.Late[sc.Index]; ok && sc.Index >= a.Covered[branch] {
			if sc.Born, err = r.born(&late); err != nil {
				return fmt.Errorf("address %d: %w", sc.Index, err)
			}
			if sc.Born == (birthday.Born{}) {
				sc.Born = birthday.AtHeight(1) // zero would be that of the account
			}
		}
	}
	a.Watched[branch] = e.Watched
	if derived, err = r.w.edit(r.tx).Adopt(r.s, a, derived); err != nil {
		return err
	}
	r.s = r.s.Grow(derived)
	return nil
}

// born returns a birthday as it is kept.
func (r *restoring) born(e *Born) (birthday.Born, error) {
	if e.Height < 0 || e.From < 0 || e.After.Height < 0 {
		return birthday.Born{}, badExport("a birthday is below the first block")
	}
	b := birthday.AtHeight(e.Height)
	if !e.Date.IsZero() {
		if err := (Birthday{Time: e.Date}).Validate(); err != nil {
			return birthday.Born{}, badExport("%v", err)
		}
		b.Date = uint32(e.Date.Unix())
		if r.s.Birthdays.Date(b.Date) == birthday.Unborn {
			said := e.From
			if at, ok := remembered.At(r.s.Blocks, said); ok && e.FromHash != (chainhash.Hash{}) && at.Hash != e.FromHash {
				said = consensus.Never // it was of another branch
			}
			r.s.Birthdays.SetDate(b.Date, birthday.FirstAsSaid(b.Date, said, r.s.Blocks))
		}
	}
	if e.After.Hash != (chainhash.Hash{}) {
		after := r.s.Birthdays.KeepAfter(e.After, r.s.Tip.Height, r.s.Blocks)
		b.After, b.Height = after.After, min(b.Height, after.Height)
	}
	switch {
	case b == birthday.AtHeight(birthday.Unborn):
		return birthday.Born{}, badExport("a birthday is missing")
	case b.Height == 0:
		return birthday.Born{}, nil
	}
	return b, nil
}

// scripts adds scripts that belong to no account, as importAll does, and begins the search for
// all that was added.
func (r *restoring) scripts(list []ExportedScript) error {
	i := newImporting(r.w, r.tx, r.s)
	for n := range list {
		at, err := r.single(&list[n])
		if err == nil {
			_, _, _, err = i.add(single{pays: [][]byte{list[n].Script}, preimage: list[n].Preimage}, at)
		}
		if err != nil {
			return fmt.Errorf("script %d of %d: %w", n+1, len(list), err)
		}
	}
	if uint64(i.old)+uint64(len(i.more)) > uint64(r.w.cfg.maxScripts) {
		return ErrFull
	}
	r.s = i.end()
	return nil
}

// single checks a script that belongs to no account, and returns its birthday.
func (r *restoring) single(e *ExportedScript) (birthday.Born, error) {
	switch pay := e.Script; {
	case len(pay) == 0 || len(pay) > txscript.MaxScriptSize:
		return birthday.Born{}, fmt.Errorf("%w: it has %d bytes", ErrBadScript, len(pay))
	case r.fresh[string(pay)]:
		return birthday.Born{}, badExport("an account of it has this script")
	case len(e.Preimage) > 0 && !bytes.Contains(pay, stdaddr.Hash160(e.Preimage)) && !bytes.Contains(pay, e.Preimage):
		return birthday.Born{}, badExport("what is said to hash to it does not")
	}
	return r.born(&e.Born)
}

// labels adds the labels that are not there yet.
func (r *restoring) labels(labels map[string]string) error {
	b := r.tx.Bucket(state.LabelsBucket)
	for subject, text := range labels {
		key, err := r.w.labelKey(subject)
		if err := cmp.Or(err, checkLabel(text)); err != nil {
			return fmt.Errorf("label: %w", err)
		}
		if text == "" || b.Get(key) != nil {
			continue
		}
		if err := b.Put(key, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// locks adds locks and reservations.
func (r *restoring) locks(list []LockedOutput) error {
	for _, l := range list {
		if l.Tree != 0 && l.Tree != 1 {
			return badExport("output %s is in tree %d", l.OutPoint, l.Tree)
		}
		name, row := ledger.LocksBucket, []byte{byte(l.Tree)}
		if !l.Until.IsZero() {
			if l.Until.Unix() < 0 {
				return badExport("output %s is reserved until %v", l.OutPoint, l.Until)
			}
			name, row = ledger.ReservedBucket, binary.BigEndian.AppendUint64(row, uint64(l.Until.Unix()))
		}
		b, err := r.tx.CreateBucketIfNotExists(name)
		if err != nil {
			return err
		}
		if err := b.Put(rows.OutPointKey(l.OutPoint), row); err != nil {
			return err
		}
	}
	return nil
}
