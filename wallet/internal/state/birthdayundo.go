package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// BirthdayUndo is a birthday that a rescan has lowered, as it was before: that of an
// account, or of a script that has one of its own.
type BirthdayUndo struct {
	Script bool
	Number uint32
	was    birthday.Born
}

// The bucket of birthdays that rescans give back, which is made with its first row. Keys: the number of a job
// (u32), whether what is lowered is a script (u8), its number (u32). Values: the
// birthday that it would have without the job, see appendBorn, and the number of its
// anchor (u32), which formats before 3 lack. Rows are there as long as the job is not over.
var BirthdayUndoBucket = []byte("lowered")

func (l *BirthdayUndo) key(job uint32) []byte {
	kind := byte(0)
	if l.Script {
		kind = 1
	}
	return binary.BigEndian.AppendUint32(append(rows.Key(job), kind), l.Number)
}

// putBirthdayUndo stores the birthday that a job may have to give back.
func putBirthdayUndo(tx *bolt.Tx, job uint32, l BirthdayUndo) error {
	b, err := tx.CreateBucketIfNotExists(BirthdayUndoBucket)
	if err != nil {
		return err
	}
	return b.Put(l.key(job), l.encode())
}

func (l *BirthdayUndo) encode() []byte {
	return binary.BigEndian.AppendUint32(appendBorn(nil, l.was), l.was.After)
}

// DecodeBirthdayUndo reads a row without the number of its job.
func DecodeBirthdayUndo(k, v []byte) (BirthdayUndo, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	l := BirthdayUndo{Script: key.U8() == 1, Number: key.U32(), was: readBorn(&r)}
	if len(r.Rest) > 0 {
		l.was.After = r.U32()
	}
	if key.Done() != nil || r.Done() != nil {
		return l, ErrCorrupt
	}
	return l, nil
}

// BirthdayUndosOf returns what a job has lowered.
func BirthdayUndosOf(tx *bolt.Tx, job uint32) ([]BirthdayUndo, error) {
	b := tx.Bucket(BirthdayUndoBucket)
	if b == nil {
		return nil, nil
	}
	var list []BirthdayUndo
	c := b.Cursor()
	for k, v := c.Seek(rows.Key(job)); len(k) >= 4 && binary.BigEndian.Uint32(k) == job; k, v = c.Next() {
		l, err := DecodeBirthdayUndo(k[4:], v)
		if err != nil {
			return nil, fmt.Errorf("read what job %d has lowered: %w", job, err)
		}
		list = append(list, l)
	}
	return list, nil
}

// AnyBirthdayUndo reports whether a rescan goes on that has lowered a birthday.
func AnyBirthdayUndo(tx *bolt.Tx) bool {
	b := tx.Bucket(BirthdayUndoBucket)
	if b == nil {
		return false
	}
	k, _ := b.Cursor().First()
	return k != nil
}

// dropBirthdayUndos deletes what a job has lowered, which is for good.
func dropBirthdayUndos(tx *bolt.Tx, job uint32) error {
	list, err := BirthdayUndosOf(tx, job)
	for _, l := range list {
		err = errors.Join(err, tx.Bucket(BirthdayUndoBucket).Delete(l.key(job)))
	}
	return err
}

// birthday returns the birthday that was lowered, as it is now.
func (s *Snapshot) birthday(l *BirthdayUndo) *birthday.Born {
	if l.Script {
		return &s.Scripts[l.Number].Born
	}
	return &s.Accounts[l.Number].Born
}

// First returns the number of the first script that a birthday is that of.
func (s *Snapshot) First(l *BirthdayUndo) uint32 {
	if l.Script {
		return l.Number
	}
	return uint32(slices.IndexFunc(s.Scripts, func(sc Script) bool { return sc.Account == l.Number }))
}

// at returns the birthday of a height for an account or script. A birthday of its own that
// a script of an account has is never zero.
func (s *Snapshot) at(l *BirthdayUndo, h consensus.Height) birthday.Born {
	if l.Script && s.Scripts[l.Number].Account != ImportedAccount {
		h = max(1, h)
	}
	return birthday.AtHeight(h)
}

// lower lowers a birthday to a height, for a job.
func (s *Snapshot) lower(tx *bolt.Tx, job uint32, l BirthdayUndo, h consensus.Height) error {
	d := s.birthday(&l)
	if d.Height <= h {
		return nil // what a date or a block says may become later on another branch
	}
	l.was, *d = *d, s.Birthdays.Earliest(*d, s.at(&l, h))
	return errors.Join(putBirthdayUndo(tx, job, l), s.saveUndone(tx, &l))
}

