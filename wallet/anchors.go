package wallet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// An anchor is needed while its block may leave the chain. Then it is final: what is born
// after it is born at a height. Final anchors are dropped several at a time, because for
// that all scripts are looked at.
const (
	finalAfter = ledger.LeftBlocks // how many blocks the anchor is below the tip
	dropAt     = 64                // how many are dropped at a time, at least
)

// The anchors bucket. Keys are numbers (u32) from one on without holes. Values: a
// block (height u32, hash), and the highest block known to be below it and the
// wallet's tip (height u32). See anchor. All are zero for a number that is free.
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

func (a anchor) encode() []byte {
	return binary.BigEndian.AppendUint32(rows.AppendBlockID(nil, a.BlockID), uint32(a.base))
}

func decodeAnchor(v []byte) (anchor, error) {
	r := rows.Row{Rest: v}
	a := anchor{BlockID: r.BlockID(), base: consensus.Height(r.U32())}
	r.Bad = r.Bad || a.base < 0 || a.base > a.Height
	return a, r.Done()
}

// loadAnchors reads the anchors, the dates, and what is born after anchors. The
// accounts and scripts must have been read.
func (s *snapshot) loadAnchors(tx *bolt.Tx) error {
	var err [3]error
	s.anchors, err[0] = rows.Load(tx.Bucket(anchorsBucket), "anchor", func(_, v []byte) (anchor, error) { return decodeAnchor(v) })
	s.dates, err[1] = rows.Load(tx.Bucket(datesBucket), "date", func(k, v []byte) (dated, error) {
		key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
		d := dated{key.U32(), consensus.Height(r.U32())}
		r.Bad = r.Bad || d.first < 0
		return d, errors.Join(key.Done(), r.Done())
	})
	err[2] = rows.Each(tx.Bucket(anchoredBucket), func(k, v []byte) error {
		key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
		l := birthdayUndo{script: key.U8() == 1, number: key.U32()}
		n := r.U32()
		bad := key.Done() != nil || r.Done() != nil || n == 0 || int(n) > len(s.anchors) || s.anchors[n-1] == anchor{} ||
			l.script && l.number >= s.count() || !l.script && int(l.number) >= len(s.accounts)
		if bad {
			return fmt.Errorf("read birthday %x: %w", k, ErrCorrupt)
		}
		s.birthday(&l).after = n
		return nil
	})
	return errors.Join(errors.Join(err[:]...), s.loadDates(tx))
}

// loadDates adds the dates that no row says anything about: those of formats before 3.
func (s *snapshot) loadDates(tx *bolt.Tx) error {
	add := func(d born) {
		if d.date != 0 && s.dateAt(d.date) == unborn {
			s.setDate(d.date, unborn)
		}
	}
	for i := range s.accounts {
		add(s.accounts[i].born)
	}
	for i := range s.scripts {
		add(s.scripts[i].born)
	}
	for i := range s.jobs {
		list, err := birthdayUndosOf(tx, s.jobs[i].id)
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
func (s *snapshot) saveAnchors(tx *bolt.Tx, old *snapshot) error {
	var errs []error
	for i, a := range s.anchors {
		if i >= len(old.anchors) || old.anchors[i] != a {
			errs = append(errs, tx.Bucket(anchorsBucket).Put(rows.Key(uint32(i)+1), a.encode()))
		}
	}
	for i := len(s.anchors); i < len(old.anchors); i++ {
		errs = append(errs, tx.Bucket(anchorsBucket).Delete(rows.Key(uint32(i)+1)))
	}
	if !slices.Equal(s.dates, old.dates) {
		for _, d := range s.dates {
			errs = append(errs, tx.Bucket(datesBucket).Put(rows.Key(d.date), rows.Key(uint32(d.first))))
		}
	}
	for i := range s.accounts {
		if after := s.accounts[i].born.after; after != 0 && (i >= len(old.accounts) || old.accounts[i].born.after != after) {
			errs = append(errs, saveAnchored(tx, birthdayUndo{number: uint32(i)}, after))
		} else if after == 0 && i < len(old.accounts) && old.accounts[i].born.after != 0 {
			errs = append(errs, saveAnchored(tx, birthdayUndo{number: uint32(i)}, 0))
		}
	}
	return errors.Join(errs...)
}

// dropAnchors makes birthdays after blocks that are final those of heights, and frees the
// anchors, if there are dropAt of them. Scripts and lowered birthdays are stored; the rest
// is with the snapshot.
func (s *snapshot) dropAnchors(tx *bolt.Tx) error {
	anchors, final := slices.Clone(s.anchors), 0
	for i, a := range anchors {
		if a != (anchor{}) && a.base == a.Height && a.Height <= s.tip.Height-finalAfter {
			anchors[i] = anchor{}
			final++
		}
	}
	if final < dropAt {
		return nil
	}
	onHeight := func(b *born) bool {
		if b.after == 0 || anchors[b.after-1] != (anchor{}) {
			return false
		}
		*b = born{height: min(b.height, s.anchors[b.after-1].Height+1), date: b.date}
		return true
	}
	scripts, accounts := slices.Clone(s.scripts), slices.Clone(s.accounts)
	for n := range scripts {
		if onHeight(&scripts[n].born) {
			if err := putScript(tx, uint32(n), &scripts[n]); err != nil {
				return err
			}
		}
	}
	for i := range accounts {
		onHeight(&accounts[i].born)
	}
	for i := range s.jobs {
		list, err := birthdayUndosOf(tx, s.jobs[i].id)
		if err != nil {
			return err
		}
		for _, l := range list {
			if !onHeight(&l.was) {
				continue
			}
			if err := putBirthdayUndo(tx, s.jobs[i].id, l); err != nil {
				return err
			}
		}
	}
	for len(anchors) > 0 && anchors[len(anchors)-1] == (anchor{}) {
		anchors = anchors[:len(anchors)-1]
	}
	s.anchors, s.scripts, s.accounts = anchors, scripts, accounts
	return nil
}

// saveAnchored stores after which anchor something is born, zero for none.
func saveAnchored(tx *bolt.Tx, of birthdayUndo, after uint32) error {
	key := of.key(0)[4:]
	if after == 0 {
		return tx.Bucket(anchoredBucket).Delete(key)
	}
	return tx.Bucket(anchoredBucket).Put(key, rows.Key(after))
}

// putScript stores a script and its birthday.
func putScript(tx *bolt.Tx, number uint32, sc *script) error {
	return errors.Join(tx.Bucket(ledger.ScriptsBucket).Put(rows.Key(number), sc.encode()),
		saveAnchored(tx, birthdayUndo{script: true, number: number}, sc.born.after))
}
