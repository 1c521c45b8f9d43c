package chain

import (
	"bytes"
	"context"
	"errors"

	"github.com/spvd/spvd/spv/consensus"
)

// filterCheck proves filters on disk again, from the floor on.
type filterCheck struct {
	params  *consensus.Params
	tip     *storeTip
	headers rowsView
	early   consensus.EarlyFilterHash
	active  []byte       // the filter at DCP0005; nil if it is not there
	packer  filterPacker // replays where rows begin
	next    consensus.Height
	last    consensus.Height // of the run of filters that next belongs to
	above   bool             // that is the one above a gap
	seams   uint32           // rows that ended before they were full
}

// checkFilters checks all filter rows.
func checkFilters(ctx context.Context, p *consensus.Params, tx *txn, tip *storeTip) error {
	b, err := bucketOf(tx, bucketFilters)
	if err != nil {
		return err
	}
	headers, err := bucketOf(tx, bucketHeaders)
	if err != nil {
		return err
	}
	v := filterCheck{params: p, tip: tip, headers: rowsView{bucket: headers}, early: consensus.NewEarlyFilterHash()}
	v.run(tip.floor, tip.filters.Height)
	c := b.Cursor()
	var row filterRow
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if err := errors.Join(ctx.Err(), row.parse(key, value)); err != nil {
			return err
		}
		if err := v.check(&row); err != nil {
			return err
		}
	}
	v.skipGap()
	switch {
	case v.next-1 != v.last:
		return corrupt("filters end at %d and not at %d", v.next-1, v.last)
	case v.above != tip.above.Any():
		return corrupt("filters end at %d and not at %d", v.last, tip.above.Last.Height)
	case v.seams > tip.seams:
		return corrupt("%d filter rows end before they are full, and not %d", v.seams, tip.seams)
	}
	return v.checkEarly(tx)
}

// run begins a run of filters from one height to another.
func (v *filterCheck) run(first, last consensus.Height) {
	v.next, v.last = first, last
	v.packer.reset(first)
}

// skipGap begins the run above the gap when the one below is complete.
func (v *filterCheck) skipGap() {
	if v.next > v.last && !v.above && v.tip.above.Any() {
		v.above = true
		v.run(v.tip.above.First, v.tip.above.Last.Height)
	}
}

// check checks the next row: that it is the next one, and begins where it has
// to. The first of all may begin below the floor, and rows below it are to be deleted.
func (v *filterCheck) check(row *filterRow) error {
	if row.end() <= v.tip.floor {
		return nil
	}
	v.skipGap()
	first := v.next
	if first == v.tip.floor && !v.above && v.next <= v.last {
		v.next = min(row.first, first)
	}
	switch {
	case row.first != v.next || row.end()-1 > v.last:
		return corrupt("filter row %d begins at the wrong block", row.first)
	case len(v.packer.filters) > 0 && v.packer.add(row.filters[0]):
		v.seams++
	}
	v.packer.reset(row.first)
	for _, filter := range row.filters {
		if !v.packer.add(filter) {
			return corrupt("filter row %d is too long", row.first)
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
		return missing(v.headers.err, "header %d", v.next)
	}
	switch {
	case v.next < v.params.DCP0005:
		v.early.Add(filter) // their state says whether they are the known ones
		return nil
	case v.next == v.params.DCP0005:
		v.active = append([]byte{}, filter...)
	}
	if v.next > 0 && consensus.FilterHash(filter) != header.StakeRoot() {
		return corrupt("filter %d is not the one its header commits to", v.next)
	}
	return nil
}

// checkEarly checks that the hash over the early filters is the one on disk. Where the floor
// is among them, that has to be the known one: they were complete when the floor was raised.
func (v *filterCheck) checkEarly(tx *txn) error {
	if v.params.DCP0005 == 0 {
		return nil
	}
	stored, err := readEarly(tx)
	if err != nil {
		return err
	}
	switch floor := v.tip.floor; {
	case floor >= v.params.DCP0005:
		v.early = consensus.NewEarlyFilterHash()
	case floor > 0 && v.tip.filters.Height < v.params.DCP0005 && stored.Next() == v.params.DCP0005:
		return nil // the next filter may be part of the proof
	case floor > 0:
		if err := stored.Check(v.params, v.active); err != nil {
			return corrupt("early filters from %d on: %v", floor, err)
		}
		return nil
	}
	if !bytes.Equal(stored.State(nil), v.early.State(nil)) {
		return corrupt("the hash over the early filters is not that of the filters")
	}
	return nil
}
