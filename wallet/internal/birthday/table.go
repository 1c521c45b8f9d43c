package birthday

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/remembered"
)

// Table is what birthdays refer to by number or date: the blocks after which something is born,
// and where dates begin on the wallet's chain. A copy may be changed without the other one: each
// change makes new lists.
type Table struct {
	Anchors []Anchor // by number, from one on
	Dates   []Dated  // in no order
}

// At returns the first height that a birthday includes, or [Unborn] while that is
// not known.
func (t *Table) At(b Born) consensus.Height {
	h := b.Height
	if b.After != 0 {
		h = min(h, t.Anchors[b.After-1].Height+1)
	}
	if b.Date != 0 {
		h = min(h, t.Date(b.Date))
	}
	return h
}

// Date returns the first height that a date includes, or [Unborn] while no block has reached it.
func (t *Table) Date(date uint32) consensus.Height {
	for _, d := range t.Dates {
		if d.Date == date {
			return d.First
		}
	}
	return Unborn
}

// Earliest returns the birthday that includes all that two of them include.
func (t *Table) Earliest(a, b Born) Born {
	a.Height = min(a.Height, b.Height)
	if a.After == 0 || b.After != 0 && t.Anchors[b.After-1].Height < t.Anchors[a.After-1].Height {
		a.After = b.After
	}
	if a.Date == 0 || b.Date != 0 && b.Date < a.Date {
		a.Date = b.Date
	}
	if a.Height == 0 {
		return AtHeight(0)
	}
	return a
}

// Public returns a birthday as users see it: a height, or a date that no block has
// reached.
func (t *Table) Public(b Born) Birthday {
	if h := t.At(b); h != Unborn || b.Date == 0 {
		return Birthday{Height: h}
	}
	return Birthday{Time: time.Unix(int64(b.Date), 0)}
}

// Keep returns a birthday as it is kept by a wallet whose chain ends at a height, with the
// blocks that it remembers. The table grows by what the birthday refers to.
func (t *Table) Keep(d Birthday, tip consensus.Height, blocks []remembered.Block) Born {
	switch {
	case d.After.Hash != chainhash.Hash{}:
		return t.KeepAfter(d.After, tip, blocks)
	case d.Time.IsZero():
		return AtHeight(d.Height)
	}
	b := Born{Height: Unborn, Date: uint32(d.Time.Unix())}
	if t.Date(b.Date) == Unborn {
		t.SetDate(b.Date, FirstSince(b.Date, blocks))
	}
	return b
}

// KeepAfter is Keep of a birthday after a block.
func (t *Table) KeepAfter(id consensus.BlockID, tip consensus.Height, blocks []remembered.Block) Born {
	a := Anchor{BlockID: id, Base: min(id.Height, tip)}
	switch b, ok := remembered.At(blocks, id.Height); {
	case ok && b.Hash != id.Hash: // the wallet is on another branch
		a.Base = max(0, id.Height-remembered.Dense)
	case !ok && id.Height < tip:
		return AtHeight(id.Height + 1) // too far below the tip to leave the chain
	}
	for i, known := range t.Anchors {
		if known == a {
			return Born{Height: Unborn, After: uint32(i) + 1}
		}
	}
	if free := slices.Index(t.Anchors, Anchor{}); free >= 0 {
		t.SetAnchor(free, a)
		return Born{Height: Unborn, After: uint32(free) + 1}
	}
	t.Anchors = append(t.Anchors[:len(t.Anchors):len(t.Anchors)], a)
	return Born{Height: Unborn, After: uint32(len(t.Anchors))}
}

// SetDate notes where a date begins.
func (t *Table) SetDate(date uint32, first consensus.Height) {
	next := make([]Dated, 0, len(t.Dates)+1)
	for _, d := range t.Dates {
		if d.Date != date {
			next = append(next, d)
		}
	}
	t.Dates = append(next, Dated{date, first})
}

