package chain

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// scanChunk is how much Scan reads in one transaction, in bytes of filters.
const scanChunk = 128 << 10

// Scan calls fn with each block of the main chain from one height to another,
// both included. The header and the filter are valid until fn returns. No
// transaction is open while fn runs, and fn may take its time.
//
// It stops at the first error of fn and returns it. ErrStale says that blocks
// were taken off the main chain meanwhile: what was passed to fn may be of two
// branches. ErrNotFound says that there are no filters up to the last height, ErrBelowFloor
// that those from the first height on are not kept.
func (r *Reader) Scan(from, to consensus.Height, fn func(id consensus.BlockID, h *consensus.Header, filter []byte) error) error {
	s := r.newScan()
	defer r.scans.Put(s)
	for next := from; next <= to; next = s.end() {
		err := r.store.View(fmt.Sprintf("scan %d", next), func(tx *store.Txn) error {
			return s.read(tx, next, to)
		})
		if err != nil {
			return err
		}
		for i := range s.headers {
			if err := fn(consensus.BlockID{Height: next + consensus.Height(i), Hash: s.hashes[i]}, &s.headers[i], s.filter(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// scan holds copies of consecutive blocks.
type scan struct {
	first   consensus.Height
	headers []consensus.Header
	hashes  []chainhash.Hash
	filters []byte // of all blocks, one after the other
	ends    []int  // where each ends

	ahead   store.ReadAhead
	started bool
	cuts    uint64 // store.Tip.Cuts when the scan began
}

// newScan returns a scan that has read nothing, in the memory of one that is over if
// there is any.
func (r *Reader) newScan() *scan {
	s, ok := r.scans.Get().(*scan)
	if !ok {
		s = new(scan)
	}
	s.started, s.ahead = false, r.store.ReadAhead()
	return s
}

func (s *scan) end() consensus.Height { return s.first + consensus.Height(len(s.headers)) }

func (s *scan) filter(i int) []byte {
	start := 0
	if i > 0 {
		start = s.ends[i-1]
	}
	return s.filters[start:s.ends[i]:s.ends[i]]
}

// read reads the blocks from one height on, at most up to another and at least
// one.
func (s *scan) read(tx *store.Txn, from, to consensus.Height) error {
	tip, err := store.ReadTip(tx)
	switch {
	case err != nil:
		return err
	case s.started && s.cuts != tip.Cuts:
		return ErrStale
	}
	if err := tip.Has(from, to); err != nil {
		return err
	}
	s.started, s.cuts, s.first = true, tip.Cuts, from
	if err := s.readFilters(tx, from, to); err != nil {
		return err
	}
	return s.readHeaders(tx, from, from+consensus.Height(len(s.ends)))
}

// readFilters copies filters until the chunk is full.
func (s *scan) readFilters(tx *store.Txn, from, to consensus.Height) error {
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return err
	}
	s.filters, s.ends = s.filters[:0], s.ends[:0]
	c := b.Cursor()
	var row store.FilterRow
	next := from
	for key, value := store.SeekRow(c, from); next <= to && len(s.filters) < scanChunk; key, value = c.Next() {
		if key == nil {
			return store.Corrupt("filter %d is missing", next)
		}
		s.ahead.Row(tx, c, value)
		if err := row.Parse(key, value); err != nil {
			return err
		}
		if next < row.First || next >= row.End() {
			return store.Corrupt("filter %d is missing: got a row from %d to %d", next, row.First, row.End()-1)
		}
		for _, f := range row.Filters[next-row.First : min(row.End(), to+1)-row.First] {
			s.filters = append(s.filters, f...)
			s.ends = append(s.ends, len(s.filters))
			next++
		}
	}
	return nil
}

// readHeaders copies the headers of the same blocks.
func (s *scan) readHeaders(tx *store.Txn, from, end consensus.Height) error {
	b, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return err
	}
	s.headers, s.hashes = s.headers[:0], s.hashes[:0]
	for h := from; h < end; {
		row, err := store.ReadHeaderRow(b, h)
		if err != nil {
			return store.Missing(err, "header %d", h)
		}
		for ; h < min(end, row.End()); h++ {
			s.headers = append(s.headers, *row.Header(h))
			s.hashes = append(s.hashes, row.Hash(h))
		}
	}
	return nil
}
