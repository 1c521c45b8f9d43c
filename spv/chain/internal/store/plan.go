package store

import (
	"bytes"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// Plan is what a write puts into the file: for each bucket the rows from a height on, which
// take the place of all that are there from that height on. Rows are added to the bucket that
// was begun last.
type Plan struct {
	memory  []byte // that rows are encoded in
	buckets []bucketPlan
}

type bucketPlan struct {
	name  []byte
	from  consensus.Height
	cut   bool             // rows on disk from that height on have to go first
	until consensus.Height // but not those from this height on; zero for no such height
	rows  []Row
}

// Row is a row that is to be written. Its value has room for the checksum.
type Row struct{ Key, Value []byte }

// NewPlan returns an empty plan. Its rows are encoded in the given memory as far as that is enough.
func NewPlan(memory []byte) *Plan { return &Plan{memory: memory[:0]} }

// Used returns the memory that the rows were encoded in, which is of use again when nothing refers
// to them.
func (p *Plan) Used() []byte { return p.memory }

// Begin begins with a bucket: rows follow from a height on. If cut is true, those on disk from
// that height on go first, up to before another height unless that is zero.
func (p *Plan) Begin(bucket []byte, from, until consensus.Height, cut bool) {
	p.buckets = append(p.buckets, bucketPlan{name: bucket, from: from, until: until, cut: cut})
}

// row adds the row that was encoded last, from a place in memory on, and returns its value. Its
// checksum is computed when it is put.
func (p *Plan) row(first consensus.Height, start int) []byte {
	b := &p.buckets[len(p.buckets)-1]
	value := p.memory[start:len(p.memory):len(p.memory)]
	b.rows = append(b.rows, Row{HeightKey(first), value})
	return value
}

// HeaderRow adds a row of headers, from first to last. Before is the work of the chain before the
// first one, hash that of the last one. A header for which at returns nil is left out: the caller
// knows that it could not be read, and drops the plan.
func (p *Plan) HeaderRow(first, last consensus.Height, before *uint256.Uint256, hash chainhash.Hash, at func(consensus.Height) *consensus.Header) {
	start := len(p.memory)
	p.memory = appendRowHead(p.memory, before, hash)
	for h := first; h <= last; h++ {
		if header := at(h); header != nil {
			p.memory = append(p.memory, header[:]...)
		}
	}
	p.row(first, start)
}

// Segment adds the row of the index that starts at a height.
func (p *Plan) Segment(first consensus.Height, hash func(consensus.Height) chainhash.Hash) {
	start := len(p.memory)
	p.memory = AppendSegment(p.memory, first, hash)
	p.row(first, start)
}

// FilterRow adds the row that was packed, and returns its value: the filters are at its end.
func (p *Plan) FilterRow(k *FilterPacker) []byte {
	start := len(p.memory)
	p.memory = k.appendRow(p.memory)
	return p.row(k.First, start)
}

// Apply writes the plan.
func (p *Plan) Apply(tx *Txn) error {
	for i := range p.buckets {
		if err := p.buckets[i].apply(tx); err != nil {
			return err
		}
	}
	return nil
}

func (p *bucketPlan) apply(tx *Txn) error {
	b, err := RowsOf(tx, p.name)
	if err != nil {
		return err
	}
	if p.cut {
		if err := dropRows(b, p.from, p.until); err != nil {
			return err
		}
	}
	for _, row := range p.rows {
		Seal(row.Key, row.Value)
		if err := b.Put(row.Key, row.Value); err != nil {
			return err
		}
	}
	return nil
}

// dropRows deletes the rows from a height on, up to before another one unless that is zero.
func dropRows(b *Rows, from, until consensus.Height) error {
	var last []byte
	for {
		key, _ := b.Cursor().Seek(HeightKey(from))
		if key == nil || until != 0 && bytes.Compare(key, HeightKey(until)) >= 0 {
			return nil
		}
		if bytes.Equal(key, last) { // in damaged pages a key may be found once only
			return Corrupt("row %x is still there after it was deleted", key)
		}
		last = bytes.Clone(key)
		if err := b.Delete(last); err != nil {
			return err
		}
	}
}
