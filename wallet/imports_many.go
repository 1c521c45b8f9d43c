package wallet

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Imported is what an import of many has done.
type Imported struct {
	New   int // were not watched before
	Known int // were; those may have become older
}

// ImportAddresses watches many addresses at once, each as ImportAddress does: all in one
// transaction, with one search for all, or with an error none. Addresses that are
// watched already are no error. The errors are those of ImportAddress but ErrDuplicate;
// they name the number of the address in the list, from one on, and not the address.
func (w *Wallet) ImportAddresses(ctx context.Context, addresses []string, birthday *Birthday) (Imported, error) {
	list := make([]single, len(addresses))
	for i, address := range addresses {
		addr, err := hd.ParseAddress(w.cfg.Params.ChainParams, address)
		if err != nil {
			return Imported{}, fmt.Errorf("import address %d of %d: %w", i+1, len(addresses), err)
		}
		list[i] = single{pays: hd.PayScripts(addr), preimage: publicKeyOf(addr)}
	}
	return w.importAll(ctx, list, birthday, false)
}

// ImportManyScripts watches many scripts at once: outputs with just these, as
// ImportScript does, or their hashes, as ImportRedeemScript does. It is all or none, as
// ImportAddresses is. The error is ErrBadScript.
func (w *Wallet) ImportManyScripts(ctx context.Context, scripts [][]byte, redeem bool, birthday *Birthday) (Imported, error) {
	list := make([]single, len(scripts))
	for i, script := range scripts {
		refuse := func() (Imported, error) {
			return Imported{}, fmt.Errorf("import script %d of %d, of %d bytes: %w", i+1, len(scripts), len(script), ErrBadScript)
		}
		if !redeem {
			pay := txn.Untag(script)
			if len(pay) == 0 || len(pay) > txscript.MaxScriptSize {
				return refuse()
			}
			list[i] = single{pays: [][]byte{bytes.Clone(pay)}}
			continue
		}
		if len(script) == 0 || len(script) > txscript.MaxScriptElementSize {
			return refuse()
		}
		addr, err := stdaddr.NewAddressScriptHashV0(script, w.cfg.Params.ChainParams)
		if err != nil {
			return refuse()
		}
		list[i] = single{pays: hd.PayScripts(addr), preimage: script}
	}
	return w.importAll(ctx, list, birthday, false)
}

// importAll watches scripts, and keeps what is known to hash to them. Those that are
// watched already become older, if they do. With refuse it is an error if that changes
// nothing.
func (w *Wallet) importAll(ctx context.Context, list []single, birthday *Birthday, refuse bool) (Imported, error) {
	var done Imported
	err := w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		i := newImporting(w, tx, s.WithAccounts())
		born, err := i.s.BirthdayFor(tx, birthday)
		if err != nil {
			return nil, err
		}
		changed := false
		var watched uint32 // one that is already, if any is
		for _, what := range list {
			new, n, c, err := i.add(what, born)
			if err != nil {
				return nil, err
			}
			changed = changed || c
			if new {
				done.New++
			} else {
				done.Known++
				watched = n
			}
		}
		if !changed {
			if refuse {
				return nil, duplicate(i.s, &i.s.Scripts[watched])
			}
			return nil, nil
		}
		if n := len(i.more); n > 0 && uint64(i.old)+uint64(n)+state.SpareScripts > uint64(w.cfg.maxScripts) {
			return nil, ErrFull
		}
		return i.end(), nil
	})
	if err != nil {
		return Imported{}, fmt.Errorf("import: %w", err)
	}
	return done, nil
}

// importing is an import: a snapshot, and what is to be added to it.
type importing struct {
	w    *Wallet
	tx   *bolt.Tx
	s    *state.Snapshot
	old  uint32 // how many scripts there were
	more []state.Script

	// numbers are those of more, by their bytes.
	numbers map[string]uint32

	// own says that the scripts of the snapshot are its own.
	own bool

	// What was watched before, and has become older, is searched for from the height
	// low on: the scripts from first on. So is what would be older were rescans canceled.
	low, keptLow     consensus.Height
	first, keptFirst uint32
}

// newImporting returns an import to a snapshot whose accounts are its own.
func newImporting(w *Wallet, tx *bolt.Tx, s *state.Snapshot) *importing {
	return &importing{w: w, tx: tx, s: s, old: s.Count(), numbers: make(map[string]uint32),
		low: birthday.Unborn, keptLow: birthday.Unborn, first: state.NoScripts, keptFirst: state.NoScripts}
}

// add adds what one import names. It reports whether a script of that is new, the number
// of one, and whether anything has changed.
func (i *importing) add(what single, born birthday.Born) (new bool, number uint32, changed bool, err error) {
	for _, pay := range what.pays {
		n, known := i.find(pay)
		switch {
		case !known:
			n = i.old + uint32(len(i.more))
			i.numbers[string(pay)] = n
			i.more = append(i.more, state.Script{Pay: pay, Account: ImportedAccount, Born: born})
			new = true
		case n < i.old:
			older, err := i.claim(n, born)
			if err != nil {
				return false, 0, false, err
			}
			changed = changed || older
		}
		put, err := putPreimage(i.tx, n, what.preimage)
		if err != nil {
			return false, 0, false, err
		}
		number, changed = n, changed || put || !known
	}
	if changed && what.label != "" {
		err = i.tx.Bucket(state.LabelsBucket).Put([]byte(what.address), []byte(what.label))
	}
	return new, number, changed, err
}

// find returns the number of a script that is watched, or will be.
func (i *importing) find(pay []byte) (uint32, bool) {
	if n, ok := i.w.store.Find(pay); ok {
		return n, true
	}
	n, ok := i.numbers[string(pay)]
	return n, ok
}

// claim makes a watched script, or its account, older, or both if both have a birthday.
func (i *importing) claim(n uint32, born birthday.Born) (bool, error) {
	of := i.s.Claimed(n)
	late := i.s.Scripts[n].Own()
	if (of.Script || late) && !i.own {
		i.s.Scripts, i.own = slices.Clone(i.s.Scripts), true
	}
	was, is, older, err := i.w.edit(i.tx).Age(i.s, of, born)
	i.older(was, is, i.s.First(&of))
	if !late || err != nil {
		return older, err
	}
	account := is
	was, is, itself, err := i.w.edit(i.tx).Age(i.s, state.BirthdayUndo{Script: true, Number: n}, born)
	if err == nil && itself {
		i.older(was, state.BirthHeights{Now: max(is.Now, account.Now), Kept: max(is.Kept, account.Kept)}, n)
	}
	return older || itself, err
}

// older makes the import search for scripts from a number on, which have become older.
func (i *importing) older(was, is state.BirthHeights, first uint32) {
	switch {
	case is.Now < was.Now:
		i.low, i.first = min(i.low, is.Now), min(i.first, first)
	case is.Kept < was.Kept:
		i.keptLow, i.keptFirst = min(i.keptLow, is.Kept), min(i.keptFirst, first)
	}
}

// end returns the snapshot that follows.
func (i *importing) end() *state.Snapshot {
	now := i.w.seconds()
	if i.low != birthday.Unborn {
		i.s.SearchAgain(i.low, i.first, now, ImportJob)
	}
	if i.keptLow != birthday.Unborn {
		i.s.SearchAnyway(i.keptLow, i.keptFirst, now, ImportJob)
	}
	next := i.s.Grow(i.more)
	if len(i.more) > 0 {
		next.Imports++
	}
	next.ImportJob(i.old, now)
	next.StartScan()
	return next
}
