package state

import (
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/v3"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Named returns the account of a name, which must have an extended key.
func (s *Snapshot) Named(name string) (*Account, error) {
	if name == ImportedName {
		return nil, ErrImported
	}
	a, ok := s.Account(name)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoAccount, name)
	}
	return a, nil
}

// Chosen returns ErrNoAccount for the account of a filter, unless there is such a one, it is
// that of imported addresses, or it is empty, which chooses all.
func (s *Snapshot) Chosen(name string) error {
	if _, ok := s.Account(name); ok || name == "" || name == ImportedName {
		return nil
	}
	return fmt.Errorf("%w: %q", ErrNoAccount, name)
}

// WithAccounts returns a copy of a snapshot whose accounts may be changed.
func (s *Snapshot) WithAccounts() *Snapshot {
	next := *s
	next.Accounts = slices.Clone(s.Accounts)
	return &next
}

// BirthdayFor returns the birthday to use where the wallet's is the default, as it is
// kept. The snapshot must be one that may be changed.
func (s *Snapshot) BirthdayFor(tx *bolt.Tx, chosen *birthday.Birthday) (birthday.Born, error) {
	if chosen != nil {
		if err := chosen.Validate(); err != nil {
			return birthday.Born{}, err
		}
		return s.Birthdays.Keep(*chosen, s.Tip.Height, s.Blocks), nil
	}
	r := rows.Row{Rest: tx.Bucket(MetaBucket).Get(BirthdayKey)}
	d := ReadBirthday(&r)
	if err := r.Done(); err != nil {
		return birthday.Born{}, fmt.Errorf("read birthday: %w", err)
	}
	return s.Birthdays.Keep(d, s.Tip.Height, s.Blocks), nil
}

// Edit is a change of a snapshot in one transaction of the file.
type Edit struct {
	Tx   *bolt.Tx
	Net  *chaincfg.Params
	Find func(pay []byte) (number uint32, ok bool) // finds a script that is installed
	Now  uint32                                    // when the searches begin that it adds, in Unix seconds
	Most uint32                                    // the most scripts that a wallet watches
}

// Extend derives the addresses that the accounts' windows have come to cover.
// The accounts of the snapshot must be its own. Imported addresses that turn out to
// be an account's are so from then on, which may make the windows grow further, and
// the account older: then the cursor goes back. Addresses that are new and that a window
// does not cover by use have the birthday of the issued ones, if that is not zero. The error
// is ErrFull if no room for a number of spare scripts would be left.
func (e Edit) Extend(s *Snapshot, spare uint32, issued birthday.Born) (*Snapshot, error) {
	for i := range s.Accounts {
		for branch := range s.Accounts[i].Branches {
			if a := &s.Accounts[i]; a.end(branch) > a.Watched[branch] && uint64(a.end(branch)-a.Watched[branch])+uint64(s.Count())+uint64(spare) > uint64(e.Most) {
				return nil, ErrFull
			}
		}
	}
	return e.Stretch(s, issued)
}

// Stretch does the same as far as there is room: a window that cannot grow makes the
// wallet full.
func (e Edit) Stretch(s *Snapshot, issued birthday.Born) (*Snapshot, error) {
	s.Full = false // a lower gap limit may have helped
	for i := range s.Accounts {
		a := &s.Accounts[i]
		for branch := range a.Branches {
			for end := a.end(branch); a.Watched[branch] < end; end = a.end(branch) {
				if room := e.Most - min(s.Count(), e.Most); end-a.Watched[branch] > room {
					end, s.Full = a.Watched[branch]+room, true
				}
				if end == a.Watched[branch] {
					break
				}
				derived, err := Derive(e.Net, a, uint32(branch), end)
				if err != nil {
					return nil, err
				}
				for k := range derived {
					if derived[k].Index >= a.Branches[branch].Covered(a.Gap) {
						derived[k].Born = issued
					}
				}
				a.Watched[branch] = end
				if derived, err = e.Adopt(s, a, derived); err != nil {
					return nil, err
				}
				s = s.Grow(derived)
			}
			if err := e.cover(s, a, uint32(branch)); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// Covered returns how many addresses the accounts watch, and how many of them count as
// covered by use.
func (s *Snapshot) Covered() (n uint64) {
	for i := range s.Accounts {
		a := &s.Accounts[i]
		for branch := range a.Branches {
			n += uint64(a.Watched[branch]) + uint64(a.Covered[branch])
		}
	}
	return n
}

// end returns the number of addresses of a branch to watch.
func (a *Account) end(branch int) uint32 { return a.Branches[branch].End(a.Gap) }

// Derive returns the scripts of a branch that are not watched yet, up to end.
func Derive(net *chaincfg.Params, a *Account, branch, end uint32) ([]Script, error) {
	key, err := hd.BranchKey(net, a.Xpub, branch)
	if err != nil {
		return nil, err
	}
	derived := make([]Script, 0, end-a.Watched[branch])
	for index := a.Watched[branch]; index < end; index++ {
		pay, err := hd.Script(net, key, index)
		if err != nil {
			return nil, err
		}
		derived = append(derived, Script{Pay: pay, Account: a.Number, Branch: branch, Index: index})
	}
	return derived, nil
}

// StartScan makes the cursor go back for scripts that have not been searched
// for, to where the first of them may have been paid. While another scan
// runs they have to wait for its end.
func (s *Snapshot) StartScan() {
	if s.Scan() || s.Fresh == s.Count() {
		return
	}
	low := s.firstBirth(s.Fresh, s.Count())
	if low > s.Tip.Height {
		return
	}
	s.Cursor = remembered.Below(s.Blocks, low-1).BlockID
	s.Common = s.Cursor
	s.Scanning, s.Fresh = s.Fresh, s.Count()
}

// Rejuvenate lowers all later birthdays to a height, for a job.
func (s *Snapshot) Rejuvenate(tx *bolt.Tx, job uint32, h consensus.Height) (*Snapshot, error) {
	next := s.WithAccounts()
	next.Scripts = slices.Clone(s.Scripts)
	var errs []error
	for i := range next.Accounts {
		errs = append(errs, next.lower(tx, job, BirthdayUndo{Number: uint32(i)}, h))
	}
	for n := range next.Scripts {
		if sc := &next.Scripts[n]; sc.Account == ImportedAccount || sc.Own() {
			errs = append(errs, next.lower(tx, job, BirthdayUndo{Script: true, Number: uint32(n)}, h))
		}
	}
	return next, errors.Join(errs...)
}

// isFull reports whether a window lacks addresses.
func (s *Snapshot) isFull() bool {
	for i := range s.Accounts {
		for branch := range s.Accounts[i].Branches {
			if a := &s.Accounts[i]; a.Watched[branch] < a.end(branch) {
				return true
			}
		}
	}
	return false
}

// Use marks the addresses that a transaction pays as used. The accounts of the
// snapshot must be its own.
func (s *Snapshot) Use(e *txn.Effects) {
	for _, list := range [][]txn.Credited{e.Credits, e.Commitments} {
		for _, c := range list {
			if c.Script == txn.NoScript {
				continue // a voting right is not what an address is found by
			}
			sc := &s.Scripts[c.Script]
			if sc.Account == ImportedAccount {
				continue
			}
			window := &s.Accounts[sc.Account].Branches[sc.Branch]
			*window = window.Use(sc.Index)
		}
	}
}
