package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
)

// AccountOptions are the choices of importing an account.
type AccountOptions struct {
	// Gap is the gap limit in addresses, from 1 to MaxGap. Zero is DefaultGap.
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
	if o.Gap == 0 {
		o.Gap = DefaultGap
	}
	if o.Gap > MaxGap {
		return Account{}, ErrGapLimit
	}
	key, err := parseXpub(w.cfg.Params.Params, xpub)
	if err != nil {
		return Account{}, fmt.Errorf("import account: %w", err)
	}
	if err := checkName(name); err != nil {
		return Account{}, fmt.Errorf("import account: %w", err)
	}
	a := Account{Name: name, Xpub: key.String(), Gap: o.Gap}
	err = w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		for i := range s.accounts {
			if s.accounts[i].Xpub == a.Xpub {
				return nil, fmt.Errorf("%w, as account %q", ErrDuplicate, s.accounts[i].Name)
			}
		}
		if _, taken := s.account(name); taken {
			return nil, errNameTaken
		}
		a.Number = uint32(len(s.accounts))
		if a.Birthday, err = s.birthdayFor(tx, o.Birthday); err != nil {
			return nil, err
		}
		next := s.withAccounts()
		next.accounts = append(next.accounts, a)
		if next, err = w.extend(tx, next); err != nil {
			return nil, err
		}
		a = next.accounts[a.Number]
		next.importJob(s.count(), w.seconds())
		next.startScan()
		return next, nil
	})
	if err != nil {
		return Account{}, fmt.Errorf("import account %q: %w", name, err)
	}
	w.cfg.Log.Info("Account imported", "name", a.Name, "number", a.Number, "gap", a.Gap, "birthday", a.Birthday)
	return a, nil
}

// Accounts returns the accounts in the order of their numbers.
func (w *Wallet) Accounts() []Account { return slices.Clone(w.now.Load().accounts) }

// Account returns the account of a name. The error is ErrNoAccount, or
// ErrImported for the name of the imported addresses.
func (w *Wallet) Account(name string) (Account, error) {
	a, err := w.now.Load().named(name)
	if err != nil {
		return Account{}, err
	}
	return *a, nil
}

// RenameAccount changes the name of an account. The errors are ErrNoAccount,
// ErrImported, ErrBadName and ErrDuplicate.
func (w *Wallet) RenameAccount(ctx context.Context, from, to string) error {
	err := w.update(ctx, func(_ *bolt.Tx, s *snapshot) (*snapshot, error) {
		a, err := s.named(from)
		if err != nil {
			return nil, err
		}
		if err := checkName(to); err != nil {
			return nil, err
		}
		if _, taken := s.account(to); taken && from != to {
			return nil, errNameTaken
		}
		next := s.withAccounts()
		next.accounts[a.Number].Name = to
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
	if gap == 0 || gap > MaxGap {
		return ErrGapLimit
	}
	err := w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		next := s.withAccounts()
		for _, name := range names {
			a, err := s.named(name)
			if err != nil {
				return nil, err
			}
			next.accounts[a.Number].Gap = gap
		}
		for i := range next.accounts {
			if len(names) == 0 {
				next.accounts[i].Gap = gap
			}
		}
		next, err := w.extend(tx, next)
		if err != nil {
			return nil, err
		}
		next.startScan()
		return next, nil
	})
	if err != nil {
		return fmt.Errorf("set gap limit: %w", err)
	}
	return nil
}

// named returns the account of a name, which must have an extended key.
func (s *snapshot) named(name string) (*Account, error) {
	if name == ImportedName {
		return nil, ErrImported
	}
	a, ok := s.account(name)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoAccount, name)
	}
	return a, nil
}

// withAccounts returns a copy of a snapshot whose accounts may be changed.
func (s *snapshot) withAccounts() *snapshot {
	next := *s
	next.accounts = slices.Clone(s.accounts)
	return &next
}

// birthdayFor returns the birthday to use where the wallet's is the default. A
// date that the remembered blocks reach becomes a height at once.
func (s *snapshot) birthdayFor(tx *bolt.Tx, chosen *Birthday) (Birthday, error) {
	var d Birthday
	if chosen != nil {
		if err := chosen.validate(); err != nil {
			return d, err
		}
		d = *chosen
		if !d.Time.IsZero() {
			d.Time = time.Unix(d.Time.Unix(), 0) // as it is stored
		}
	} else {
		r := row{rest: tx.Bucket(metaBucket).Get(birthdayKey)}
		d = r.birthday()
		if err := r.done(); err != nil {
			return d, fmt.Errorf("read birthday: %w", err)
		}
	}
	return s.settled(d), nil
}

