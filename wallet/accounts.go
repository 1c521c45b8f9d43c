package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/v3"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/rows"
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
	return a, err
}

// EnsureXpub makes the wallet watch the account of an extended public key: it is imported as by
// ImportXpub, unless the wallet has it, under whatever name and with whatever gap limit. Then it
// stays as it is, but takes an earlier birthday, if one is given. It reports whether
// something has changed. The errors are those of ImportXpub; ErrDuplicate is for a new
// account of whose name there is another one.
func (w *Wallet) EnsureXpub(ctx context.Context, name, xpub string, o AccountOptions) (a Account, changed bool, err error) {
	return w.importXpub(ctx, name, xpub, o, claimOnly)
}

// again is what an import does with an account that the wallet has already: it returns what
// follows on the snapshot, or nil if nothing changes.
type again func(w *Wallet, tx *bolt.Tx, s *snapshot, old *Account, name string, o AccountOptions) (*snapshot, error)

// importXpub imports an account, and reports whether something has changed.
func (w *Wallet) importXpub(ctx context.Context, name, xpub string, o AccountOptions, known again) (a Account, changed bool, err error) {
	if o.Gap == 0 {
		o.Gap = hd.DefaultGap
	}
	if o.Gap > hd.MaxGap {
		return Account{}, false, ErrGapLimit
	}
	key, err := hd.ParseXpub(w.cfg.Params.ChainParams, xpub)
	if err != nil {
		return Account{}, false, fmt.Errorf("import account: %w", err)
	}
	if err := checkName(name); err != nil {
		return Account{}, false, fmt.Errorf("import account: %w", err)
	}
	a = Account{Name: name, Xpub: key.String(), Gap: o.Gap}
	err = w.update(ctx, func(tx *bolt.Tx, s *snapshot) (*snapshot, error) {
		for i := range s.accounts {
			if s.accounts[i].Xpub != a.Xpub {
				continue
			}
			next, err := known(w, tx, s, &s.accounts[i], name, o)
			if err != nil {
				return nil, err
			}
			a, changed = s.accounts[i], next != nil
			if changed {
				a = next.accounts[i]
				a.Birthday = next.public(a.born)
			}
			return next, nil
		}
		if _, taken := s.account(name); taken {
			return nil, errNameTaken
		}
		a.Number = uint32(len(s.accounts))
		next := s.withAccounts()
		if a.born, err = next.birthdayFor(tx, o.Birthday); err != nil {
			return nil, err
		}
		next.accounts = append(next.accounts, a)
		if next, err = w.edit(tx).extend(next, spareScripts, born{}); err != nil {
			return nil, err
		}
		a, changed = next.accounts[a.Number], true
		a.Birthday = next.public(a.born)
		next.imports++
		next.importJob(s.count(), w.seconds())
		next.startScan()
		return next, nil
	})
	if err != nil {
		return Account{}, false, fmt.Errorf("import account %q: %w", name, err)
	}
	if changed {
		w.cfg.Log.Info("Account imported", "name", a.Name, "number", a.Number, "gap", a.Gap, "birthday", a.Birthday)
	}
	return a, changed, nil
}

