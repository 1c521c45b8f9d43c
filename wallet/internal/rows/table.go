package rows

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// A Table is a sorted set of rows whose keys come in any order, like hashes. In a
// B+tree each of them would be in a page of its own, which is written again for each
// row. A table collects new rows in a small tree, and makes a run of them when they are
// many: a sorted list that is written once, from front to back. Two runs of like size
// are merged into one, so that there are few to look in (a log-structured merge tree).
// Of several rows of a key the newest counts; it may say that there is none.
//
// A table is of one transaction, and only ever used by one goroutine.
type Table struct {
	Kind
	root   *bolt.Bucket
	recent *bolt.Bucket
	runs   []run // oldest first
}

// Kind is what the rows of a table are. All keys have one size, and all values.
type Kind struct {
	Name             string
	keySize, valSize int

	// recentRows is how many rows make a run, largestRun how many rows of a run
	// are never merged again: merging is done in memory.
	recentRows, largestRun uint32
}

// KindOf returns the kind of tables of a name whose keys and values have these sizes in
// bytes.
func KindOf(name string, keySize, valSize int) Kind {
	return Kind{name, keySize, valSize, recentRows, largestRun}
}

// Sizes of the tables of a file.
const (
	recentRows = 512
	largestRun = 1 << 18

	// chunkSize is the size of a row of a run with its key and what bbolt adds to
	// it: four fill a page of 4,096 bytes.
	chunkSize = (4096 - 16) / 4
)

// The tables bucket. Its buckets are tables, by name. Each has:
//
//	"state"   the runs, oldest first: number, number of rows (u32 each)
//	"recent"  a bucket of the newest rows: key, and a byte, one for a row that is there
//	          and zero for one that is not, with the value. Its sequence is how often
//	          a row was added
//	"run" and its number (u32), by the sequence of the table's bucket
//	          a bucket of rows in chunks. Keys are the last key of a chunk. Values are
//	          rows in the order of their keys: key, the same byte, and the value, or as
//	          many zero bytes
var (
	TablesBucket = []byte("tables")
	stateKey     = []byte("state")
	recentKey    = []byte("recent")
)

// run is one run, by its number, and how many rows it has.
type run struct{ id, rows uint32 }

func (r run) name() []byte { return binary.BigEndian.AppendUint32([]byte("run"), r.id) }

// NewTable makes a table in a file that has none of its name.
func NewTable(tx *bolt.Tx, kind Kind) error {
	tables, err := tx.CreateBucketIfNotExists(TablesBucket)
	if err != nil {
		return err
	}
	root, err := tables.CreateBucket([]byte(kind.Name))
	if err != nil {
		return err
	}
	_, err = root.CreateBucket(recentKey)
	return err
}

// OpenTable returns a table of a transaction.
func OpenTable(tx *bolt.Tx, kind Kind) (*Table, error) {
	t := &Table{Kind: kind}
	if tables := tx.Bucket(TablesBucket); tables != nil {
		t.root = tables.Bucket([]byte(kind.Name))
	}
	if t.root == nil {
		return nil, fmt.Errorf("table %s is missing: %w", kind.Name, ErrCorrupt)
	}
	if t.recent = t.root.Bucket(recentKey); t.recent == nil {
		return nil, fmt.Errorf("table %s has no recent rows: %w", kind.Name, ErrCorrupt)
	}
	v := t.root.Get(stateKey)
	if v == nil {
		return t, nil
	}
	r := Row{Rest: v}
	for len(r.Rest) > 0 {
		t.runs = append(t.runs, run{r.U32(), r.U32()})
	}
	if r.Done() != nil {
		return nil, t.corrupt()
	}
	return t, nil
}

// corrupt is the error of a table that is not what it should be.
func (t *Table) corrupt() error { return fmt.Errorf("table %s: %w", t.Name, ErrCorrupt) }

// saveState stores what OpenTable reads.
func (t *Table) saveState() error {
	var b []byte
	for _, r := range t.runs {
		b = binary.BigEndian.AppendUint32(b, r.id)
		b = binary.BigEndian.AppendUint32(b, r.rows)
	}
	return t.root.Put(stateKey, b)
}

// Get returns the value of a key, which is only valid within the transaction. Without
// a row it is nil.
func (t *Table) Get(key []byte) ([]byte, error) {
	if v := t.recent.Get(key); v != nil {
		return t.value(v)
	}
	for _, r := range slices.Backward(t.runs) {
		b := t.root.Bucket(r.name())
		if b == nil {
			return nil, t.corrupt()
		}
		_, chunk := b.Cursor().Seek(key)
		if chunk == nil {
			continue
		}
		i, found, err := t.find(chunk, key)
		if err != nil {
			return nil, err
		}
		if found {
			return t.value(chunk[i*t.rowSize()+t.keySize : (i+1)*t.rowSize()])
		}
	}
	return nil, nil
}

// rowSize is the size of a row in a chunk.
func (t *Table) rowSize() int { return t.keySize + 1 + t.valSize }

