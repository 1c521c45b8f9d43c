package wallet

import (
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// AccountOptions are the choices of importing an account.
type AccountOptions struct {
	// Gap is the gap limit in addresses, from 1 to 10,000. Zero is DefaultGap.
	Gap uint32

	// Birthday is the first block to search. Nil is the wallet's birthday.
	Birthday *Birthday
}

// ImportXpub adds the account of an extended public key under a name. Its
// addresses are searched for from its birthday on, by the syncer, which finds
// that out by being poked. The errors are ErrBadName, ErrGapLimit,
// ErrPrivateKey, ErrWrongNetwork, ErrBadChecksum, ErrBadKey, ErrNotAccountKey
// and ErrDuplicate.
func (w *Wallet) ImportXpub(ctx context.Context, name, xpub string, o AccountOptions) (Account, error) {
	a, _, err := w.importXpub(ctx, name, xpub, o, importAgain)
	return account(&a), err
}

// EnsureXpub makes the wallet watch the account of an extended public key: it is imported as by
// ImportXpub, unless the wallet has it, under whatever name and with whatever gap limit. Then it
// stays as it is, but takes an earlier birthday, if one is given. It reports whether
// something has changed. The errors are those of ImportXpub; ErrDuplicate is for a new
// account of whose name there is another one.
func (w *Wallet) EnsureXpub(ctx context.Context, name, xpub string, o AccountOptions) (a Account, changed bool, err error) {
	got, changed, err := w.importXpub(ctx, name, xpub, o, claimOnly)
	return account(&got), changed, err
}

// again is what an import does with an account that the wallet has already: it returns what
// follows on the snapshot, or nil if nothing changes.
type again func(w *Wallet, tx *bolt.Tx, s *state.Snapshot, old *state.Account, name string, o AccountOptions) (*state.Snapshot, error)

// importXpub imports an account, and reports whether something has changed.
func (w *Wallet) importXpub(ctx context.Context, name, xpub string, o AccountOptions, known again) (a state.Account, changed bool, err error) {
	if o.Gap == 0 {
		o.Gap = hd.DefaultGap
	}
	if o.Gap > hd.MaxGap {
		return state.Account{}, false, ErrGapLimit
	}
	key, err := hd.ParseXpub(w.cfg.Params.ChainParams, xpub)
	if err != nil {
		return state.Account{}, false, fmt.Errorf("import account: %w", err)
	}
	if err := state.CheckName(name); err != nil {
		return state.Account{}, false, fmt.Errorf("import account: %w", err)
	}
	a = state.Account{Name: name, Xpub: key.String(), Gap: o.Gap}
	err = w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		for i := range s.Accounts {
			if s.Accounts[i].Xpub != a.Xpub {
				continue
			}
			next, err := known(w, tx, s, &s.Accounts[i], name, o)
			if err != nil {
				return nil, err
			}
			a, changed = s.Accounts[i], next != nil
			if changed {
				a = next.Accounts[i]
				a.Birthday = next.Birthdays.Public(a.Born)
			}
			return next, nil
		}
		if _, taken := s.Account(name); taken {
			return nil, errNameTaken
		}
		a.Number = uint32(len(s.Accounts))
		next := s.WithAccounts()
		if a.Born, err = next.BirthdayFor(tx, o.Birthday); err != nil {
			return nil, err
		}
		next.Accounts = append(next.Accounts, a)
		if next, err = w.edit(tx).Extend(next, state.SpareScripts, birthday.Born{}); err != nil {
			return nil, err
		}
		a, changed = next.Accounts[a.Number], true
		a.Birthday = next.Birthdays.Public(a.Born)
		next.Imports++
		next.ImportJob(s.Count(), w.seconds())
		next.StartScan()
		return next, nil
	})
	if err != nil {
		return state.Account{}, false, fmt.Errorf("import account %q: %w", name, err)
	}
	if changed {
		w.cfg.Log.Info("Account imported", "name", a.Name, "number", a.Number, "gap", a.Gap, "birthday", a.Birthday)
	}
	return a, changed, nil
}

// importAgain takes the earlier birthday of an account that is there already, and refuses
// everything else.
func importAgain(w *Wallet, tx *bolt.Tx, s *state.Snapshot, old *state.Account, name string, o AccountOptions) (*state.Snapshot, error) {
	refuse := func(how string) (*state.Snapshot, error) {
		return nil, fmt.Errorf("%w, as account %q from block %v on; %s", ErrDuplicate, old.Name, old.Birthday, how)
	}
	next, err := w.claimAccount(tx, s, old, o.Birthday)
	switch {
	case err != nil:
		return nil, err
	case old.Name != name:
		return refuse("renameaccount changes its name")
	case o.Gap != old.Gap && o.Gap != hd.DefaultGap:
		return refuse("setgaplimit changes its gap limit")
	case next == nil:
		return refuse("rescanwallet searches earlier blocks, or the same again")
	}
	return next, nil
}

