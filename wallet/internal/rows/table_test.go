package rows

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// tableTwin is a table and a map that should hold the same.
type tableTwin struct {
	t    *testing.T
	kind Kind
	want map[string]string
	rng  *rand.Rand
}

// act does some random things to both in a transaction.
func (w *tableTwin) act(tx *bolt.Tx) error {
	for range w.rng.IntN(60) {
		key := binary.BigEndian.AppendUint32(nil, uint32(w.rng.IntN(400)*7919))
		value := fmt.Appendf(nil, "%05d", w.rng.IntN(100000))
		b, err := OpenTable(tx, w.kind)
		if err != nil {
			return err
		}
		if w.rng.IntN(3) == 0 {
			if err := b.Delete(key); err != nil {
				return err
			}
			delete(w.want, string(key))
			continue
		}
		if err := b.Put(key, value); err != nil {
			return err
		}
		w.want[string(key)] = string(value)
	}
	return nil
}

// compare asks the table everything that can be asked.
func (w *tableTwin) compare(tx *bolt.Tx) error {
	b, err := OpenTable(tx, w.kind)
	if err != nil {
		return err
	}
	for i := range 410 {
		key := binary.BigEndian.AppendUint32(nil, uint32(i*7919))
		got, err := b.Get(key)
		want, ok := w.want[string(key)]
		if err != nil || ok != (got != nil) || string(got) != want {
			return fmt.Errorf("%x is %q (%v), want %q", key, got, err, want)
		}
	}
	keys := slices.Sorted(maps.Keys(w.want))
	from := binary.BigEndian.AppendUint32(nil, uint32(w.rng.IntN(400*7919)))
	i, _ := slices.BinarySearch(keys, string(from))
	err = b.Walk(from, func(k, v []byte) (bool, error) {
		if i == len(keys) || string(k) != keys[i] || string(v) != w.want[keys[i]] {
			return false, fmt.Errorf("row %d is %x: %s", i, k, v)
		}
		i++
		return true, nil
	})
	if err == nil && i != len(keys) {
		err = fmt.Errorf("%d rows of %d", i, len(keys))
	}
	prefix := from[:1]
	n := 0
	for _, k := range keys {
		if bytes.HasPrefix([]byte(k), prefix) {
			n++
		}
	}
	return errors.Join(err, b.Prefixed(prefix, func(_, _ []byte) error { n--; return nil }), func() error {
		if n != 0 {
			return fmt.Errorf("%d rows of a prefix are missing", n)
		}
		return nil
	}())
}

// TestTableIsAMap: whatever the order of writes, transactions, runs and merges, a
// table holds what a map would.
func TestTableIsAMap(t *testing.T) {
	for seed := range uint64(6) {
		db, err := bolt.Open(filepath.Join(t.TempDir(), "table.db"), 0o600, &bolt.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		w := &tableTwin{t: t, want: make(map[string]string), rng: rand.New(rand.NewPCG(seed, 3)),
			kind: Kind{"test", 4, 5, 8 + uint32(seed%20), 64 + 32*uint32(seed%4)}}
		if err := db.Update(func(tx *bolt.Tx) error { return NewTable(tx, w.kind) }); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			err := errors.Join(db.Update(w.act), db.View(w.compare))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if err := db.Update(func(tx *bolt.Tx) error {
			b, err := OpenTable(tx, w.kind)
			if err == nil && len(b.runs) < 2 {
				err = fmt.Errorf("%d runs show little", len(b.runs))
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTableRefusesDamage: a chunk or a row of the wrong size is an error, and no panic.
func TestTableRefusesDamage(t *testing.T) {
	for what, damage := range map[string]func(b *Table) error{
		"chunk": func(b *Table) error {
			return b.root.Bucket(b.runs[0].name()).Put([]byte("\xff\xff\xff\xff"), []byte("short"))
		},
		"run":    func(b *Table) error { return b.root.DeleteBucket(b.runs[0].name()) },
		"recent": func(b *Table) error { return b.recent.Put([]byte("\xff\xff\xff\xff"), []byte{1, 2}) },
		"state":  func(b *Table) error { return b.root.Put(stateKey, []byte{1, 2, 3}) },
	} {
		db, err := bolt.Open(filepath.Join(t.TempDir(), "table.db"), 0o600, &bolt.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		kind := Kind{"test", 4, 5, 4, 64}
		err = db.Update(func(tx *bolt.Tx) error {
			if err := NewTable(tx, kind); err != nil {
				return err
			}
			for i := range uint32(6) {
				b, err := OpenTable(tx, kind)
				if err := cmp.Or(err, b.Put(Key(i), []byte("value"))); err != nil {
					return err
				}
			}
			b, err := OpenTable(tx, kind)
			return cmp.Or(err, damage(b))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.View(func(tx *bolt.Tx) error {
			b, err := OpenTable(tx, kind)
			if err != nil {
				return err
			}
			_, err = b.Get([]byte("\xff\xff\xff\xfe"))
			return cmp.Or(err, b.Walk(nil, func(_, _ []byte) (bool, error) { return true, nil }))
		})
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkTablePut and BenchmarkTableGet measure a table of 200,000 rows with the keys
// of outpoints.
func BenchmarkTablePut(b *testing.B) { benchmarkTable(b, false) }
func BenchmarkTableGet(b *testing.B) { benchmarkTable(b, true) }

func benchmarkTable(b *testing.B, get bool) {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "table.db"), 0o600, &bolt.Options{NoSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	kind := Kind{"test", 36, 22, recentRows, largestRun}
	rng := rand.New(rand.NewPCG(1, 1))
	key := func() []byte {
		var k [36]byte
		for i := 0; i < 32; i += 8 {
			binary.BigEndian.PutUint64(k[i:], rng.Uint64())
		}
		return k[:]
	}
	put := func(tx *bolt.Tx, n int) error {
		for range n {
			t, err := OpenTable(tx, kind)
			if err := cmp.Or(err, t.Put(key(), make([]byte, 22))); err != nil {
				return err
			}
		}
		return nil
	}
	if err := db.Update(func(tx *bolt.Tx) error { return NewTable(tx, kind) }); err != nil {
		b.Fatal(err)
	}
	for range 20 {
		if err := db.Update(func(tx *bolt.Tx) error { return put(tx, 10_000) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	if !get {
		if err := db.Update(func(tx *bolt.Tx) error { return put(tx, b.N) }); err != nil {
			b.Fatal(err)
		}
		return
	}
	err = db.View(func(tx *bolt.Tx) error {
		for range b.N {
			t, err := OpenTable(tx, kind)
			if err != nil {
				return err
			}
			if _, err := t.Get(key()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
