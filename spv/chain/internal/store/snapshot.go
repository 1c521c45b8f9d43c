package store

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"
)

// Txn is a transaction: the rows of the file, and before these the newer ones that are
// in the write-ahead log only. A transaction that writes to the file has none of the
// latter: it puts them into the file first.
type Txn struct {
	*bbolt.Tx
	newer *newerRows
}

// newerRows are the rows that the file does not have yet: those that the records of the
// write-ahead log have changed or added. They are never changed.
type newerRows struct {
	buckets map[string][]Row // by bucket, their keys ascending
}

// version is what the newest rows are on top of a state of the file. A reader that began
// before the file changed needs the version before.
type version struct {
	id     int // of the transaction that wrote the state of the file
	newer  *newerRows
	before *version // of the transaction before; nil if none is known
}

// of returns the version of a state of the file, or nil if it is not known any longer.
func (v *version) of(id int) *version {
	for v != nil && v.id > id {
		v = v.before
	}
	return v
}

// with returns the rows together with those of a plan, which takes nothing off the chain,
// and with rows of the meta bucket. What it returns shares no memory with the plan.
func (n *newerRows) with(p *Plan, meta []Row) *newerRows {
	all := &newerRows{buckets: make(map[string][]Row)}
	if n != nil {
		for name, list := range n.buckets {
			all.buckets[name] = list
		}
	}
	for i := range p.buckets {
		b := &p.buckets[i]
		old := all.buckets[string(b.name)]
		kept, _ := find(old, HeightKey(b.from))
		list := slices.Clone(old[:kept])
		for _, row := range b.rows {
			value := bytes.Clone(row.Value)
			Seal(row.Key, value)
			list = append(list, Row{row.Key, value})
		}
		all.buckets[string(b.name)] = list
	}
	list := slices.Clone(all.buckets[string(BucketMeta)])
	for _, row := range meta {
		Seal(row.Key, row.Value)
		if i, ok := find(list, row.Key); ok {
			list[i] = row
		} else {
			list = slices.Insert(list, i, row)
		}
	}
	all.buckets[string(BucketMeta)] = list
	return all
}

// of returns the rows of a bucket.
func (n *newerRows) of(bucket []byte) []Row {
	if n == nil {
		return nil
	}
	return n.buckets[string(bucket)]
}

// put puts the rows into the file.
func (n *newerRows) put(tx *Txn) error {
	if n == nil {
		return nil
	}
	for name, list := range n.buckets {
		b, err := RowsOf(tx, []byte(name))
		if err != nil {
			return err
		}
		for _, row := range list {
			if err := b.Put(row.Key, row.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// find returns the index of the first row that is not below a key, and whether it has
// that key.
func find(list []Row, key []byte) (int, bool) {
	return slices.BinarySearchFunc(list, key, func(row Row, key []byte) int {
		return bytes.Compare(row.Key, key)
	})
}

// Rows is a bucket as a transaction sees it.
type Rows struct {
	*bbolt.Bucket
	newer []Row
}

// Get returns the value of a key, or nil if there is none.
func (r *Rows) Get(key []byte) []byte {
	if i, ok := find(r.newer, key); ok {
		return r.newer[i].Value
	}
	return r.Bucket.Get(key)
}

// Cursor returns a cursor over the rows in the order of their keys.
func (r *Rows) Cursor() *Cursor {
	return &Cursor{file: r.Bucket.Cursor(), newer: r.newer}
}

// Cursor walks over the rows of a bucket whose keys are heights. There the newer rows
// begin in the middle of the last row of the file at the earliest, and take the place of
// all rows of the file from their first key on.
type Cursor struct {
	file  *bbolt.Cursor
	newer []Row
	at    int // index of the newer row, one more than there are after the last; only if inNewer
	// inNewer says that the cursor is at a newer row, or behind the last one.
	inNewer bool
}

// First moves to the first row.
func (c *Cursor) First() (key, value []byte) { return c.fromFile(c.file.First()) }

// Seek moves to the first row that is not below a key.
func (c *Cursor) Seek(want []byte) (key, value []byte) {
	if len(c.newer) == 0 || bytes.Compare(want, c.newer[0].Key) < 0 {
		return c.fromFile(c.file.Seek(want))
	}
	i, _ := find(c.newer, want)
	return c.toNewer(i)
}

// Next moves to the next row.
func (c *Cursor) Next() (key, value []byte) {
	if c.inNewer {
		return c.toNewer(min(c.at+1, len(c.newer)))
	}
	return c.fromFile(c.file.Next())
}

// Prev moves to the row before.
func (c *Cursor) Prev() (key, value []byte) {
	if c.inNewer && c.at > 0 {
		return c.toNewer(c.at - 1)
	}
	if c.inNewer {
		c.inNewer = false
		c.file.Seek(c.newer[0].Key)
	}
	return c.file.Prev()
}

// fromFile is at a row of the file, unless a newer one takes its place.
func (c *Cursor) fromFile(key, value []byte) (k, v []byte) {
	c.inNewer = false
	if len(c.newer) > 0 && (key == nil || bytes.Compare(key, c.newer[0].Key) >= 0) {
		return c.toNewer(0)
	}
	return key, value
}

func (c *Cursor) toNewer(i int) (key, value []byte) {
	c.inNewer, c.at = true, i
	if i == len(c.newer) {
		return nil, nil
	}
	return c.newer[i].Key, c.newer[i].Value
}
