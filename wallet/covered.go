package wallet

import (
	"slices"

	bolt "go.etcd.io/bbolt"
)

// cover makes addresses of a branch that were handed out, and that the account's window
// covers by use now, as old as the account, as if the window had come to them first. Older
// blocks are searched for them. The accounts of the snapshot must be its own.
func (e edit) cover(s *snapshot, a *Account, branch uint32) error {
	end := a.Branches[branch].Covered(a.Gap)
	if end == a.covered[branch] {
		return nil
	}
	a.covered[branch] = end
	first, own := none, false
	is, err := s.birthHeightsOf(e.tx, birthdayUndo{number: a.Number})
	if err != nil {
		return err
	}
	was := is // of the youngest
	for n := range s.scripts {
		sc := &s.scripts[n]
		if sc.account != a.Number || sc.branch != branch || sc.index >= end || !sc.own() {
			continue
		}
		if !own {
			s.scripts, own = slices.Clone(s.scripts), true
		}
		before, err := s.birthHeightsOf(e.tx, birthdayUndo{script: true, number: uint32(n)})
		if err != nil {
			return err
		}
		if err := s.giveUpOwn(e.tx, uint32(n)); err != nil {
			return err
		}
		if before.now > is.now || before.kept > is.kept {
			first = min(first, uint32(n))
			was = birthHeights{max(was.now, before.now), max(was.kept, before.kept)}
		}
	}
	if first != none {
		s.searchOlder(was, is, first, e.now, DiscoveryJob)
	}
	return nil
}

// giveUpOwn makes a script of an account as old as that, for good. The scripts of the
// snapshot must be its own.
func (s *snapshot) giveUpOwn(tx *bolt.Tx, n uint32) error {
	s.scripts[n].born = born{}
	l := birthdayUndo{script: true, number: n}
	for i := range s.jobs {
		if b := tx.Bucket(birthdayUndoBucket); b != nil {
			if err := b.Delete(l.key(s.jobs[i].id)); err != nil {
				return err
			}
		}
	}
	return putScript(tx, n, &s.scripts[n])
}
