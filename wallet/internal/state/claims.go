package state

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// BirthHeights are the first heights that a birthday includes: as it is now, and as it would
// be if the rescans that go on were canceled.
type BirthHeights struct{ Now, Kept consensus.Height }

// birthHeightsOf returns those of an account, or of a script that has a birthday of its own.
func (s *Snapshot) birthHeightsOf(tx *bolt.Tx, of BirthdayUndo) (BirthHeights, error) {
	kept, err := s.beforeUndo(tx, of)
	return BirthHeights{s.Birthdays.At(*s.birthday(&of)), s.Birthdays.At(kept)}, err
}

// Claim makes an account or imported script as old as it is and as a user now says,
// whichever is earlier, and reports whether that is older than before. What has not
// been searched for it because it was younger is searched then. The birthday is no
// rescan's to give back. The accounts of the snapshot must be its own.
func (e Edit) Claim(s *Snapshot, of BirthdayUndo, d birthday.Born) (older bool, err error) {
	if of.Script {
		s.Scripts = slices.Clone(s.Scripts)
	}
	was, is, older, err := e.Age(s, of, d)
	s.searchOlder(was, is, s.First(&of), e.Now, ImportJob)
	return older, err
}

// Age is claim without the search. It returns the birthday before and after. The accounts
// and the scripts of the snapshot must be its own.
func (e Edit) Age(s *Snapshot, of BirthdayUndo, d birthday.Born) (was, is BirthHeights, older bool, err error) {
	kept, err := s.beforeUndo(e.Tx, of)
	if err != nil {
		return was, was, false, err
	}
	d = s.afterFork(kept, d)
	p := s.birthday(&of)
	was = BirthHeights{s.Birthdays.At(*p), s.Birthdays.At(kept)}
	older = s.Birthdays.At(d) < was.Kept || s.earlierDate(d, kept)
	if !older && s.Birthdays.Earliest(kept, d) == kept {
		return was, was, false, nil
	}
	if err := s.relower(e.Tx, of, d); err != nil {
		return was, was, false, err
	}
	*p = s.Birthdays.Earliest(*p, d) // also when only another branch may make that earlier
	is = BirthHeights{s.Birthdays.At(*p), s.Birthdays.At(s.Birthdays.Earliest(kept, d))}
	return was, is, older, s.saveUndone(e.Tx, &of)
}

// afterFork returns the birthday of a new import of what is in the wallet already. If both are of
// imports of which only new blocks count, and the new one is after a block that is no higher, then
// the chain has left the other block. A wallet that has not come to that block takes for the fork
// what it does when it notices, see [Birthday]: the new import may not make it forget that.
func (s *Snapshot) afterFork(known, d birthday.Born) birthday.Born {
	if known.After == 0 || d.After == 0 {
		return d
	}
	a, b := s.Birthdays.Anchors[known.After-1], s.Birthdays.Anchors[d.After-1]
	if a.Base == a.Height || b.Height > a.Height || b.BlockID == a.BlockID {
		return d
	}
	return s.Birthdays.Earliest(d, s.Birthdays.KeepAfter(birthday.Fork(a, s.Blocks).BlockID, s.Tip.Height, s.Blocks))
}

// earlierDate reports whether a birthday is a date that no block has reached, and that may
// turn out to be before another birthday, which no block has reached either.
func (s *Snapshot) earlierDate(d, than birthday.Born) bool {
	return d.Date != 0 && s.Birthdays.At(d) == birthday.Unborn && s.Birthdays.At(than) > s.Tip.Height && (than.Date == 0 || d.Date < than.Date)
}

// beforeUndo returns the birthday of an account or script as it is without rescans
// that are not over.
func (s *Snapshot) beforeUndo(tx *bolt.Tx, of BirthdayUndo) (birthday.Born, error) {
	d := *s.birthday(&of)
	for i := range s.Jobs {
		list, err := BirthdayUndosOf(tx, s.Jobs[i].ID)
		if err != nil {
			return d, err
		}
		for _, l := range list {
			if l.Script == of.Script && l.Number == of.Number && s.Birthdays.At(l.was) > s.Birthdays.At(d) {
				d = l.was
			}
		}
	}
	return d, nil
}