// claimOnly takes the earlier birthday of an account that is there already, if one is given.
func claimOnly(w *Wallet, tx *bolt.Tx, s *state.Snapshot, old *state.Account, _ string, o AccountOptions) (*state.Snapshot, error) {
	if o.Birthday == nil {
		return nil, nil
	}
	return w.claimAccount(tx, s, old, o.Birthday)
}

// claimAccount gives an account an earlier birthday; nil is the wallet's. The snapshot that it
// returns is nil if the birthday is not earlier.
func (w *Wallet) claimAccount(tx *bolt.Tx, s *state.Snapshot, old *state.Account, birthday *Birthday) (*state.Snapshot, error) {
	next := s.WithAccounts()
	d, err := next.BirthdayFor(tx, birthday)
	if err != nil {
		return nil, err
	}
	if older, err := w.edit(tx).Claim(next, state.BirthdayUndo{Number: old.Number}, d); err != nil || !older {
		return nil, err
	}
	next.StartScan()
	return next, nil
}

// Overview is how far a wallet has got, and its accounts, of one moment.
type Overview struct {
	Status
	List []Account

	// Born is the block at the birthday. It is the zero value if there is none yet, or
	// if it is not known because the chain is being reorganised.
	Born consensus.BlockID
}

// Overview returns how far the wallet has got. It asks the store for the block at the
// birthday unless the wallet remembers it; nil is no store.
func (w *Wallet) Overview(store Branches) Overview {
	s := w.store.Now()
	o := Overview{Status: w.status(s), List: accounts(s)}
	if o.Birthday <= s.Tip.Height {
		if id := ancestor(s, store, o.Birthday); id.Height == o.Birthday {
			o.Born = id
		}
	}
	return o
}

// Account returns the account of a name. The error is ErrNoAccount, or
// ErrImported for the name of the imported addresses.
func (w *Wallet) Account(name string) (Account, error) {
	a, err := w.store.Now().Named(name)
	if err != nil {
		return Account{}, err
	}
	return account(a), nil
}

// RenameAccount changes the name of an account. The errors are ErrNoAccount,
// ErrImported, ErrBadName and ErrDuplicate.
func (w *Wallet) RenameAccount(ctx context.Context, from, to string) error {
	err := w.store.Update(ctx, func(_ *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		a, err := s.Named(from)
		if err != nil {
			return nil, err
		}
		if err := state.CheckName(to); err != nil {
			return nil, err
		}
		if _, taken := s.Account(to); taken && from != to {
			return nil, errNameTaken
		}
		next := s.WithAccounts()
		next.Accounts[a.Number].Name = to
		return next, nil
	})
	if err != nil {
		return fmt.Errorf("rename account %q: %w", from, err)
	}
	return nil
}

// SetGapLimit changes the gap limit of the named accounts, or without names of all.
// A higher one makes the wallet search for the addresses that it adds; a lower
// one watches no fewer addresses than before. The errors are ErrNoAccount,
// ErrImported, ErrGapLimit and ErrFull.
func (w *Wallet) SetGapLimit(ctx context.Context, gap uint32, names ...string) error {
	if gap == 0 || gap > hd.MaxGap {
		return ErrGapLimit
	}
	err := w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		next := s.WithAccounts()
		for _, name := range names {
			a, err := s.Named(name)
			if err != nil {
				return nil, err
			}
			next.Accounts[a.Number].Gap = gap
		}
		for i := range next.Accounts {
			if len(names) == 0 {
				next.Accounts[i].Gap = gap
			}
		}
		next, err := w.edit(tx).Extend(next, state.SpareScripts, birthday.Born{})
		if err != nil {
			return nil, err
		}
		if next.Count() > s.Count() {
			next.Imports++
		}
		next.StartScan()
		return next, nil
	})
	if err != nil {
		return fmt.Errorf("set gap limit: %w", err)
	}
	return nil
}

// edit returns what changes snapshots in a transaction.
func (w *Wallet) edit(tx *bolt.Tx) state.Edit {
	return state.Edit{Tx: tx, Net: w.cfg.Params.ChainParams, Find: w.store.Find, Now: w.seconds(), Most: w.cfg.maxScripts}
}
