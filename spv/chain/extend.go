package chain

import (
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/chain/internal/sidetree"
	"github.com/spvd/spvd/spv/consensus"
)

// Extension is what a batch of headers changed.
type Extension struct {
	// Added is the number of headers of the batch that joined the main chain,
	// Side the number that are on a side branch, kept or weighed. Known headers
	// were known before.
	Added, Side, Known int

	// Reorg is set if the main chain is now another branch.
	Reorg *Reorganisation

	// Reached is the work of the branch that the batch belongs to, up to the last of
	// its headers that broke no rule. It is zero if the parent of the first new header
	// is not known.
	Reached uint256.Uint256
}

// Reorganisation is a change of the main chain to a branch with more work.
type Reorganisation struct {
	Fork     consensus.BlockID   // the last block that both branches have
	From, To consensus.BlockID   // the old tip and the new one, which is Fork or above
	Reverted []consensus.BlockID // the blocks from From down to above Fork
}

// Extend stages a batch of headers that a source sent. Each is checked by the
// rules that need its ancestors. They join the main chain if they follow its
// tip; otherwise they are a side branch, which becomes the main chain as soon
// as it has strictly more work, however many batches that takes, or a waypoint
// that the main chain has not. The filters of blocks that are reverted are
// dropped. Branches that leave the main chain below its newest waypoint are
// refused.
//
// Side branches are bounded, for each source and in total: those with the least
// work go first. One that is too long to keep is weighed, see longBranch: if it
// becomes the main chain, then only its first headers do, and the rest has to
// be sent again. Until then the reorganisation is to a tip with less work.
//
// The error is a [*consensus.RuleError] for the first header that breaks a rule,
// ErrOrphan if the parent of the first is unknown, or an error of the store.
// The headers before the broken one stay; the extension is valid in any case.
func (c *Chain) Extend(b *consensus.HeaderBatch, source uint64, now time.Time) (Extension, error) {
	var ext Extension
	ext.Known = c.knownHeaders(b)
	if err := c.main.failed(); err != nil {
		return ext, err
	}
	fresh := consensus.HeaderBatch{Headers: b.Headers[ext.Known:], Hashes: b.Hashes[ext.Known:]}
	if len(fresh.Headers) == 0 {
		return ext, nil
	}
	var err error
	if fresh.Headers[0].PrevBlock() == c.tip.Headers.Hash {
		ext.Added, err = c.extendMain(&fresh, now)
		ext.Reached = c.tip.Work
	} else {
		err = c.extendSide(&ext, &fresh, source, now)
	}
	if err != nil {
		return ext, fmt.Errorf("extend chain: %w", err)
	}
	return ext, nil
}

// Forget says that a source is gone. What it sent is from now on among the
// first to be dropped.
func (c *Chain) Forget(source uint64) {
	c.side.Disown(source)
	c.long.Forget(source)
	if c.goal != nil && c.goal.Source == source {
		c.goal = nil
	}
}

// knownHeaders returns how many headers of the batch are known. They are the
// first ones: every known header has a known parent.
func (c *Chain) knownHeaders(b *consensus.HeaderBatch) int {
	return sort.Search(len(b.Headers), func(i int) bool {
		return !c.main.has(consensus.BlockID{Height: b.Headers[i].Height(), Hash: b.Hashes[i]}) && c.side.Get(b.Hashes[i]) == nil
	})
}

// check checks the rules of a header on top of a branch.
func (c *Chain) check(a consensus.Ancestors, parent consensus.Height, h *consensus.Header, hash *chainhash.Hash, now time.Time) error {
	if int64(h.Height()) != int64(parent)+1 {
		return consensus.NewRuleError(consensus.RuleHeight, h, "want %d, got %d", parent+1, uint32(h.Height()))
	}
	if c.isInvalid(hash) {
		return consensus.NewRuleError(consensus.RuleInvalid, h, "the block or one before it holds a transaction that no full node accepts")
	}
	if err := consensus.CheckContext(c.params, a, h, now); err != nil {
		if cause := c.main.failed(); cause != nil && errors.Is(err, consensus.ErrOutOfReach) {
			return cause
		}
		return err
	}
	return consensus.CheckWaypoint(c.params, consensus.BlockID{Height: h.Height(), Hash: *hash})
}

// extendMain appends headers to the main chain.
func (c *Chain) extendMain(b *consensus.HeaderBatch, now time.Time) (added int, err error) {
	for i := range b.Headers {
		h := &b.Headers[i]
		if err := c.check(&c.main, c.tip.Headers.Height, h, &b.Hashes[i], now); err != nil {
			return i, err
		}
		if err := c.goal.Check(consensus.BlockID{Height: h.Height(), Hash: b.Hashes[i]}); err != nil {
			return i, err
		}
		c.push(h, b.Hashes[i])
	}
	return len(b.Headers), nil
}