// importAgain takes the earlier birthday of an account that is there already, and refuses
// everything else.
func importAgain(w *Wallet, tx *bolt.Tx, s *snapshot, old *Account, name string, o AccountOptions) (*snapshot, error) {
	refuse := func(how string) (*snapshot, error) {
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
func claimOnly(w *Wallet, tx *bolt.Tx, s *snapshot, old *Account, _ string, o AccountOptions) (*snapshot, error) {
	if o.Birthday == nil {
		return nil, nil
	}
	return w.claimAccount(tx, s, old, o.Birthday)
}

// claimAccount gives an account an earlier birthday; nil is the wallet's. The snapshot that it
// returns is nil if the birthday is not earlier.
func (w *Wallet) claimAccount(tx *bolt.Tx, s *snapshot, old *Account, birthday *Birthday) (*snapshot, error) {
	next := s.withAccounts()
	d, err := next.birthdayFor(tx, birthday)
	if err != nil {
		return nil, err
	}
	if older, err := w.edit(tx).claim(next, birthdayUndo{number: old.Number}, d); err != nil || !older {
		return nil, err
	}
	next.startScan()
	return next, nil
}

// Accounts returns the accounts in the order of their numbers.
func (w *Wallet) Accounts() []Account { return slices.Clone(w.now.Load().accounts) }

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
	s := w.now.Load()
	o := Overview{Status: w.status(s), List: slices.Clone(s.accounts)}
	if o.Birthday <= s.tip.Height {
		if id := ancestor(s, store, o.Birthday); id.Height == o.Birthday {
			o.Born = id
		}
	}
	return o
}

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
	if gap == 0 || gap > hd.MaxGap {
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
		next, err := w.edit(tx).extend(next, spareScripts, born{})
		if err != nil {
			return nil, err
		}
		if next.count() > s.count() {
			next.imports++
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

// chosen returns ErrNoAccount for the account of a filter, unless there is such a one, it is
// that of imported addresses, or it is empty, which chooses all.
func (s *snapshot) chosen(name string) error {
	if _, ok := s.account(name); ok || name == "" || name == ImportedName {
		return nil
	}
	return fmt.Errorf("%w: %q", ErrNoAccount, name)
}

// edit returns what changes snapshots in a transaction.
func (w *Wallet) edit(tx *bolt.Tx) edit {
	return edit{tx: tx, net: w.cfg.Params.ChainParams, find: w.find, now: w.seconds(), most: w.cfg.maxScripts}
}

// withAccounts returns a copy of a snapshot whose accounts may be changed.
func (s *snapshot) withAccounts() *snapshot {
	next := *s
	next.accounts = slices.Clone(s.accounts)
	return &next
}

// birthdayFor returns the birthday to use where the wallet's is the default, as it is
// kept. The snapshot must be one that may be changed.
func (s *snapshot) birthdayFor(tx *bolt.Tx, chosen *Birthday) (born, error) {
	if chosen != nil {
		if err := chosen.validate(); err != nil {
			return born{}, err
		}
		return s.keep(*chosen), nil
	}
	r := rows.Row{Rest: tx.Bucket(metaBucket).Get(birthdayKey)}
	d := readBirthday(&r)
	if err := r.Done(); err != nil {
		return born{}, fmt.Errorf("read birthday: %w", err)
	}
	return s.keep(d), nil
}

// edit is a change of a snapshot in one transaction of the file.
type edit struct {
	tx   *bolt.Tx
	net  *chaincfg.Params
	find func(pay []byte) (number uint32, ok bool) // finds a script that is installed
	now  uint32                                    // when the searches begin that it adds, in Unix seconds
	most uint32                                    // the most scripts that a wallet watches
}

// extend derives the addresses that the accounts' windows have come to cover.
// The accounts of the snapshot must be its own. Imported addresses that turn out to
// be an account's are so from then on, which may make the windows grow further, and
// the account older: then the cursor goes back. Addresses that are new and that a window
// does not cover by use have the birthday of the issued ones, if that is not zero. The error
// is ErrFull if no room for a number of spare scripts would be left.
func (e edit) extend(s *snapshot, spare uint32, issued born) (*snapshot, error) {
	for i := range s.accounts {
		for branch := range s.accounts[i].Branches {
			if a := &s.accounts[i]; a.end(branch) > a.watched[branch] && uint64(a.end(branch)-a.watched[branch])+uint64(s.count())+uint64(spare) > uint64(e.most) {
				return nil, ErrFull
			}
		}
	}
	return e.stretch(s, issued)
}

// stretch does the same as far as there is room: a window that cannot grow makes the
// wallet full.
func (e edit) stretch(s *snapshot, issued born) (*snapshot, error) {
	s.full = false // a lower gap limit may have helped
	for i := range s.accounts {
		a := &s.accounts[i]
		for branch := range a.Branches {
			for end := a.end(branch); a.watched[branch] < end; end = a.end(branch) {
				if room := e.most - min(s.count(), e.most); end-a.watched[branch] > room {
					end, s.full = a.watched[branch]+room, true
				}
				if end == a.watched[branch] {
					break
				}
				derived, err := derive(e.net, a, uint32(branch), end)
				if err != nil {
					return nil, err
				}
				for k := range derived {
					if derived[k].index >= a.Branches[branch].Covered(a.Gap) {
						derived[k].born = issued
					}
				}
				a.watched[branch] = end
				if derived, err = e.adopt(s, a, derived); err != nil {
					return nil, err
				}
				s = s.grow(derived)
			}
			if err := e.cover(s, a, uint32(branch)); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// covered returns how many addresses the accounts watch, and how many of them count as
// covered by use.
func (s *snapshot) covered() (n uint64) {
	for i := range s.accounts {
		a := &s.accounts[i]
		for branch := range a.Branches {
			n += uint64(a.watched[branch]) + uint64(a.covered[branch])
		}
	}
	return n
}

// end returns the number of addresses of a branch to watch.
func (a *Account) end(branch int) uint32 { return a.Branches[branch].End(a.Gap) }

// derive returns the scripts of a branch that are not watched yet, up to end.
func derive(net *chaincfg.Params, a *Account, branch, end uint32) ([]script, error) {
	key, err := hd.BranchKey(net, a.Xpub, branch)
	if err != nil {
		return nil, err
	}
	derived := make([]script, 0, end-a.watched[branch])
	for index := a.watched[branch]; index < end; index++ {
		pay, err := hd.Script(net, key, index)
		if err != nil {
			return nil, err
		}
		derived = append(derived, script{pay: pay, account: a.Number, branch: branch, index: index})
	}
	return derived, nil
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
func (w *Wallet) Rescan(ctx context.Context, from consensus.Height) error {
	_, err := w.StartRescan(ctx, from)
	return err
}

// rejuvenate lowers all later birthdays to a height, for a job.
func (s *snapshot) rejuvenate(tx *bolt.Tx, job uint32, h consensus.Height) (*snapshot, error) {
	next := s.withAccounts()
	next.scripts = slices.Clone(s.scripts)
	var errs []error
	for i := range next.accounts {
		errs = append(errs, next.lower(tx, job, birthdayUndo{number: uint32(i)}, h))
	}
	for n := range next.scripts {
		if sc := &next.scripts[n]; sc.account == ImportedAccount || sc.own() {
			errs = append(errs, next.lower(tx, job, birthdayUndo{script: true, number: uint32(n)}, h))
		}
	}
	return next, errors.Join(errs...)
}
