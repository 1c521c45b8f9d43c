package wallet

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// birthHeights are the first heights that a birthday includes: as it is now, and as it would
// be if the rescans that go on were canceled.
type birthHeights struct{ now, kept consensus.Height }

// birthHeightsOf returns those of an account, or of a script that has a birthday of its own.
func (s *snapshot) birthHeightsOf(tx *bolt.Tx, of birthdayUndo) (birthHeights, error) {
	kept, err := s.beforeUndo(tx, of)
	return birthHeights{s.bornAt(*s.birthday(&of)), s.bornAt(kept)}, err
}

// claim makes an account or imported script as old as it is and as a user now says,
// whichever is earlier, and reports whether that is older than before. What has not
// been searched for it because it was younger is searched then. The birthday is no
// rescan's to give back. The accounts of the snapshot must be its own.
func (e edit) claim(s *snapshot, of birthdayUndo, d born) (older bool, err error) {
	if of.script {
		s.scripts = slices.Clone(s.scripts)
	}
	was, is, older, err := e.age(s, of, d)
	s.searchOlder(was, is, s.first(&of), e.now, ImportJob)
	return older, err
}

// age is claim without the search. It returns the birthday before and after. The accounts
// and the scripts of the snapshot must be its own.
func (e edit) age(s *snapshot, of birthdayUndo, d born) (was, is birthHeights, older bool, err error) {
	kept, err := s.beforeUndo(e.tx, of)
	if err != nil {
		return was, was, false, err
	}
	p := s.birthday(&of)
	was = birthHeights{s.bornAt(*p), s.bornAt(kept)}
	older = s.bornAt(d) < was.kept || s.earlierDate(d, kept)
	if !older && s.earliest(kept, d) == kept {
		return was, was, false, nil
	}
	if err := s.relower(e.tx, of, d); err != nil {
		return was, was, false, err
	}
	*p = s.earliest(*p, d) // also when only another branch may make that earlier
	is = birthHeights{s.bornAt(*p), s.bornAt(s.earliest(kept, d))}
	return was, is, older, s.saveUndone(e.tx, &of)
}

// earlierDate reports whether a birthday is a date that no block has reached, and that may
// turn out to be before another birthday, which no block has reached either.
func (s *snapshot) earlierDate(d, than born) bool {
	return d.date != 0 && s.bornAt(d) == unborn && s.bornAt(than) > s.tip.Height && (than.date == 0 || d.date < than.date)
}

// beforeUndo returns the birthday of an account or script as it is without rescans
// that are not over.
func (s *snapshot) beforeUndo(tx *bolt.Tx, of birthdayUndo) (born, error) {
	d := *s.birthday(&of)
	for i := range s.jobs {
		list, err := birthdayUndosOf(tx, s.jobs[i].id)
		if err != nil {
			return d, err
		}
		for _, l := range list {
			if l.script == of.script && l.number == of.number && s.bornAt(l.was) > s.bornAt(d) {
				d = l.was
			}
		}
	}
	return d, nil
}

