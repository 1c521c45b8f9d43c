package chain

import (
	"bytes"
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// headerCheck proves headers on disk again, from the genesis block on. It is
// the branch below the next header.
type headerCheck struct {
	params *consensus.Params
	window window
	anchor *consensus.Header // the block at ASERTAnchor, once there is one
	work   workMemo
	next   consensus.Height
	hash   chainhash.Hash // of the header before

	index   *rows
	segment []chainhash.Hash // the blocks since the last complete one
	row     []byte
}

// checkHeaders checks all header rows and the index, and returns the last row.
func checkHeaders(ctx context.Context, p *consensus.Params, tx *txn) (last headerRow, err error) {
	b, err := bucketOf(tx, bucketHeaders)
	if err != nil {
		return last, err
	}
	index, err := bucketOf(tx, bucketHashes)
	if err != nil {
		return last, err
	}
	v := headerCheck{params: p, window: newWindow(0, recentHeaders), index: index}
	c := b.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if err := ctx.Err(); err != nil {
			return last, err
		}
		row, err := parseHeaderRow(key, value)
		if err != nil {
			return last, err
		}
		if row.first != v.next || row.first != last.end() {
			return last, corrupt("header row %d follows header %d", row.first, v.next-1)
		}
		if err := row.verify(last); err != nil {
			return last, err
		}
		for h := row.first; h < row.end(); h++ {
			if err := v.check(row.header(h), row.hash(h)); err != nil {
				return last, err
			}
		}
		last = row
	}
	if v.next == 0 {
		return last, corrupt("there are no headers")
	}
	return last, v.checkIndexEnd()
}

// check checks the next header.
func (v *headerCheck) check(h *consensus.Header, stored chainhash.Hash) error {
	hash := h.Hash()
	switch {
	case hash != stored:
		return corrupt("header %d does not have its hash", v.next)
	case v.next == 0 && hash != v.params.ChainParams.GenesisHash:
		return corrupt("block 0 is not the genesis block of %s", v.params.ChainParams.Name)
	case v.next > 0:
		if err := v.prove(h, &hash); err != nil {
			return corrupt("%v", err)
		}
	}
	if v.next == v.params.ASERTAnchor {
		v.anchor = new(consensus.Header)
		*v.anchor = *h
	}
	work := *v.work.of(h.Bits())
	if l := v.window.at(v.next - 1); l != nil {
		work.Add(&l.work)
	}
	v.window.push(h, &work, v.next)
	v.hash = hash
	v.next++
	return v.checkIndex(hash)
}

// prove checks all rules of the next header.
func (v *headerCheck) prove(h *consensus.Header, hash *chainhash.Hash) error {
	if h.PrevBlock() != v.hash {
		return consensus.NewRuleError(consensus.RuleLink, h, "want parent %v, got %v", v.hash, h.PrevBlock())
	}
	if err := consensus.CheckHeader(v.params, h, hash); err != nil {
		return err
	}
	if err := consensus.CheckContext(v.params, v, h, h.Time()); err != nil {
		return err
	}
	return consensus.CheckWaypoint(v.params, consensus.BlockID{Height: v.next, Hash: *hash})
}

// At implements Ancestors.
func (v *headerCheck) At(h consensus.Height) *consensus.Header {
	if l := v.window.at(h); l != nil {
		return &l.header
	}
	if h == v.params.ASERTAnchor {
		return v.anchor
	}
	return nil
}

// checkIndex checks the row of the index that is complete with a block.
func (v *headerCheck) checkIndex(hash chainhash.Hash) error {
	v.segment = append(v.segment, hash)
	if len(v.segment) < segmentBlocks {
		return nil
	}
	first := v.next - segmentBlocks
	key := heightKey(first)
	v.row = appendSegment(v.row[:0], first, func(h consensus.Height) chainhash.Hash { return v.segment[h-first] })
	seal(key, v.row)
	if !bytes.Equal(v.index.Get(key), v.row) {
		return corrupt("row %d of the index is not that of its headers", first)
	}
	v.segment = v.segment[:0]
	return nil
}

// checkIndexEnd checks that the index has no more rows than it should.
func (v *headerCheck) checkIndexEnd() error {
	rows := 0
	c := v.index.Cursor()
	for key, _ := c.First(); key != nil; key, _ = c.Next() {
		rows++
	}
	if want := int(v.next) / segmentBlocks; rows != want {
		return corrupt("want %d rows in the index, got %d", want, rows)
	}
	return nil
}
