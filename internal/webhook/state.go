package webhook

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/internal/bboltcheck"
)

// The file of the state is a bbolt file. The bucket stream has
//
//	id         16 bytes that no other file has
//	seq        number of the last event that was made (u64)
//	delivered  number of the last event that was accepted (u64)
//	pending    body of the last event that was made
//
// and the bucket places, by topic, a zero byte and the name of the wallet, a place as JSON.
// Numbers are big-endian.
var (
	streamBucket = []byte("stream")
	placesBucket = []byte("places")

	idKey        = []byte("id")
	seqKey       = []byte("seq")
	deliveredKey = []byte("delivered")
	pendingKey   = []byte("pending")
)

// idSize is the size of a stream's id in bytes.
const idSize = 16

// openTimeout is how long another process may keep the file.
const openTimeout = time.Second

// errDamaged means that the file is no state.
var errDamaged = errors.New("it is damaged")

// state is what outlasts the daemon. One goroutine uses it.
type state struct {
	db        *bolt.DB
	id        string // hex
	seq       uint64
	delivered uint64
	pending   []byte // nil if the last event was accepted
	places    map[topic]place
}

// openState opens the file of the state, or makes it. The error is errDamaged or one of the
// system.
func openState(file string) (s *state, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open %s: %w", file, err)
		}
	}()
	if err := inspect(file); err != nil {
		return nil, err
	}
	db, err := bolt.Open(file, 0o600, &bolt.Options{Timeout: openTimeout})
	if err != nil {
		return nil, err
	}
	s = &state{db: db, places: make(map[topic]place)}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// inspect verifies the pages that bbolt follows, if there is a file.
func inspect(file string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	case info.Size() == 0:
		return errDamaged
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := bboltcheck.Verify(f, os.Getpagesize()); err != nil {
		var d *bboltcheck.Damage
		if errors.As(err, &d) {
			return fmt.Errorf("%w (%s)", errDamaged, d.Text)
		}
		return err
	}
	return nil
}

// load reads the file, and makes the buckets of a new one.
func (s *state) load() error {
	return s.db.Update(func(tx *bolt.Tx) error {
		stream, err := tx.CreateBucketIfNotExists(streamBucket)
		if err != nil {
			return err
		}
		id := stream.Get(idKey)
		if id == nil {
			id = make([]byte, idSize)
			rand.Read(id) // never fails
			if err := stream.Put(idKey, id); err != nil {
				return err
			}
		}
		if len(id) != idSize {
			return errDamaged
		}
		s.id = hex.EncodeToString(id)
		var ok1, ok2 bool
		s.seq, ok1 = number(stream.Get(seqKey))
		s.delivered, ok2 = number(stream.Get(deliveredKey))
		if !ok1 || !ok2 || s.delivered > s.seq {
			return errDamaged
		}
		if s.delivered < s.seq {
			if s.pending = bytes.Clone(stream.Get(pendingKey)); s.pending == nil {
				return errDamaged
			}
		}
		places, err := tx.CreateBucketIfNotExists(placesBucket)
		if err != nil {
			return err
		}
		return places.ForEach(func(k, v []byte) error {
			name, wallet, ok := bytes.Cut(k, []byte{0})
			var p place
			if err := json.Unmarshal(v, &p); err != nil || !ok {
				return errDamaged
			}
			s.places[topic{string(name), string(wallet)}] = p
			return nil
		})
	})
}

// number returns a stored number, zero if there is none.
func number(v []byte) (n uint64, ok bool) {
	switch len(v) {
	case 0:
		return 0, true
	case 8:
		return binary.BigEndian.Uint64(v), true
	}
	return 0, false
}

func encodeNumber(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// fresh reports whether nothing was ever posted nor any place set.
func (s *state) fresh() bool { return s.seq == 0 && len(s.places) == 0 }

// setPlaces sets places. It is durable when it returns.
func (s *state) setPlaces(places map[topic]place) error {
	if len(places) == 0 {
		return nil
	}
	return s.write(func(tx *bolt.Tx) error {
		for t, p := range places {
			if err := putPlace(tx, t, p); err != nil {
				return err
			}
		}
		return nil
	}, func() {
		for t, p := range places {
			s.places[t] = p
		}
	})
}

// add makes an event the pending one, with the place after it. The one before must have been
// accepted. It is durable when add returns. Topics that need no place have none.
func (s *state) add(body []byte, t topic, p *place) error {
	return s.write(func(tx *bolt.Tx) error {
		stream := tx.Bucket(streamBucket)
		err := errors.Join(stream.Put(deliveredKey, encodeNumber(s.delivered)), stream.Put(seqKey, encodeNumber(s.seq+1)),
			stream.Put(pendingKey, body))
		if err == nil && p != nil {
			err = putPlace(tx, t, *p)
		}
		return err
	}, func() {
		s.seq, s.pending = s.seq+1, body
		if p != nil {
			s.places[t] = *p
		}
	})
}

// accepted records that the receiver has the pending event. It is durable after the next write: until
// then the event would be posted again, which the receiver can see by its number.
func (s *state) accepted() { s.delivered, s.pending = s.seq, nil }

// close records what was accepted, and closes the file.
func (s *state) close() error {
	err := s.write(func(tx *bolt.Tx) error {
		return tx.Bucket(streamBucket).Put(deliveredKey, encodeNumber(s.delivered))
	}, func() {})
	return errors.Join(err, s.db.Close())
}

// write runs a transaction, and then what it means for the copy in memory.
func (s *state) write(change func(tx *bolt.Tx) error, then func()) error {
	if err := s.db.Update(change); err != nil {
		return fmt.Errorf("write %s: %w", s.db.Path(), err)
	}
	then()
	return nil
}

func putPlace(tx *bolt.Tx, t topic, p place) error {
	v, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return tx.Bucket(placesBucket).Put([]byte(t.name+"\x00"+t.wallet), v)
}
