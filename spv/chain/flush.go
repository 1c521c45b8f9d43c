package chain

import (
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// rowSlack is what the rows of a flush take besides what is staged: the last ones
// on disk, which are written again, and the index. It is no bound.
const rowSlack = 512 << 10

// Pending returns the size of what is staged and that no write has taken yet, in
// bytes. It is not zero if there is anything to write.
func (c *Chain) Pending() int {
	headers, filters := c.taken()
	n := int(c.tip.Headers.Height-headers)*consensus.HeaderSize + c.filterBytes + int(max(0, c.tip.Filters.Height-filters))
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
	return headers < end.Headers.Height || filters < end.Filters.Height || c.aboveCut
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

// plan encodes all rows that are staged.
func (c *Chain) plan() (*store.Plan, error) {
	if most := c.Pending() + rowSlack; cap(c.rows) < most {
		c.rows = make([]byte, 0, most)
	}
	p := store.NewPlan(c.rows)
	c.rows = nil // it comes back when the write is over
	if c.keep < c.disk.Headers.Height || c.keep < c.tip.Headers.Height {
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
func (c *Chain) planHeaders(p *store.Plan) {
	from, tip := store.RowStart(c.keep+1), c.tip.Headers.Height
	p.Begin(store.BucketHeaders, from, 0, c.keep < c.disk.Headers.Height)
	for first := from; first <= tip; first += store.HeadersPerRow {
		last := min(first+store.HeadersPerRow-1, tip)
		var before uint256.Uint256
		if first > 0 {
			before = c.main.work(first - 1)
		}
		p.HeaderRow(first, last, &before, c.main.hash(last), c.main.At) // plan fails if one cannot be read
	}
}

// planHashes encodes the segments of the index that are complete now.
func (c *Chain) planHashes(p *store.Plan) {
	from := store.SegmentStart(c.keep + 1)
	p.Begin(store.BucketHashes, from, 0, c.keep < c.disk.Headers.Height)
	for first := from; first+store.SegmentBlocks-1 <= c.tip.Headers.Height; first += store.SegmentBlocks {
		p.Segment(first, c.main.hash)
	}
}

// planFilters encodes the filter rows. The last one on disk is written again if
// there is room in it. Those between there and a gap's end are deleted.
func (c *Chain) planFilters(p *store.Plan) error {
	if len(c.filters) == 0 && c.keepFilters == c.disk.Filters.Height && !c.aboveCut {
		return nil
	}
	k, from, err := c.lastFilterRow()
	if err != nil {
		return err
	}
	p.Begin(store.BucketFilters, from, c.tip.Above.First,
		c.keepFilters < c.disk.Filters.Height || c.aboveCut || c.tip.Above.Any())
	first := c.keepFilters + 1 // the height of the first one that is staged
	row := int(k.First - first)
	for i := max(row, 0); i < len(c.filters); i++ {
		if !k.Add(c.filters[i]) {
			c.planFilterRow(p, k, row)
			k.Reset(first + consensus.Height(i))
			k.Add(c.filters[i])
			row = i
		}
	}
	if len(k.Filters) > 0 {
		c.planFilterRow(p, k, row)
	}
	if c.aboveCut && c.tip.Above.Any() {
		return c.planAbove(p)
	}
	return nil
}

// lastFilterRow returns the row that the staged filters go on with, and from which height on
// rows on disk are replaced. It is a new row if there is none on disk from the floor on.
func (c *Chain) lastFilterRow() (k *store.FilterPacker, from consensus.Height, err error) {
	k = new(store.FilterPacker)
	err = c.store.View("read filters", func(tx *store.Txn) error {
		b, err := store.RowsOf(tx, store.BucketFilters)
		if err != nil {
			return err
		}
		var row store.FilterRow
		if floor := c.tip.Floor; c.keepFilters < floor {
			k.Reset(floor)
			from = floor
			if row.Read(b, floor) == nil { // filters that no longer count, with some below the floor
				from = row.First
			}
			return nil
		}
		if err := row.Read(b, c.keepFilters); err != nil {
			return store.Missing(err, "filter %d", c.keepFilters)
		}
		k.Reset(row.First)
		from = row.First
		for _, f := range row.Filters[:c.keepFilters-row.First+1] {
			k.Add(append([]byte(nil), f...))
		}
		return nil
	})
	return k, from, err
}

// planAbove encodes the last row of those above the gap again, which loses its last filters.
func (c *Chain) planAbove(p *store.Plan) error {
	var k store.FilterPacker
	last := c.tip.Above.Last.Height
	err := c.store.View("read filters", func(tx *store.Txn) error {
		b, err := store.RowsOf(tx, store.BucketFilters)
		if err != nil {
			return err
		}
		var row store.FilterRow
		if err := row.Read(b, last); err != nil {
			return store.Missing(err, "filter %d", last)
		}
		k.Reset(row.First)
		for _, f := range row.Filters[:last-row.First+1] {
			k.Add(append([]byte(nil), f...))
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Begin(store.BucketFilters, k.First, 0, true)
	p.FilterRow(&k)
	return nil
}

// planFilterRow encodes the row that was packed. The staged filters in it, whose
// indices count from a place before or among these, become parts of the row, so
// that the messages they came in are needed no more.
func (c *Chain) planFilterRow(p *store.Plan, k *store.FilterPacker, index int) {
	row := p.FilterRow(k)
	at := len(row)
	for i := len(k.Filters) - 1; i >= 0 && index+i >= 0; i-- {
		n := len(k.Filters[i])
		c.filters[index+i] = row[at-n : at : at]
		at -= n
	}
}
