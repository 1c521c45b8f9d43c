package wallet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// birthdayUndo is a birthday that a rescan has lowered, as it was before: that of an
// account, or of a script that has one of its own.
type birthdayUndo struct {
	script bool
	number uint32
	was    born
}

// The bucket of birthdays that rescans give back, which is made with its first row. Keys: the number of a job
// (u32), whether what is lowered is a script (u8), its number (u32). Values: the
// birthday that it would have without the job, see appendBorn, and the number of its
// anchor (u32), which formats before 3 lack. Rows are there as long as the job is not over.
var birthdayUndoBucket = []byte("lowered")

func (l *birthdayUndo) key(job uint32) []byte {
	kind := byte(0)
	if l.script {
		kind = 1
	}
	return binary.BigEndian.AppendUint32(append(rows.Key(job), kind), l.number)
}

// putBirthdayUndo stores the birthday that a job may have to give back.
func putBirthdayUndo(tx *bolt.Tx, job uint32, l birthdayUndo) error {
	b, err := tx.CreateBucketIfNotExists(birthdayUndoBucket)
	if err != nil {
		return err
	}
	return b.Put(l.key(job), l.encode())
}

func (l *birthdayUndo) encode() []byte {
	return binary.BigEndian.AppendUint32(appendBorn(nil, l.was), l.was.after)
}

// decodeBirthdayUndo reads a row without the number of its job.
func decodeBirthdayUndo(k, v []byte) (birthdayUndo, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	l := birthdayUndo{script: key.U8() == 1, number: key.U32(), was: readBorn(&r)}
	if len(r.Rest) > 0 {
		l.was.after = r.U32()
	}
	if key.Done() != nil || r.Done() != nil {
		return l, ErrCorrupt
	}
	return l, nil
}

// birthdayUndosOf returns what a job has lowered.
func birthdayUndosOf(tx *bolt.Tx, job uint32) ([]birthdayUndo, error) {
	b := tx.Bucket(birthdayUndoBucket)
	if b == nil {
		return nil, nil
	}
	var list []birthdayUndo
	c := b.Cursor()
	for k, v := c.Seek(rows.Key(job)); len(k) >= 4 && binary.BigEndian.Uint32(k) == job; k, v = c.Next() {
		l, err := decodeBirthdayUndo(k[4:], v)
		if err != nil {
			return nil, fmt.Errorf("read what job %d has lowered: %w", job, err)
		}
		list = append(list, l)
	}
	return list, nil
}

// anyBirthdayUndo reports whether a rescan goes on that has lowered a birthday.
func anyBirthdayUndo(tx *bolt.Tx) bool {
	b := tx.Bucket(birthdayUndoBucket)
	if b == nil {
		return false
	}
	k, _ := b.Cursor().First()
	return k != nil
}

// dropBirthdayUndos deletes what a job has lowered, which is for good.
func dropBirthdayUndos(tx *bolt.Tx, job uint32) error {
	list, err := birthdayUndosOf(tx, job)
	for _, l := range list {
		err = errors.Join(err, tx.Bucket(birthdayUndoBucket).Delete(l.key(job)))
	}
	return err
}

// birthday returns the birthday that was lowered, as it is now.
func (s *snapshot) birthday(l *birthdayUndo) *born {
	if l.script {
		return &s.scripts[l.number].born
	}
	return &s.accounts[l.number].born
}

// first returns the number of the first script that a birthday is that of.
func (s *snapshot) first(l *birthdayUndo) uint32 {
	if l.script {
		return l.number
	}
	return uint32(slices.IndexFunc(s.scripts, func(sc script) bool { return sc.account == l.number }))
}

// at returns the birthday of a height for an account or script. A birthday of its own that
// a script of an account has is never zero.
func (s *snapshot) at(l *birthdayUndo, h consensus.Height) born {
	if l.script && s.scripts[l.number].account != ImportedAccount {
		h = max(1, h)
	}
	return atHeight(h)
}

// lower lowers a birthday to a height, for a job.
func (s *snapshot) lower(tx *bolt.Tx, job uint32, l birthdayUndo, h consensus.Height) error {
	d := s.birthday(&l)
	if d.height <= h {
		return nil // what a date or a block says may become later on another branch
	}
	l.was, *d = *d, s.earliest(*d, s.at(&l, h))
	return errors.Join(putBirthdayUndo(tx, job, l), s.saveUndone(tx, &l))
}