// value returns the value of a stored row, nil for one that says that there is none.
func (t *Table) value(v []byte) ([]byte, error) {
	switch {
	case len(v) == 1+t.valSize && v[0] == 1:
		return v[1:], nil
	case len(v) >= 1 && v[0] == 0:
		return nil, nil
	}
	return nil, t.corrupt()
}

// find returns which row of a chunk is the first that is not below a key, and whether
// it has that key.
func (t *Table) find(chunk, key []byte) (i int, found bool, err error) {
	size := t.rowSize()
	if len(chunk) == 0 || len(chunk)%size != 0 {
		return 0, false, t.corrupt()
	}
	low, high := 0, len(chunk)/size
	for low < high {
		mid := (low + high) / 2
		if bytes.Compare(chunk[mid*size:mid*size+t.keySize], key) < 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	found = low*size < len(chunk) && bytes.Equal(chunk[low*size:low*size+t.keySize], key)
	return low, found, nil
}

// Put stores a row.
func (t *Table) Put(key, value []byte) error {
	if len(key) != t.keySize || len(value) != t.valSize {
		return t.corrupt()
	}
	return t.add(key, append(append(make([]byte, 0, 1+len(value)), 1), value...))
}

// Delete removes a row, if there is one.
func (t *Table) Delete(key []byte) error {
	v, err := t.Get(key)
	if err != nil || v == nil {
		return err
	}
	if len(t.runs) == 0 {
		return t.recent.Delete(key)
	}
	return t.add(key, []byte{0})
}

// add adds a row to the recent ones, and makes a run of them when they are many.
func (t *Table) add(key, v []byte) error {
	if err := t.recent.Put(key, v); err != nil {
		return err
	}
	if n, err := t.recent.NextSequence(); err != nil || n < uint64(t.recentRows) {
		return err
	}
	w, err := t.newRun()
	if err != nil {
		return err
	}
	err = Each(t.recent, func(k, v []byte) error {
		value, err := t.value(v)
		if err != nil {
			return err
		}
		return w.add(k, value)
	})
	if err := cmp.Or(err, w.end()); err != nil {
		return err
	}
	if err := t.root.DeleteBucket(recentKey); err != nil {
		return err
	}
	if t.recent, err = t.root.CreateBucket(recentKey); err != nil {
		return err
	}
	if err := t.merge(); err != nil {
		return err
	}
	return t.saveState()
}

// merge merges the newest runs as long as the older one of the last two is not the
// longer one.
func (t *Table) merge() error {
	first := len(t.runs) - 1
	for rows := t.runs[first].rows; first > 0; first-- {
		older := t.runs[first-1].rows
		if older > rows || older+rows > t.largestRun {
			break
		}
		rows += older
	}
	if first == len(t.runs)-1 {
		return nil
	}
	sources, err := t.sources(t.runs[first:], nil)
	if err != nil {
		return err
	}
	merged, kept := t.runs[first:], t.runs[:first:first]
	w, err := t.newRun()
	if err != nil {
		return err
	}
	w.whole = first == 0 // then nothing older is hidden by a row that is not there
	if err := t.each(sources, true, func(k, v []byte) (bool, error) { return true, w.add(k, v) }); err != nil {
		return err
	}
	if err := w.end(); err != nil {
		return err
	}
	made := t.runs[len(t.runs)-1]
	for _, r := range merged {
		if err := t.root.DeleteBucket(r.name()); err != nil {
			return err
		}
	}
	t.runs = append(kept, made)
	return nil
}

// runWriter writes a run, row by row in the order of their keys.
type runWriter struct {
	t     *Table
	b     *bolt.Bucket
	run   run
	chunk []byte
	whole bool // rows that are not there are left out
}

func (t *Table) newRun() (*runWriter, error) {
	id, err := t.root.NextSequence()
	if err != nil {
		return nil, err
	}
	r := run{id: uint32(id)}
	b, err := t.root.CreateBucket(r.name())
	if err != nil {
		return nil, err
	}
	b.FillPercent = 1 // nothing is ever put between
	return &runWriter{t: t, b: b, run: r, whole: len(t.runs) == 0}, nil
}

// add adds a row; a nil value says that there is none.
func (w *runWriter) add(key, value []byte) error {
	if value == nil && w.whole {
		return nil
	}
	size := w.t.rowSize()
	if len(w.chunk)+size > chunkSize-16-w.t.keySize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.chunk = append(w.chunk, key...)
	if value == nil {
		w.chunk = append(w.chunk, make([]byte, 1+w.t.valSize)...)
	} else {
		w.chunk = append(append(w.chunk, 1), value...)
	}
	w.run.rows++
	return nil
}

// flush stores the chunk.
func (w *runWriter) flush() error {
	if len(w.chunk) == 0 {
		return nil
	}
	last := w.chunk[len(w.chunk)-w.t.rowSize():]
	err := w.b.Put(bytes.Clone(last[:w.t.keySize]), w.chunk)
	w.chunk = nil // it is the file's
	return err
}

// end ends the run, which is the newest one of the table then.
func (w *runWriter) end() error {
	w.t.runs = append(w.t.runs, w.run)
	return w.flush()
}
