package chain

import (
	"bytes"
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain/internal/recent"
	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// headerCheck proves headers on disk again, from the genesis block on. It is
// the branch below the next header.
type headerCheck struct {
	params *consensus.Params
	window recent.Headers
	anchor *consensus.Header // the block at ASERTAnchor, once there is one
	work   store.WorkMemo
	next   consensus.Height
	hash   chainhash.Hash // of the header before

	index   *store.Rows
	segment []chainhash.Hash // the blocks since the last complete one
	row     []byte
}

// checkHeaders checks all header rows and the index, and returns the last row.
func checkHeaders(ctx context.Context, p *consensus.Params, tx *store.Txn) (last store.HeaderRow, err error) {
	b, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return last, err
	}
	index, err := store.RowsOf(tx, store.BucketHashes)
	if err != nil {
		return last, err
	}
	v := headerCheck{params: p, window: recent.New(0, recentHeaders), index: index}
	c := b.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		if err := ctx.Err(); err != nil {
			return last, err
		}
		row, err := store.ParseHeaderRow(key, value)
		if err != nil {
			return last, err
		}
		if row.First != v.next || row.First != last.End() {
			return last, store.Corrupt("header row %d follows header %d", row.First, v.next-1)
		}
		if err := verifyRow(row, last); err != nil {
			return last, err
		}
		for h := row.First; h < row.End(); h++ {
			if err := v.check(row.Header(h), row.Hash(h)); err != nil {
				return last, err
			}
		}
		last = row
	}
	if v.next == 0 {
		return last, store.Corrupt("there are no headers")
	}
	return last, v.checkIndexEnd()
}

// check checks the next header.
func (v *headerCheck) check(h *consensus.Header, stored chainhash.Hash) error {
	hash := h.Hash()
	switch {
	case hash != stored:
		return store.Corrupt("header %d does not have its hash", v.next)
	case v.next == 0 && hash != v.params.ChainParams.GenesisHash:
		return store.Corrupt("block 0 is not the genesis block of %s", v.params.ChainParams.Name)
	case v.next > 0:
		if err := v.prove(h, &hash); err != nil {
			return store.Corrupt("%v", err)
		}
	}
	if v.next == v.params.ASERTAnchor {
		v.anchor = new(consensus.Header)
		*v.anchor = *h
	}
	work := *v.work.Of(h.Bits())
	if l := v.window.At(v.next - 1); l != nil {
		work.Add(&l.Work)
	}
	v.window.Push(h, &work, v.next)
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
	if l := v.window.At(h); l != nil {
		return &l.Header
	}
	if h == v.params.ASERTAnchor {
		return v.anchor
	}
	return nil
}

// VersionRun implements consensus.VersionRuns.
func (v *headerCheck) VersionRun(h consensus.Height) int { return v.window.VersionRun(h) }

// checkIndex checks the row of the index that is complete with a block.
func (v *headerCheck) checkIndex(hash chainhash.Hash) error {
	v.segment = append(v.segment, hash)
	if len(v.segment) < store.SegmentBlocks {
		return nil
	}
	first := v.next - store.SegmentBlocks
	key := store.HeightKey(first)
	v.row = store.AppendSegment(v.row[:0], first, func(h consensus.Height) chainhash.Hash { return v.segment[h-first] })
	store.Seal(key, v.row)
	if !bytes.Equal(v.index.Get(key), v.row) {
		return store.Corrupt("row %d of the index is not that of its headers", first)
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
	if want := int(v.next) / store.SegmentBlocks; rows != want {
		return store.Corrupt("want %d rows in the index, got %d", want, rows)
	}
	return nil
}