// keepLowered makes what rescans give back in the end include a height, for all that has a
// birthday.
func (s *snapshot) keepLowered(tx *bolt.Tx, h consensus.Height) error {
	var errs []error
	for i := range s.accounts {
		of := birthdayUndo{number: uint32(i)}
		errs = append(errs, s.relower(tx, of, s.at(&of, h)))
	}
	for n := range s.scripts {
		if sc := &s.scripts[n]; sc.account == ImportedAccount || sc.own() {
			of := birthdayUndo{script: true, number: uint32(n)}
			errs = append(errs, s.relower(tx, of, s.at(&of, h)))
		}
	}
	return errors.Join(errs...)
}

// saveUndone stores the script whose birthday was changed. Accounts are stored with
// the snapshot.
func (s *snapshot) saveUndone(tx *bolt.Tx, l *birthdayUndo) error {
	if !l.script {
		return nil
	}
	return putScript(tx, l.number, &s.scripts[l.number])
}

// restore takes back what a rescan that is given up has lowered: blocks that it has not
// come to were not searched for what is older now. Another rescan may want some of it
// to be as old, and takes over what is to be given back. The accounts and scripts of
// the snapshot must be its own. It reports whether anything has changed.
func (s *snapshot) restore(tx *bolt.Tx, id uint32, from consensus.Height) (changed bool, err error) {
	list, err := birthdayUndosOf(tx, id)
	if err != nil {
		return false, err
	}
	for _, l := range list {
		was, now := l.was, s.birthday(&l)
		for i := range s.jobs {
			j := &s.jobs[i]
			if !s.wants(j, id, &l) {
				continue
			}
			was = s.earliest(was, s.at(&l, j.from))
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
func (s *snapshot) wants(j *job, id uint32, l *birthdayUndo) bool {
	return j.kind == RescanJob && j.id != id && j.state != JobCanceled && s.first(l) < j.end && (j.id > id || j.active())
}

// raise is a part of restore: it takes back what a rescan from a height has lowered so
// far that a rescan from a later height would have done the rest.
func (s *snapshot) raise(tx *bolt.Tx, id uint32, list []birthdayUndo, from, to consensus.Height) error {
	for _, l := range list {
		want, now := s.earliest(l.was, atHeight(to)), s.birthday(&l)
		for i := range s.jobs {
			j := &s.jobs[i]
			if !s.wants(j, id, &l) {
				continue
			}
			want = s.earliest(want, atHeight(j.from))
			v := tx.Bucket(birthdayUndoBucket).Get(l.key(j.id))
			if v == nil || !j.active() || s.bornAt(l.was) <= j.from {
				continue
			}
			other, err := decodeBirthdayUndo(l.key(j.id)[4:], v)
			if err == nil && other.was == s.earliest(l.was, atHeight(from)) {
				other.was = s.earliest(l.was, atHeight(to))
				err = putBirthdayUndo(tx, j.id, other)
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
func (s *snapshot) handOver(tx *bolt.Tx, j *job, l birthdayUndo, from consensus.Height) error {
	if !j.active() || s.bornAt(l.was) <= j.from {
		return nil
	}
	v := tx.Bucket(birthdayUndoBucket).Get(l.key(j.id))
	if v != nil {
		other, err := decodeBirthdayUndo(l.key(j.id)[4:], v)
		if err != nil || other.was != s.earliest(l.was, s.at(&l, from)) {
			return err
		}
	}
	return putBirthdayUndo(tx, j.id, l)
}

// epoch returns a number that is another one after each cancellation of a rescan, and
// after each step of one.
// It may change when an old job is forgotten, too.
func (s *snapshot) epoch() uint32 {
	var numbers []byte
	for i := range s.jobs {
		if j := &s.jobs[i]; j.kind == RescanJob && j.state == JobCanceled {
			numbers = binary.BigEndian.AppendUint32(numbers, j.id)
		}
	}
	if s.forgetting.job != 0 {
		numbers = append(numbers, s.forgetting.encode()...)
	}
	return crc32.ChecksumIEEE(numbers)
}