// settled returns a birthday, as a height if the remembered blocks reach its date.
func (s *snapshot) settled(d Birthday) Birthday {
	after := chain.Height(-1)
	for _, b := range s.blocks {
		if d.settle(after+1, b.when()) {
			break
		}
		after = b.Height
	}
	return d
}

// extend derives the addresses that the accounts' windows have come to cover.
// The accounts of the snapshot must be its own. What it writes is only the new
// owner of imported addresses that turn out to be an account's.
func (w *Wallet) extend(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
	for i := range s.accounts {
		a := &s.accounts[i]
		for branch, window := range a.Branches {
			end := window.end(a.Gap)
			if a.watched[branch] >= end {
				continue
			}
			if end > maxScripts {
				return nil, ErrFull
			}
			derived, err := derive(w.cfg.Params.Params, a, uint32(branch), end)
			if err != nil {
				return nil, err
			}
			a.watched[branch] = end
			if derived, err = w.adopt(tx, s, a, derived); err != nil {
				return nil, err
			}
			s = s.grow(derived)
		}
	}
	return s, nil
}

// derive returns the scripts of a branch that are not watched yet, up to end.
func derive(net *chaincfg.Params, a *Account, branch, end uint32) ([]script, error) {
	key, err := branchKey(net, a.Xpub, branch)
	if err != nil {
		return nil, err
	}
	derived := make([]script, 0, end-a.watched[branch])
	for index := a.watched[branch]; index < end; index++ {
		pay, err := childScript(net, key, index)
		if err != nil {
			return nil, err
		}
		derived = append(derived, script{pay: pay, account: a.Number, branch: branch, index: index})
	}
	return derived, nil
}

// adopt gives imported scripts that an account derives to the account, which
// from then on is as old as they are. It returns the scripts that are new.
func (w *Wallet) adopt(tx *bolt.Tx, s *snapshot, a *Account, derived []script) ([]script, error) {
	fresh := derived[:0]
	for _, sc := range derived {
		n, known := w.find(sc.pay)
		if !known {
			fresh = append(fresh, sc)
			continue
		}
		a.Birthday = a.Birthday.lower(s.birth(n))
		if err := moveSum(tx, n, s.scripts[n].account, sc.account); err != nil {
			return nil, err
		}
		if err := tx.Bucket(scriptsBucket).Put(key32(n), sc.encode()); err != nil {
			return nil, err
		}
		s.scripts = slices.Clone(s.scripts)
		s.scripts[n] = sc
	}
	return fresh, nil
}

// startScan makes the cursor go back for scripts that have not been searched
// for, to where the first of them may have been paid. While another scan is
// under way they have to wait for its end.
func (s *snapshot) startScan() {
	if s.scan() || s.fresh == s.count() {
		return
	}
	low := s.firstBirth(s.fresh, s.count())
	if low > s.tip.Height {
		return
	}
	s.cursor = blockBelow(s.blocks, low-1).BlockID
	s.common = s.cursor
	s.scanning, s.fresh = s.fresh, s.count()
}

// Rescan searches all blocks from a height on again for everything. Accounts
// and imports that were born later are born there from now on. It returns at
// once: the syncer, which is poked, does the work; Jobs shows how far it
// is. Nothing that is known is forgotten meanwhile, and after it nothing has
// changed unless something had been missed.
func (w *Wallet) Rescan(ctx context.Context, from chain.Height) error {
	_, err := w.StartRescan(ctx, from)
	return err
}

// rejuvenate lowers all later birthdays to a height, for a job.
func (s *snapshot) rejuvenate(tx *bolt.Tx, job uint32, h chain.Height) (*snapshot, error) {
	next := s.withAccounts()
	next.scripts = slices.Clone(s.scripts)
	var errs []error
	for i := range next.accounts {
		errs = append(errs, next.lower(tx, job, lowered{number: uint32(i)}, h))
	}
	for n := range next.scripts {
		if next.scripts[n].account == ImportedAccount {
			errs = append(errs, next.lower(tx, job, lowered{script: true, number: uint32(n)}, h))
		}
	}
	return next, errors.Join(errs...)
}