// KeepLowered makes what rescans give back in the end include a height, for all that has a
// birthday.
func (s *Snapshot) KeepLowered(tx *bolt.Tx, h consensus.Height) error {
	var errs []error
	for i := range s.Accounts {
		of := BirthdayUndo{Number: uint32(i)}
		errs = append(errs, s.relower(tx, of, s.at(&of, h)))
	}
	for n := range s.Scripts {
		if sc := &s.Scripts[n]; sc.Account == ImportedAccount || sc.Own() {
			of := BirthdayUndo{Script: true, Number: uint32(n)}
			errs = append(errs, s.relower(tx, of, s.at(&of, h)))
		}
	}
	return errors.Join(errs...)
}

// saveUndone stores the script whose birthday was changed. Accounts are stored with
// the snapshot.
func (s *Snapshot) saveUndone(tx *bolt.Tx, l *BirthdayUndo) error {
	if !l.Script {
		return nil
	}
	return putScript(tx, l.Number, &s.Scripts[l.Number])
}

// Restore takes back what a rescan that is given up has lowered: blocks that it has not
// come to were not searched for what is older now. Another rescan may want some of it
// to be as old, and takes over what is to be given back. The accounts and scripts of
// the snapshot must be its own. It reports whether anything has changed.
func (s *Snapshot) Restore(tx *bolt.Tx, id uint32, from consensus.Height) (changed bool, err error) {
	list, err := BirthdayUndosOf(tx, id)
	if err != nil {
		return false, err
	}
	for _, l := range list {
		was, now := l.was, s.birthday(&l)
		for i := range s.Jobs {
			j := &s.Jobs[i]
			if !s.wants(j, id, &l) {
				continue
			}
			was = s.Birthdays.Earliest(was, s.at(&l, j.From))
			if err := s.handOver(tx, j, l, from); err != nil {
				return false, err
			}
		}
		if *now != was {
			*now, changed = was, true
		}
		if err := s.saveUndone(tx, &l); err != nil {
			return false, err
		}
	}
	return changed, dropBirthdayUndos(tx, id)
}

// wants reports whether a rescan may want a birthday to be as low as another one, which
// is given up, has made it.
func (s *Snapshot) wants(j *Job, id uint32, l *BirthdayUndo) bool {
	return j.Kind == RescanJob && j.ID != id && j.state != JobCanceled && s.First(l) < j.End && (j.ID > id || j.Active())
}

// Raise is a part of restore: it takes back what a rescan from a height has lowered so
// far that a rescan from a later height would have done the rest.
func (s *Snapshot) Raise(tx *bolt.Tx, id uint32, list []BirthdayUndo, from, to consensus.Height) error {
	for _, l := range list {
		want, now := s.Birthdays.Earliest(l.was, birthday.AtHeight(to)), s.birthday(&l)
		for i := range s.Jobs {
			j := &s.Jobs[i]
			if !s.wants(j, id, &l) {
				continue
			}
			want = s.Birthdays.Earliest(want, birthday.AtHeight(j.From))
			v := tx.Bucket(BirthdayUndoBucket).Get(l.key(j.ID))
			if v == nil || !j.Active() || s.Birthdays.At(l.was) <= j.From {
				continue
			}
			other, err := DecodeBirthdayUndo(l.key(j.ID)[4:], v)
			if err == nil && other.was == s.Birthdays.Earliest(l.was, birthday.AtHeight(from)) {
				other.was = s.Birthdays.Earliest(l.was, birthday.AtHeight(to))
				err = putBirthdayUndo(tx, j.ID, other)
			}
			if err != nil {
				return err
			}
		}
		if *now == want {
			continue
		}
		*now = want
		if err := s.saveUndone(tx, &l); err != nil {
			return err
		}
	}
	return nil
}

// handOver makes another rescan give back what one has lowered to a height, if that
// needs it to be lowered too.
func (s *Snapshot) handOver(tx *bolt.Tx, j *Job, l BirthdayUndo, from consensus.Height) error {
	if !j.Active() || s.Birthdays.At(l.was) <= j.From {
		return nil
	}
	v := tx.Bucket(BirthdayUndoBucket).Get(l.key(j.ID))
	if v != nil {
		other, err := DecodeBirthdayUndo(l.key(j.ID)[4:], v)
		if err != nil || other.was != s.Birthdays.Earliest(l.was, s.at(&l, from)) {
			return err
		}
	}
	return putBirthdayUndo(tx, j.ID, l)
}

// Epoch returns a number that is another one after each cancellation of a rescan, and
// after each step of one.
// It may change when an old job is forgotten, too.
func (s *Snapshot) Epoch() uint32 {
	var numbers []byte
	for i := range s.Jobs {
		if j := &s.Jobs[i]; j.Kind == RescanJob && j.state == JobCanceled {
			numbers = binary.BigEndian.AppendUint32(numbers, j.ID)
		}
	}
	if s.Forgetting.Job != 0 {
		numbers = append(numbers, s.Forgetting.encode()...)
	}
	return crc32.ChecksumIEEE(numbers)
}