// SetAnchor replaces the anchor of an index.
func (t *Table) SetAnchor(i int, a Anchor) {
	t.Anchors = slices.Clone(t.Anchors)
	t.Anchors[i] = a
}

// Leave makes birthdays follow the chain, which leads over the fork to another branch than the
// wallet's. The wallet goes back to a block, to, at or below the fork.
func (t *Table) Leave(fork, to consensus.BlockID) {
	for i, a := range t.Anchors {
		applied := a.Base == a.Height
		if a.Base <= to.Height {
			continue
		}
		if a.Base = to.Height; applied && a.Height > fork.Height {
			a.BlockID, a.Base = fork, min(fork.Height, to.Height)
		}
		t.SetAnchor(i, a)
	}
	for _, d := range t.Dates {
		if d.First > to.Height && d.First != Unborn {
			t.SetDate(d.Date, Unborn)
		}
	}
}

// Arrive compares a new block of the chain with the anchors that the wallet has not found
// on its chain yet: those of the block's height, and those below that were on another
// branch when they were given. It returns the height from which on blocks may hold
// payments that were not looked for, or unborn: the chain has left such an anchor's branch,
// which the wallet has never seen.
func (t *Table) Arrive(b consensus.BlockID, blocks []remembered.Block) (missed consensus.Height) {
	missed = Unborn
	for i, a := range t.Anchors {
		if a.Height > b.Height || a.Base == a.Height {
			continue
		}
		same := a.Hash == b.Hash
		if a.Height < b.Height {
			below, ok := remembered.At(blocks, a.Height)
			same = ok && below.Hash == a.Hash
		}
		if same {
			a.Base = a.Height
		} else {
			fork := Fork(a, blocks)
			a.BlockID, a.Base = fork.BlockID, fork.Height
			missed = min(missed, a.Height+1)
		}
		t.SetAnchor(i, a)
	}
	return missed
}

// Fork returns what the wallet takes for the fork where the chain has left the block of an
// anchor that the wallet has not come to: a block at or below the fork.
func Fork(a Anchor, blocks []remembered.Block) remembered.Block {
	return remembered.Below(blocks, max(a.Base, a.Height-remembered.Dense))
}

// Reach makes a block of the chain, of a time in Unix seconds, the first one of the dates that
// include it and that no block has reached before.
func (t *Table) Reach(h consensus.Height, blockTime uint32) {
	for _, d := range t.Dates {
		if d.First == Unborn && includes(d.Date, blockTime) {
			t.SetDate(d.Date, h)
		}
	}
}

// Equal reports whether two tables say the same of all birthdays.
func (t *Table) Equal(o *Table) bool {
	for _, d := range slices.Concat(t.Dates, o.Dates) {
		if t.Date(d.Date) != o.Date(d.Date) {
			return false
		}
	}
	return slices.Equal(t.Anchors, o.Anchors)
}

// FirstSince returns a height at or below the first one that a date includes, by
// the blocks that a wallet remembers, or [Unborn] if they do not reach it.
func FirstSince(date uint32, blocks []remembered.Block) consensus.Height {
	after := consensus.Height(-1)
	for _, b := range blocks {
		if includes(date, b.Time) {
			return after + 1
		}
		after = b.Height
	}
	return Unborn
}

// FirstAsSaid returns the first height that a date includes according to another wallet of the
// chain, unborn if it does not know. Where remembered blocks below that are included, it was of
// another branch, and the result is that of FirstSince.
func FirstAsSaid(date uint32, said consensus.Height, blocks []remembered.Block) consensus.Height {
	if said == Unborn {
		return FirstSince(date, blocks)
	}
	for _, b := range blocks {
		if b.Height < said && includes(date, b.Time) {
			return FirstSince(date, blocks)
		}
	}
	return said
}

// includes reports whether a block of a time is in the range of a date, both in
// Unix seconds.
func includes(date, blockTime uint32) bool {
	return int64(blockTime) >= int64(date)-int64(Margin/time.Second)
}