// relower makes what rescans give back in the end include a birthday.
func (s *Snapshot) relower(tx *bolt.Tx, of BirthdayUndo, d birthday.Born) error {
	for i := range s.Jobs {
		list, err := BirthdayUndosOf(tx, s.Jobs[i].ID)
		if err != nil {
			return err
		}
		for _, l := range list {
			if l.Script != of.Script || l.Number != of.Number {
				continue
			}
			l.was = s.Birthdays.Earliest(l.was, d)
			if err := putBirthdayUndo(tx, s.Jobs[i].ID, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// SearchAgain makes the cursor go back to search for scripts from a number on in all
// blocks from a height on, because they were not looked for there so far. Those that wait for
// their first search have to be searched for, whichever rescan is canceled.
func (s *Snapshot) SearchAgain(from consensus.Height, first, now uint32, kind JobKind) {
	switch {
	case from > s.Tip.Height: // nothing was missed
	case first >= s.Fresh:
		s.promise(from, first, now, kind)
	default:
		s.HoldJobs()
		s.AddJob(Job{Kind: kind, first: first, End: s.Count(), From: from, Began: now})
		s.GoBack(from, first)
	}
}

// searchOlder makes the wallet search for scripts from a number on, which have become older,
// in the blocks that were not searched because they were younger.
func (s *Snapshot) searchOlder(was, is BirthHeights, first, now uint32, kind JobKind) {
	switch {
	case is.Now < was.Now:
		s.SearchAgain(is.Now, first, now, kind)
	case is.Kept < was.Kept:
		s.SearchAnyway(is.Kept, first, now, kind)
	}
}

// SearchAnyway adds a job for scripts from a number on that rescans search for as it is, in
// all blocks from a height on and more: if they are canceled, it goes on.
func (s *Snapshot) SearchAnyway(from consensus.Height, first, now uint32, kind JobKind) {
	switch {
	case from > s.Tip.Height:
	case first >= s.Fresh:
		s.promise(from, first, now, kind)
	default:
		s.AddJob(Job{Kind: kind, first: first, End: s.Count(), From: from, Began: now})
	}
}

// promise makes the first search for scripts from a number on part of a job that cannot be
// canceled: a new one, for those that are part of none.
func (s *Snapshot) promise(from consensus.Height, first, now uint32, kind JobKind) {
	gap := s.searchedBy(first, func(j *Job) bool { return j.Kind != RescanJob })
	if s.firstBirth(gap, s.Count()) <= s.Tip.Height {
		s.AddJob(Job{Kind: kind, first: gap, End: s.Count(), From: from, Began: now})
	}
}

// Adopt gives imported scripts that an account derives to the account, which from
// then on is as old as they are, and they as old as it is. It returns the scripts
// that are new.
func (e Edit) Adopt(s *Snapshot, a *Account, derived []Script) ([]Script, error) {
	more := derived[:0]
	for _, sc := range derived {
		n, known := e.Find(sc.Pay)
		if !known {
			more = append(more, sc)
			continue
		}
		sc.Born = birthday.Born{}
		if err := e.adoptScript(s, a, n, sc); err != nil {
			return nil, err
		}
	}
	return more, nil
}

func (e Edit) adoptScript(s *Snapshot, a *Account, n uint32, sc Script) error {
	account, of := BirthdayUndo{Number: a.Number}, BirthdayUndo{Script: true, Number: n}
	was, err := s.birthHeightsOf(e.Tx, account)
	scriptWas, err2 := s.birthHeightsOf(e.Tx, of)
	if err := errors.Join(err, err2, s.adoptUndo(e.Tx, account, of)); err != nil {
		return err
	}
	a.Born = s.Birthdays.Earliest(a.Born, s.Scripts[n].Born)
	if err := ledger.MoveSum(e.Tx, n, s.Scripts[n].Account, sc.Account); err != nil {
		return err
	}
	s.Scripts = slices.Clone(s.Scripts)
	s.Scripts[n] = sc
	if err := putScript(e.Tx, n, &sc); err != nil {
		return err
	}
	is, err := s.birthHeightsOf(e.Tx, account)
	if err != nil {
		return err
	}
	s.searchOlder(was, is, s.First(&account), e.Now, DiscoveryJob)
	is = BirthHeights{max(1, is.Now), max(1, is.Kept)}
	s.searchOlder(scriptWas, is, n, e.Now, DiscoveryJob)
	paid, err := e.paid(n, sc.Pay)
	if paid {
		window := &a.Branches[sc.Branch]
		*window = window.Use(sc.Index)
	}
	return err
}

// adoptUndo makes what rescans have lowered of a script, and give back in the end,
// part of what they give back of the account that it belongs to from now on.
func (s *Snapshot) adoptUndo(tx *bolt.Tx, account, of BirthdayUndo) error {
	for i := range s.Jobs {
		id := s.Jobs[i].ID
		list, err := BirthdayUndosOf(tx, id)
		if err != nil {
			return err
		}
		was, has := s.Accounts[account.Number].Born, false
		var script *BirthdayUndo
		for _, l := range list {
			switch {
			case !l.Script && l.Number == account.Number:
				was, has = l.was, true
			case l.Script && l.Number == of.Number:
				script = &l
			}
		}
		merged := account
		switch {
		case script != nil:
			merged.was = s.Birthdays.Earliest(was, script.was)
			err = errors.Join(tx.Bucket(BirthdayUndoBucket).Delete(script.key(id)), putBirthdayUndo(tx, id, merged))
		case has:
			merged.was = s.Birthdays.Earliest(was, s.Scripts[of.Number].Born)
			err = putBirthdayUndo(tx, id, merged)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// paid reports whether a block pays a script, void or not.
func (e Edit) paid(n uint32, pay []byte) (bool, error) {
	paid := false
	err := ledger.PaymentsOf(e.Tx, n, func(ledger.Payment) error { paid = true; return nil })
	if paid || err != nil {
		return paid, err
	}
	owner := func(script []byte) (uint32, bool) { return n, bytes.Equal(script, pay) }
	err = rows.Each(e.Tx.Bucket(ledger.DisapprovedBucket), func(k, _ []byte) error {
		r := rows.Row{Rest: k}
		h := consensus.Height(r.U32())
		list, err := ledger.MinedIn(e.Tx, h, h)
		for _, m := range list {
			found := txn.Examine(m.Tx, txn.KindAt(m.Place, m.Tx), owner)
			paid = paid || found.Received()
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("payments to script %d: %w", n, err)
	}
	return paid, nil
}

// Claimed returns what the birthday of a script is that of: its account, or itself.
func (s *Snapshot) Claimed(n uint32) BirthdayUndo {
	if a := s.Scripts[n].Account; a != ImportedAccount {
		return BirthdayUndo{Number: a}
	}
	return BirthdayUndo{Script: true, Number: n}
}