// push puts a checked header on the tip.
func (c *Chain) push(h *consensus.Header, hash chainhash.Hash) {
	c.tip.Work.Add(c.memo.Of(h.Bits()))
	c.tip.Headers = consensus.BlockID{Height: h.Height(), Hash: hash}
	c.window.Push(h, &c.tip.Work, c.keep)
	if c.goal != nil && c.tip.Work.GtEq(&c.goal.Work) {
		c.goal = nil
	}
}

// better reports whether a branch that leaves the main chain above the height fork is
// to be preferred to it. While there is a goal, it has to have more work than that.
func (c *Chain) better(work *uint256.Uint256, fork, tip consensus.Height) bool {
	if main := c.tip.Headers.Height; c.waypoints.On(fork, tip) > c.waypoints.On(main, main) {
		return true
	}
	if c.goal != nil {
		return work.Gt(&c.goal.Work)
	}
	return work.Gt(&c.tip.Work)
}

// extendSide grows a side branch, and makes it the main chain if it now is
// better.
func (c *Chain) extendSide(ext *Extension, b *consensus.HeaderBatch, source uint64, now time.Time) error {
	if l := c.long.EndingIn(b.Headers[0].PrevBlock()); l != nil && !c.main.has(l.Tip) {
		return c.extendLong(ext, l, b, source, now)
	}
	view, err := c.attach(&b.Headers[0])
	if err != nil {
		return err
	}
	old := len(view.path)
	failure := c.growSide(view, b, source, now)
	ext.Reached = view.work
	fresh := view.path[old:]
	switch {
	case len(fresh) == 0:
	case c.better(&view.work, view.fork, view.tip()) || c.goal.Nearer(view.fork, view.path):
		if !c.goal.Nearer(view.fork, view.path) {
			c.goal = nil
		}
		if ext.Reorg, err = c.reorganise(view); err != nil {
			return err
		}
		ext.Added = len(fresh)
		failure = errors.Join(failure, c.tidySide())
	default:
		ext.Side = len(fresh)
		if took := c.side.Insert(fresh, view.path[:old], source); took < len(fresh) {
			c.long.Weigh(&c.main, view.fork, view.path, old+took, source)
		}
	}
	return failure
}

// growSide checks headers on top of a side branch and adds them to the view.
func (c *Chain) growSide(view *sideView, b *consensus.HeaderBatch, source uint64, now time.Time) error {
	slab := make([]sidetree.Header, len(b.Headers))
	for i := range b.Headers {
		h := &b.Headers[i]
		if err := c.check(view, view.tip(), h, &b.Hashes[i], now); err != nil {
			return err
		}
		view.work.Add(c.memo.Of(h.Bits()))
		slab[i] = sidetree.Header{Header: *h, Hash: b.Hashes[i], Work: view.work, Source: source}
		view.path = append(view.path, &slab[i])
	}
	return nil
}

// attach returns the side branch that ends in the parent of a header.
func (c *Chain) attach(h *consensus.Header) (*sideView, error) {
	parent := h.PrevBlock()
	path := c.side.Path(parent)
	fork := h.Height() - 1
	if len(path) > 0 {
		fork, parent = path[0].Height()-1, path[0].PrevBlock()
	}
	if !c.main.has(consensus.BlockID{Height: fork, Hash: parent}) {
		if err := c.main.failed(); err != nil {
			return nil, err
		}
		return nil, c.unattached(h)
	}
	if point := c.lastWaypoint(); fork < point {
		return nil, consensus.NewRuleError(consensus.RuleWaypoint, h, "it leaves the chain at %d, below the known block %d", fork, point)
	}
	view := &sideView{main: &c.main, fork: fork, path: path, work: c.main.work(fork)}
	if len(path) > 0 {
		view.work = path[len(path)-1].Work
	}
	return view, c.main.failed()
}

// unattached says why a header has no parent at the height before its own: it
// has one at another height, or none is known.
func (c *Chain) unattached(h *consensus.Header) error {
	parent := h.PrevBlock()
	height, err := c.mainHeight(&parent)
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrOrphan
	case err != nil:
		return err
	}
	return consensus.NewRuleError(consensus.RuleHeight, h, "want %d, got %d", height+1, uint32(h.Height()))
}

// mainHeight looks for a block on the staged main chain.
func (c *Chain) mainHeight(hash *chainhash.Hash) (consensus.Height, error) {
	for h := c.window.Next() - 1; h >= c.window.First(); h-- {
		if c.main.hash(h) == *hash {
			return h, nil
		}
	}
	h, err := c.HeightOf(*hash)
	if err == nil && !c.main.has(consensus.BlockID{Height: h, Hash: *hash}) {
		err = ErrNotFound
	}
	return h, err
}
