package chain

import (
	"bytes"
	"context"
	"errors"

	"github.com/spvd/spvd/spv/consensus"
)

// filterCheck proves filters on disk again, from that of the genesis block on.
type filterCheck struct {
	params  *consensus.Params
	headers rowsView
	early   consensus.EarlyFilterHash
	packer  filterPacker // replays where rows begin
	next    consensus.Height
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
	v := filterCheck{params: p, headers: rowsView{bucket: headers}, early: consensus.NewEarlyFilterHash()}
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
	if v.next-1 != tip.filters.Height {
		return corrupt("filters end at %d and not at %d", v.next-1, tip.filters.Height)
	}
	return v.checkEarly(tx)
}

// check checks the next row: that it is the next one, and begins where it has
// to.
func (v *filterCheck) check(row *filterRow) error {
	if row.first != v.next || v.next > 0 && v.packer.add(row.filters[0]) {
		return corrupt("filter row %d begins at the wrong block", row.first)
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
	if v.next < v.params.DCP0005 {
		v.early.Add(filter) // their state says whether they are the known ones
		return nil
	}
	if v.next > 0 && consensus.FilterHash(filter) != header.StakeRoot() {
		return corrupt("filter %d is not the one its header commits to", v.next)
	}
	return nil
}

// checkEarly checks that the hash over the early filters is the one on disk.
func (v *filterCheck) checkEarly(tx *txn) error {
	if v.params.DCP0005 == 0 {
		return nil
	}
	stored, err := readEarly(tx)
	if err != nil {
		return err
	}
	if !bytes.Equal(stored.State(nil), v.early.State(nil)) {
		return corrupt("the hash over the early filters is not that of the filters")
	}
	return nil
}
