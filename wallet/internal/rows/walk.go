package rows

import (
	"bytes"
	"slices"
)

// Walk calls fn for the rows from a key on, in order, until it returns false or fails.
// Keys and values are only valid until it returns. The table must not change meanwhile.
func (t *Table) Walk(from []byte, fn func(k, v []byte) (more bool, err error)) error {
	sources, err := t.sources(t.runs, from)
	if err != nil {
		return err
	}
	c := t.recent.Cursor()
	s := source{t: t, next: c.Next}
	if s.k, s.v = c.Seek(from); s.k != nil {
		sources = append(sources, &s)
	}
	return t.each(sources, false, fn)
}

// Prefixed calls fn for the rows whose keys begin with a prefix.
func (t *Table) Prefixed(prefix []byte, fn func(k, v []byte) error) error {
	return t.Walk(prefix, func(k, v []byte) (bool, error) {
		if !bytes.HasPrefix(k, prefix) {
			return false, nil
		}
		return true, fn(k, v)
	})
}

// source is where rows come from in order: a run, or the recent rows. Its next row is k
// and v, without the key; k is nil at the end.
type source struct {
	t    *Table
	k, v []byte

	next  func() (k, v []byte) // the next chunk, or recent row
	chunk []byte               // what is left of the chunk, of a run
	bad   bool
}

// sources returns runs from a key on, oldest first.
func (t *Table) sources(runs []run, from []byte) ([]*source, error) {
	list := make([]*source, 0, len(runs)+1)
	for _, r := range runs {
		b := t.root.Bucket(r.name())
		if b == nil {
			return nil, t.corrupt()
		}
		c := b.Cursor()
		s := &source{t: t, next: c.Next}
		_, chunk := c.Seek(from)
		if chunk == nil {
			continue
		}
		i, _, err := t.find(chunk, from)
		if err != nil {
			return nil, err
		}
		s.chunk = chunk[i*t.rowSize():]
		s.advance()
		list = append(list, s)
	}
	return list, nil
}

// advance goes on to the next row.
func (s *source) advance() {
	size := s.t.rowSize()
	if s.chunk == nil && s.k != nil { // recent rows
		s.k, s.v = s.next()
		return
	}
	if len(s.chunk) == 0 {
		_, s.chunk = s.next()
	}
	if len(s.chunk) < size {
		s.bad = len(s.chunk) > 0
		s.k, s.v, s.chunk = nil, nil, nil
		return
	}
	s.k, s.v = s.chunk[:s.t.keySize], s.chunk[s.t.keySize:size]
	s.chunk = s.chunk[size:len(s.chunk):len(s.chunk)]
}

// each calls fn for the rows of sources in order. Of several rows of a key the last
// source's counts. Rows that are not there are only yielded, with a nil value, if they
// are wanted.
func (t *Table) each(sources []*source, wantAbsent bool, fn func(k, v []byte) (more bool, err error)) error {
	for {
		var best *source
		for _, s := range sources {
			if s.bad {
				return t.corrupt()
			}
			if s.k != nil && (best == nil || bytes.Compare(s.k, best.k) <= 0) {
				best = s
			}
		}
		if best == nil {
			return nil
		}
		k, stored := best.k, best.v
		v, err := t.value(stored)
		if err != nil {
			return err
		}
		for _, s := range sources {
			if s != best && s.k != nil && bytes.Equal(s.k, k) {
				s.advance()
			}
		}
		if v != nil || wantAbsent {
			if more, err := fn(k, v); err != nil || !more {
				return err
			}
		}
		best.advance()
	}
}

// Check verifies the form of the table: that it has no row or bucket that it does not know,
// and that its rows are in order. The error is ErrCorrupt.
func (t *Table) Check() error {
	known := [][]byte{recentKey}
	for _, r := range t.runs {
		known = append(known, r.name())
		if err := t.checkRun(r); err != nil {
			return err
		}
	}
	c := t.root.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		isBucket := slices.ContainsFunc(known, func(name []byte) bool { return bytes.Equal(name, k) })
		if isBucket != (v == nil) || !isBucket && !bytes.Equal(k, stateKey) {
			return t.corrupt()
		}
	}
	return Each(t.recent, func(k, v []byte) error {
		if len(k) != t.keySize || len(v) == 0 || len(v) != 1 && len(v) != 1+t.valSize {
			return t.corrupt()
		}
		return nil
	})
}

// checkRun verifies that a run has as many rows as the table says, in order, and each chunk
// the key of its last row.
func (t *Table) checkRun(r run) error {
	b := t.root.Bucket(r.name())
	if b == nil {
		return t.corrupt()
	}
	size, rows := t.rowSize(), uint32(0)
	var last []byte
	err := Each(b, func(k, chunk []byte) error {
		if len(chunk) == 0 || len(chunk)%size != 0 {
			return t.corrupt()
		}
		for row := range slices.Chunk(chunk, size) {
			if key := row[:t.keySize]; bytes.Compare(last, key) >= 0 {
				return t.corrupt()
			}
			last, rows = row[:t.keySize], rows+1
		}
		if !bytes.Equal(last, k) {
			return t.corrupt()
		}
		return nil
	})
	if err == nil && rows != r.rows {
		err = t.corrupt()
	}
	return err
}