// relower makes what rescans give back in the end include a birthday.
func (s *snapshot) relower(tx *bolt.Tx, of birthdayUndo, d born) error {
	for i := range s.jobs {
		list, err := birthdayUndosOf(tx, s.jobs[i].id)
		if err != nil {
			return err
		}
		for _, l := range list {
			if l.script != of.script || l.number != of.number {
				continue
			}
			l.was = s.earliest(l.was, d)
			if err := putBirthdayUndo(tx, s.jobs[i].id, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// searchAgain makes the cursor go back to search for scripts from a number on in all
// blocks from a height on, because they were not looked for there so far.
func (s *snapshot) searchAgain(from consensus.Height, first, now uint32, kind JobKind) {
	if first >= s.fresh || from > s.tip.Height {
		return // they are searched for everywhere yet, or nothing was missed
	}
	s.holdJobs()
	s.addJob(job{kind: kind, first: first, end: s.count(), from: from, began: now})
	s.goBack(from, first)
}

// searchOlder makes the wallet search for scripts from a number on, which have become older,
// in the blocks that were not searched because they were younger.
func (s *snapshot) searchOlder(was, is birthHeights, first, now uint32, kind JobKind) {
	switch {
	case is.now < was.now:
		s.searchAgain(is.now, first, now, kind)
	case is.kept < was.kept:
		s.searchAnyway(is.kept, first, now, kind)
	}
}

// searchAnyway adds a job for scripts from a number on that rescans search for as it is, in
// all blocks from a height on and more: if they are canceled, it goes on.
func (s *snapshot) searchAnyway(from consensus.Height, first, now uint32, kind JobKind) {
	if first < s.fresh && from <= s.tip.Height {
		s.addJob(job{kind: kind, first: first, end: s.count(), from: from, began: now})
	}
}

// adopt gives imported scripts that an account derives to the account, which from
// then on is as old as they are, and they as old as it is. It returns the scripts
// that are new.
func (e edit) adopt(s *snapshot, a *Account, derived []script) ([]script, error) {
	more := derived[:0]
	for _, sc := range derived {
		n, known := e.find(sc.pay)
		if !known {
			more = append(more, sc)
			continue
		}
		sc.born = born{}
		if err := e.adoptScript(s, a, n, sc); err != nil {
			return nil, err
		}
	}
	return more, nil
}

func (e edit) adoptScript(s *snapshot, a *Account, n uint32, sc script) error {
	account, of := birthdayUndo{number: a.Number}, birthdayUndo{script: true, number: n}
	was, err := s.birthHeightsOf(e.tx, account)
	scriptWas, err2 := s.birthHeightsOf(e.tx, of)
	if err := errors.Join(err, err2, s.adoptUndo(e.tx, account, of)); err != nil {
		return err
	}
	a.born = s.earliest(a.born, s.scripts[n].born)
	if err := ledger.MoveSum(e.tx, n, s.scripts[n].account, sc.account); err != nil {
		return err
	}
	s.scripts = slices.Clone(s.scripts)
	s.scripts[n] = sc
	if err := putScript(e.tx, n, &sc); err != nil {
		return err
	}
	is, err := s.birthHeightsOf(e.tx, account)
	if err != nil {
		return err
	}
	s.searchOlder(was, is, s.first(&account), e.now, DiscoveryJob)
	is = birthHeights{max(1, is.now), max(1, is.kept)}
	s.searchOlder(scriptWas, is, n, e.now, DiscoveryJob)
	paid, err := e.paid(n, sc.pay)
	if paid {
		window := &a.Branches[sc.branch]
		*window = window.Use(sc.index)
	}
	return err
}

// adoptUndo makes what rescans have lowered of a script, and give back in the end,
// part of what they give back of the account that it belongs to from now on.
func (s *snapshot) adoptUndo(tx *bolt.Tx, account, of birthdayUndo) error {
	for i := range s.jobs {
		id := s.jobs[i].id
		list, err := birthdayUndosOf(tx, id)
		if err != nil {
			return err
		}
		was, has := s.accounts[account.number].born, false
		var script *birthdayUndo
		for _, l := range list {
			switch {
			case !l.script && l.number == account.number:
				was, has = l.was, true
			case l.script && l.number == of.number:
				script = &l
			}
		}
		merged := account
		switch {
		case script != nil:
			merged.was = s.earliest(was, script.was)
			err = errors.Join(tx.Bucket(birthdayUndoBucket).Delete(script.key(id)), putBirthdayUndo(tx, id, merged))
		case has:
			merged.was = s.earliest(was, s.scripts[of.number].born)
			err = putBirthdayUndo(tx, id, merged)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// paid reports whether a block pays a script, void or not.
func (e edit) paid(n uint32, pay []byte) (bool, error) {
	paid := false
	err := ledger.PaymentsOf(e.tx, n, func(ledger.Payment) error { paid = true; return nil })
	if paid || err != nil {
		return paid, err
	}
	owner := func(script []byte) (uint32, bool) { return n, bytes.Equal(script, pay) }
	err = rows.Each(e.tx.Bucket(ledger.DisapprovedBucket), func(k, _ []byte) error {
		r := rows.Row{Rest: k}
		h := consensus.Height(r.U32())
		list, err := ledger.MinedIn(e.tx, h, h)
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
