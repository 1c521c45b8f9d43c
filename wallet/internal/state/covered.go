package state

import (
	"slices"

	"github.com/spvd/spvd/wallet/internal/birthday"
	bolt "go.etcd.io/bbolt"
)

// cover makes addresses of a branch that were handed out, and that the account's window
// covers by use now, as old as the account, as if the window had come to them first. Older
// blocks are searched for them. The accounts of the snapshot must be its own.
func (e Edit) cover(s *Snapshot, a *Account, branch uint32) error {
	end := a.Branches[branch].Covered(a.Gap)
	if end == a.Covered[branch] {
		return nil
	}
	a.Covered[branch] = end
	first, own := NoScripts, false
	is, err := s.birthHeightsOf(e.Tx, BirthdayUndo{Number: a.Number})
	if err != nil {
		return err
	}
	was := is // of the youngest
	for n := range s.Scripts {
		sc := &s.Scripts[n]
		if sc.Account != a.Number || sc.Branch != branch || sc.Index >= end || !sc.Own() {
			continue
		}
		if !own {
			s.Scripts, own = slices.Clone(s.Scripts), true
		}
		before, err := s.birthHeightsOf(e.Tx, BirthdayUndo{Script: true, Number: uint32(n)})
		if err != nil {
			return err
		}
		if err := s.giveUpOwn(e.Tx, uint32(n)); err != nil {
			return err
		}
		if before.Now > is.Now || before.Kept > is.Kept {
			first = min(first, uint32(n))
			was = BirthHeights{max(was.Now, before.Now), max(was.Kept, before.Kept)}
		}
	}
	if first != NoScripts {
		s.searchOlder(was, is, first, e.Now, DiscoveryJob)
	}
	return nil
}

// giveUpOwn makes a script of an account as old as that, for good. The scripts of the
// snapshot must be its own.
func (s *Snapshot) giveUpOwn(tx *bolt.Tx, n uint32) error {
	s.Scripts[n].Born = birthday.Born{}
	l := BirthdayUndo{Script: true, Number: n}
	for i := range s.Jobs {
		if b := tx.Bucket(BirthdayUndoBucket); b != nil {
			if err := b.Delete(l.key(s.Jobs[i].ID)); err != nil {
				return err
			}
		}
	}
	return putScript(tx, n, &s.Scripts[n])
}
