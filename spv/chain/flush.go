package chain

import (
	"bytes"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// rowSlack is what the rows of a flush take besides what is staged: the last ones
// on disk, which are written again, and the index. It is no bound.
const rowSlack = 512 << 10

// Pending returns the size of what is staged and that no write has taken yet, in
// bytes. It is not zero if there is anything to write.
func (c *Chain) Pending() int {
	headers, filters := c.taken()
	n := int(c.tip.headers.Height-headers)*consensus.HeaderSize + c.filterBytes + int(max(0, c.tip.filters.Height-filters))
	if c.cut() || c.floorMoved() || c.joins() || c.invalidStaged || len(c.stale) > 0 {
		n++
	}
	return n
}

// taken returns up to where the staged headers and filters are on disk, or are
// being written.
func (c *Chain) taken() (headers, filters consensus.Height) {
	if c.writing != nil {
		return c.writing.keep, c.writing.keepFilters
	}
	return c.keep, c.keepFilters
}

// cut reports whether blocks or filters that are on disk, or are being written,
// are staged to be dropped.
func (c *Chain) cut() bool {
	end := &c.disk
	if c.writing != nil {
		end = &c.writing.tip
	}
	headers, filters := c.taken()
	return headers < end.headers.Height || filters < end.filters.Height || c.aboveCut
}

// Flush writes all that is staged in one transaction. When it returns nil that
// is durable, and readers see it. When it fails nothing has changed on disk and
// everything is still staged. It is Begin, Commit and Finish in one.
func (c *Chain) Flush() error {
	w, err := c.Begin()
	if w == nil {
		return err
	}
	err = w.Commit()
	c.Finish(w)
	return err
}

// plan is what a write puts into the file: for each bucket the rows from a height on, which
// take the place of all that are there from that height on.
type plan struct {
	memory  []byte // that rows are encoded in
	buckets []bucketPlan
}

type bucketPlan struct {
	name  []byte
	from  consensus.Height
	cut   bool             // rows on disk from that height on have to go first
	until consensus.Height // but not those from this height on; zero for no such height
	rows  []plannedRow
}

type plannedRow struct{ key, value []byte }

// row adds the row that was encoded last, from a place in memory on. Its
// checksum is computed when it is put.
func (p *plan) row(first consensus.Height, start int) {
	b := &p.buckets[len(p.buckets)-1]
	b.rows = append(b.rows, plannedRow{heightKey(first), p.memory[start:len(p.memory):len(p.memory)]})
}

// plan encodes all rows that are staged.
func (c *Chain) plan() (*plan, error) {
	if most := c.Pending() + rowSlack; cap(c.rows) < most {
		c.rows = make([]byte, 0, most)
	}
	p := &plan{memory: c.rows[:0]}
	c.rows = nil // it comes back when the write is over
	if c.keep < c.disk.headers.Height || c.keep < c.tip.headers.Height {
		c.planHeaders(p)
		c.planHashes(p)
	}
	if err := c.planFilters(p); err != nil {
		return nil, err
	}
	return p, c.main.failed()
}

// planHeaders encodes the header rows. The last one on disk is written again if
// it is not full.
func (c *Chain) planHeaders(p *plan) {
	from, tip := rowStart(c.keep+1), c.tip.headers.Height
	p.buckets = append(p.buckets, bucketPlan{name: bucketHeaders, from: from, cut: c.keep < c.disk.headers.Height})
	for first := from; first <= tip; first += headersPerRow {
		last := min(first+headersPerRow-1, tip)
		var before uint256.Uint256
		if first > 0 {
			before = c.main.work(first - 1)
		}
		start := len(p.memory)
		p.memory = appendRowHead(p.memory, &before, c.main.hash(last))
		for h := first; h <= last; h++ {
			if header := c.main.At(h); header != nil { // else the plan fails
				p.memory = append(p.memory, header[:]...)
			}
		}
		p.row(first, start)
	}
}

// planHashes encodes the segments of the index that are complete now.
func (c *Chain) planHashes(p *plan) {
	from := segmentStart(c.keep + 1)
	p.buckets = append(p.buckets, bucketPlan{name: bucketHashes, from: from, cut: c.keep < c.disk.headers.Height})
	for first := from; first+segmentBlocks-1 <= c.tip.headers.Height; first += segmentBlocks {
		start := len(p.memory)
		p.memory = appendSegment(p.memory, first, c.main.hash)
		p.row(first, start)
	}
}

// planFilters encodes the filter rows. The last one on disk is written again if
// there is room in it. Those between there and a gap's end are deleted.
func (c *Chain) planFilters(p *plan) error {
	if len(c.filters) == 0 && c.keepFilters == c.disk.filters.Height && !c.aboveCut {
		return nil
	}
	k, from, err := c.lastFilterRow()
	if err != nil {
		return err
	}
	p.buckets = append(p.buckets, bucketPlan{
		name: bucketFilters, from: from, until: c.tip.above.First,
		cut: c.keepFilters < c.disk.filters.Height || c.aboveCut || c.tip.above.Any(),
	})
	first := c.keepFilters + 1 // the height of the first one that is staged
	row := int(k.first - first)
	for i := max(row, 0); i < len(c.filters); i++ {
		if !k.add(c.filters[i]) {
			c.planFilterRow(p, k, row)
			k.reset(first + consensus.Height(i))
			k.add(c.filters[i])
			row = i
		}
	}
	if len(k.filters) > 0 {
		c.planFilterRow(p, k, row)
	}
	if c.aboveCut && c.tip.above.Any() {
		return c.planAbove(p)
	}
	return nil
}

// lastFilterRow returns the row that the staged filters go on with, and from which height on
// rows on disk are replaced. It is a new row if there is none on disk from the floor on.
func (c *Chain) lastFilterRow() (k *filterPacker, from consensus.Height, err error) {
	k = new(filterPacker)
	err = c.store.view("read filters", func(tx *txn) error {
		b, err := bucketOf(tx, bucketFilters)
		if err != nil {
			return err
		}
		var row filterRow
		if floor := c.tip.floor; c.keepFilters < floor {
			k.reset(floor)
			from = floor
			if row.read(b, floor) == nil { // filters that no longer count, with some below the floor
				from = row.first
			}
			return nil
		}
		if err := row.read(b, c.keepFilters); err != nil {
			return missing(err, "filter %d", c.keepFilters)
		}
		k.reset(row.first)
		from = row.first
		for _, f := range row.filters[:c.keepFilters-row.first+1] {
			k.add(append([]byte(nil), f...))
		}
		return nil
	})
	return k, from, err
}

// planAbove encodes the last row of those above the gap again, which loses its last filters.
func (c *Chain) planAbove(p *plan) error {
	var k filterPacker
	last := c.tip.above.Last.Height
	err := c.store.view("read filters", func(tx *txn) error {
		b, err := bucketOf(tx, bucketFilters)
		if err != nil {
			return err
		}
		var row filterRow
		if err := row.read(b, last); err != nil {
			return missing(err, "filter %d", last)
		}
		k.reset(row.first)
		for _, f := range row.filters[:last-row.first+1] {
			k.add(append([]byte(nil), f...))
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.buckets = append(p.buckets, bucketPlan{name: bucketFilters, from: k.first, cut: true})
	p.filterRow(&k)
	return nil
}

// planFilterRow encodes the row that was packed. The staged filters in it, whose
// indices count from a place before or among these, become parts of the row, so
// that the messages they came in are needed no more.
func (c *Chain) planFilterRow(p *plan, k *filterPacker, index int) {
	p.filterRow(k)
	at := len(p.memory)
	for i := len(k.filters) - 1; i >= 0 && index+i >= 0; i-- {
		n := len(k.filters[i])
		c.filters[index+i] = p.memory[at-n : at : at]
		at -= n
	}
}

// filterRow encodes the row that was packed.
func (p *plan) filterRow(k *filterPacker) {
	start := len(p.memory)
	p.memory = k.appendRow(p.memory)
	p.row(k.first, start)
}

// apply writes the plan.
func (p *plan) apply(tx *txn) error {
	for i := range p.buckets {
		if err := p.buckets[i].apply(tx); err != nil {
			return err
		}
	}
	return nil
}

func (p *bucketPlan) apply(tx *txn) error {
	b, err := bucketOf(tx, p.name)
	if err != nil {
		return err
	}
	if p.cut {
		if err := dropRows(b, p.from, p.until); err != nil {
			return err
		}
	}
	for _, row := range p.rows {
		seal(row.key, row.value)
		if err := b.Put(row.key, row.value); err != nil {
			return err
		}
	}
	return nil
}

// dropRows deletes the rows from a height on, up to before another one unless that is zero.
func dropRows(b *rows, from, until consensus.Height) error {
	var last []byte
	for {
		key, _ := b.Cursor().Seek(heightKey(from))
		if key == nil || until != 0 && bytes.Compare(key, heightKey(until)) >= 0 {
			return nil
		}
		if bytes.Equal(key, last) { // in damaged pages a key may be found once only
			return corrupt("row %x is still there after it was deleted", key)
		}
		last = bytes.Clone(key)
		if err := b.Delete(last); err != nil {
			return err
		}
	}
}
