package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// An anchor is needed while its block may leave the chain. Then it is final: what is born
// after it is born at a height. Final anchors are dropped several at a time, because for
// that all scripts are looked at.
const (
	FinalAfter = ledger.LeftBlocks // how many blocks the anchor is below the tip
	DropAt     = 64                // how many are dropped at a time, at least
)

// The anchors bucket. Keys are numbers (u32) from one on without holes. Values: a
// block (height u32, hash), and the highest block known to be below it and the
// wallet's tip (height u32). See [birthday.Anchor]. All are zero for a number that is free.
var anchorsBucket = []byte("anchors")

// The anchored bucket. Keys: whether an account is meant or a script (u8, 0 or 1),
// its number (u32). Values: the number of the anchor after which it is born (u32).
var anchoredBucket = []byte("anchored")

// The dates bucket. Keys: dates that birthdays have, in Unix seconds (u32). Values:
// the first height of the wallet's chain that the date includes, that of unborn if
// no block has reached it (u32).
var datesBucket = []byte("dates")

// addAnchors is the upgrade to format 3, which has birthdays that follow the chain.
func addAnchors(tx *bolt.Tx) error {
	var errs []error
	for _, name := range [][]byte{anchorsBucket, anchoredBucket, datesBucket} {
		_, err := tx.CreateBucketIfNotExists(name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func encodeAnchor(a birthday.Anchor) []byte {
	return binary.BigEndian.AppendUint32(rows.AppendBlockID(nil, a.BlockID), uint32(a.Base))
}

func decodeAnchor(v []byte) (birthday.Anchor, error) {
	r := rows.Row{Rest: v}
	a := birthday.Anchor{BlockID: r.BlockID(), Base: consensus.Height(r.U32())}
	r.Bad = r.Bad || a.Base < 0 || a.Base > a.Height
	return a, r.Done()
}

// loadAnchors reads the anchors, the dates, and what is born after anchors. The
// accounts and scripts must have been read.
func (s *Snapshot) loadAnchors(tx *bolt.Tx) error {
	var err [3]error
	s.Birthdays.Anchors, err[0] = rows.Load(tx.Bucket(anchorsBucket), "anchor", func(_, v []byte) (birthday.Anchor, error) { return decodeAnchor(v) })
	s.Birthdays.Dates, err[1] = rows.Load(tx.Bucket(datesBucket), "date", func(k, v []byte) (birthday.Dated, error) {
		key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
		d := birthday.Dated{Date: key.U32(), First: consensus.Height(r.U32())}
		r.Bad = r.Bad || d.First < 0
		return d, errors.Join(key.Done(), r.Done())
	})
	err[2] = rows.Each(tx.Bucket(anchoredBucket), func(k, v []byte) error {
		key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
		l := BirthdayUndo{Script: key.U8() == 1, Number: key.U32()}
		n := r.U32()
		bad := key.Done() != nil || r.Done() != nil || n == 0 || int(n) > len(s.Birthdays.Anchors) || s.Birthdays.Anchors[n-1] == birthday.Anchor{} ||
			l.Script && l.Number >= s.Count() || !l.Script && int(l.Number) >= len(s.Accounts)
		if bad {
			return fmt.Errorf("read birthday %x: %w", k, ErrCorrupt)
		}
		s.birthday(&l).After = n
		return nil
	})
	return errors.Join(errors.Join(err[:]...), s.loadDates(tx))
}

// loadDates adds the dates that no row says anything about: those of formats before 3.
func (s *Snapshot) loadDates(tx *bolt.Tx) error {
	add := func(d birthday.Born) {
		if d.Date != 0 && s.Birthdays.Date(d.Date) == birthday.Unborn {
			s.Birthdays.SetDate(d.Date, birthday.Unborn)
		}
	}
	for i := range s.Accounts {
		add(s.Accounts[i].Born)
	}
	for i := range s.Scripts {
		add(s.Scripts[i].Born)
	}
	for i := range s.Jobs {
		list, err := BirthdayUndosOf(tx, s.Jobs[i].ID)
		if err != nil {
			return err
		}
		for _, l := range list {
			add(l.was)
		}
	}
	return nil
}

// saveAnchors stores what differs between the anchors and dates of a snapshot and
// those of the one before it, and what is born after anchors, by saveAnchored.
func (s *Snapshot) saveAnchors(tx *bolt.Tx, old *Snapshot) error {
	var errs []error
	for i, a := range s.Birthdays.Anchors {
		if i >= len(old.Birthdays.Anchors) || old.Birthdays.Anchors[i] != a {
			errs = append(errs, tx.Bucket(anchorsBucket).Put(rows.Key(uint32(i)+1), encodeAnchor(a)))
		}
	}
	for i := len(s.Birthdays.Anchors); i < len(old.Birthdays.Anchors); i++ {
		errs = append(errs, tx.Bucket(anchorsBucket).Delete(rows.Key(uint32(i)+1)))
	}
	if !slices.Equal(s.Birthdays.Dates, old.Birthdays.Dates) {
		for _, d := range s.Birthdays.Dates {
			errs = append(errs, tx.Bucket(datesBucket).Put(rows.Key(d.Date), rows.Key(uint32(d.First))))
		}
	}
	for i := range s.Accounts {
		if after := s.Accounts[i].Born.After; after != 0 && (i >= len(old.Accounts) || old.Accounts[i].Born.After != after) {
			errs = append(errs, saveAnchored(tx, BirthdayUndo{Number: uint32(i)}, after))
		} else if after == 0 && i < len(old.Accounts) && old.Accounts[i].Born.After != 0 {
			errs = append(errs, saveAnchored(tx, BirthdayUndo{Number: uint32(i)}, 0))
		}
	}
	return errors.Join(errs...)
}

// DropAnchors makes birthdays after blocks that are final those of heights, and frees the
// anchors, if there are DropAt of them. Scripts and lowered birthdays are stored; the rest
// is with the snapshot.
func (s *Snapshot) DropAnchors(tx *bolt.Tx) error {
	anchors, final := slices.Clone(s.Birthdays.Anchors), 0
	for i, a := range anchors {
		if a != (birthday.Anchor{}) && a.Base == a.Height && a.Height <= s.Tip.Height-FinalAfter {
			anchors[i] = birthday.Anchor{}
			final++
		}
	}
	if final < DropAt {
		return nil
	}
	onHeight := func(b *birthday.Born) bool {
		if b.After == 0 || anchors[b.After-1] != (birthday.Anchor{}) {
			return false
		}
		*b = birthday.Born{Height: min(b.Height, s.Birthdays.Anchors[b.After-1].Height+1), Date: b.Date}
		return true
	}
	if err := s.changeBirths(tx, onHeight); err != nil {
		return err
	}
	for len(anchors) > 0 && anchors[len(anchors)-1] == (birthday.Anchor{}) {
		anchors = anchors[:len(anchors)-1]
	}
	s.Birthdays.Anchors = anchors
	return nil
}

// changeBirths gives scripts, accounts and what jobs have lowered other birthdays, where
// change returns true. Scripts and lowered birthdays are stored.
func (s *Snapshot) changeBirths(tx *bolt.Tx, change func(*birthday.Born) bool) error {
	scripts, accounts := slices.Clone(s.Scripts), slices.Clone(s.Accounts)
	for n := range scripts {
		if change(&scripts[n].Born) {
			if err := putScript(tx, uint32(n), &scripts[n]); err != nil {
				return err
			}
		}
	}
	for i := range accounts {
		change(&accounts[i].Born)
	}
	for i := range s.Jobs {
		list, err := BirthdayUndosOf(tx, s.Jobs[i].ID)
		if err != nil {
			return err
		}
		for _, l := range list {
			if !change(&l.was) {
				continue
			}
			if err := putBirthdayUndo(tx, s.Jobs[i].ID, l); err != nil {
				return err
			}
		}
	}
	s.Scripts, s.Accounts = scripts, accounts
	return nil
}

// saveAnchored stores after which anchor something is born, zero for none.
func saveAnchored(tx *bolt.Tx, of BirthdayUndo, after uint32) error {
	key := of.key(0)[4:]
	if after == 0 {
		return tx.Bucket(anchoredBucket).Delete(key)
	}
	return tx.Bucket(anchoredBucket).Put(key, rows.Key(after))
}

// putScript stores a script and its birthday.
func putScript(tx *bolt.Tx, number uint32, sc *Script) error {
	return errors.Join(tx.Bucket(ledger.ScriptsBucket).Put(rows.Key(number), sc.Encode()),
		saveAnchored(tx, BirthdayUndo{Script: true, Number: number}, sc.Born.After))
}
