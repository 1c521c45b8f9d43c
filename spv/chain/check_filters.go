package chain

import (
	"bytes"
	"context"
	"errors"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// filterCheck proves filters on disk again, from the floor on.
type filterCheck struct {
	params  *consensus.Params
	tip     *store.Tip
	headers rowsView
	early   consensus.EarlyFilterHash
	active  []byte             // the filter at DCP0005; nil if it is not there
	packer  store.FilterPacker // replays where rows begin
	next    consensus.Height
	last    consensus.Height // of the run of filters that next belongs to
	above   bool             // that is the one above a gap
	seams   uint32           // rows that ended before they were full
}

// checkFilters checks all filter rows.
func checkFilters(ctx context.Context, p *consensus.Params, tx *store.Txn, tip *store.Tip) error {
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return err
	}
	headers, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return err
	}
	v := filterCheck{params: p, tip: tip, headers: rowsView{bucket: headers}, early: consensus.NewEarlyFilterHash()}
	v.run(tip.Floor, tip.Filters.Height)
	c := b.Cursor()
	var row store.FilterRow
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if err := errors.Join(ctx.Err(), row.Parse(key, value)); err != nil {
			return err
		}
		if err := v.check(&row); err != nil {
			return err
		}
	}
	v.skipGap()
	switch {
	case v.next-1 != v.last:
		return store.Corrupt("filters end at %d and not at %d", v.next-1, v.last)
	case v.above != tip.Above.Any():
		return store.Corrupt("filters end at %d and not at %d", v.last, tip.Above.Last.Height)
	case v.seams > tip.Seams:
		return store.Corrupt("%d filter rows end before they are full, and not %d", v.seams, tip.Seams)
	}
	return v.checkEarly(tx)
}

// run begins a run of filters from one height to another.
func (v *filterCheck) run(first, last consensus.Height) {
	v.next, v.last = first, last
	v.packer.Reset(first)
}

// skipGap begins the run above the gap when the one below is complete.
func (v *filterCheck) skipGap() {
	if v.next > v.last && !v.above && v.tip.Above.Any() {
		v.above = true
		v.run(v.tip.Above.First, v.tip.Above.Last.Height)
	}
}

// check checks the next row: that it is the next one, and begins where it has
// to. The first of all may begin below the floor, and rows below it are to be deleted.
func (v *filterCheck) check(row *store.FilterRow) error {
	if row.End() <= v.tip.Floor {
		return nil
	}
	v.skipGap()
	first := v.next
	if first == v.tip.Floor && !v.above && v.next <= v.last {
		v.next = min(row.First, first)
	}
	switch {
	case row.First != v.next || row.End()-1 > v.last:
		return store.Corrupt("filter row %d begins at the wrong block", row.First)
	case len(v.packer.Filters) > 0 && v.packer.Add(row.Filters[0]):
		v.seams++
	}
	v.packer.Reset(row.First)
	for _, filter := range row.Filters {
		if !v.packer.Add(filter) {
			return store.Corrupt("filter row %d is too long", row.First)
		}
		if err := v.prove(filter); err != nil {
			return err
		}
		v.next++
	}
	return nil
}

// prove checks the next filter against its header. The proofs that filters came
// with are not kept: as long as a header commits to nothing else, the filter's
// hash is the root.
func (v *filterCheck) prove(filter []byte) error {
	header := v.headers.At(v.next)
	if header == nil {
		return store.Missing(v.headers.err, "header %d", v.next)
	}
	switch {
	case v.next < v.params.DCP0005:
		v.early.Add(filter) // their state says whether they are the known ones
		return nil
	case v.next == v.params.DCP0005:
		v.active = append([]byte{}, filter...)
	}
	if v.next > 0 && consensus.FilterHash(filter) != header.StakeRoot() {
		return store.Corrupt("filter %d is not the one its header commits to", v.next)
	}
	return nil
}

// checkEarly checks that the hash over the early filters is the one on disk. Where the floor
// is among them, that has to be the known one: they were complete when the floor was raised.
func (v *filterCheck) checkEarly(tx *store.Txn) error {
	if v.params.DCP0005 == 0 {
		return nil
	}
	stored, err := store.ReadEarly(tx)
	if err != nil {
		return err
	}
	switch floor := v.tip.Floor; {
	case floor >= v.params.DCP0005:
		v.early = consensus.NewEarlyFilterHash()
	case floor > 0 && v.tip.Filters.Height < v.params.DCP0005 && stored.Next() == v.params.DCP0005:
		return nil // the next filter may be part of the proof
	case floor > 0:
		if err := stored.Check(v.params, v.active); err != nil {
			return store.Corrupt("early filters from %d on: %v", floor, err)
		}
		return nil
	}
	if !bytes.Equal(stored.State(nil), v.early.State(nil)) {
		return store.Corrupt("the hash over the early filters is not that of the filters")
	}
	return nil
}
