package sidetree

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// NoSource is the source of headers that count against no live source: those that
// were on the main chain, and those of sources that are gone.
const NoSource uint64 = 0

// Header is a header on a side branch. It has passed all rules.
type Header struct {
	consensus.Header
	Hash   chainhash.Hash
	Work   uint256.Uint256 // of the branch up to it, the main chain below included
	Source uint64          // that it counts against
	seq    uint64          // its place in the order of arrival
}

// Tree holds the side branches in memory, all headers by their hashes. The
// parent of each is in it too or is on the main chain.
//
// It has room for max headers, and maxPerSource for each source. When a source
// has reached its bound, its branches with the least work make room, oldest
// first, and a branch with even less is not taken. When all together have
// reached theirs, the source with the most headers makes room: so the flood of
// one source pushes out nothing but itself.
type Tree struct {
	headers           map[chainhash.Hash]*Header
	owned             map[uint64]int // headers by source
	max, maxPerSource int
	seq               uint64

	// least has for some sources a work that no branch through one of their headers is
	// below, and wait for some how many headers they have to offer before room is made
	// among their own once more. Making room takes a pass over the whole tree: so a
	// flood of single headers costs no more than the headers do.
	least map[uint64]uint256.Uint256
	wait  map[uint64]int

	passes int // over the whole tree to make room
}

// New returns an empty tree with room for a number of headers, and for each source.
func New(most, mostPerSource int) *Tree {
	return &Tree{
		headers:      make(map[chainhash.Hash]*Header),
		owned:        make(map[uint64]int),
		least:        make(map[uint64]uint256.Uint256),
		wait:         make(map[uint64]int),
		max:          most,
		maxPerSource: min(mostPerSource, most),
	}
}

// PerSource returns for how many headers of a source there is room.
func (t *Tree) PerSource() int { return t.maxPerSource }

// Get returns the header of a block, nil if there is none.
func (t *Tree) Get(hash chainhash.Hash) *Header { return t.headers[hash] }

// All ranges over all headers, in no order.
func (t *Tree) All() iter.Seq[*Header] { return maps.Values(t.headers) }

// Best returns the header that ends the branch with the most work, of several the one that came
// first, nil if there is none.
func (t *Tree) Best() *Header {
	var best *Header
	for _, h := range t.headers {
		if best == nil || h.Work.Gt(&best.Work) || h.Work.Eq(&best.Work) && h.seq < best.seq {
			best = h
		}
	}
	return best
}

// Path returns the headers of the branch that ends in a block, oldest first,
// down to the one whose parent is on the main chain. It is empty if the block
// is on no side branch.
func (t *Tree) Path(tip chainhash.Hash) []*Header {
	var path []*Header
	for h := t.headers[tip]; h != nil; h = t.headers[h.PrevBlock()] {
		path = append(path, h)
	}
	slices.Reverse(path)
	return path
}

// Insert takes headers, each the child of the one before it, as far as there is
// room, and returns how many it took. The first is the child of the last header
// of below, the branch they belong to, none of which makes room for them.
func (t *Tree) Insert(fresh, below []*Header, source uint64) int {
	if len(fresh) == 0 {
		return 0
	}
	kept := map[chainhash.Hash]bool{}
	for _, h := range below {
		kept[h.Hash] = true
	}
	best := &fresh[len(fresh)-1].Work
	t.wait[source] -= len(fresh)
	if over := t.owned[source] + len(fresh) - t.maxPerSource; over > 0 && t.mayReplace(source, best) {
		t.evict(over, source, best, kept)
	}
	for len(t.headers) > 0 && len(t.headers)+len(fresh) > t.max {
		victim, least := t.heaviest(), (*uint256.Uint256)(nil)
		if victim == source {
			if least = best; !t.mayReplace(source, best) {
				break
			}
		}
		if t.evict(len(t.headers)+len(fresh)-t.max, victim, least, kept) == 0 {
			break
		}
	}
	room := max(min(t.maxPerSource-t.owned[source], t.max-len(t.headers), len(fresh)), 0)
	for _, h := range fresh[:room] {
		t.seq++
		h.seq = t.seq
		t.headers[h.Hash] = h
		t.owned[source]++
	}
	if least, ok := t.least[source]; ok && room > 0 && fresh[room-1].Work.Lt(&least) {
		t.least[source] = fresh[room-1].Work
	}
	return room
}

// mayReplace reports whether headers of a source may make room for a branch of the same
// source with the given work: something may be worth less, and the source has offered
// enough since room was last made among its own.
func (t *Tree) mayReplace(source uint64, work *uint256.Uint256) bool {
	if least, ok := t.least[source]; ok && work.LtEq(&least) {
		return false
	}
	if source != NoSource && t.wait[source] > 0 {
		return false
	}
	t.wait[source] = t.maxPerSource / 8
	return true
}

// heaviest returns the source with the most headers, of several the oldest.
func (t *Tree) heaviest() uint64 {
	sources := slices.Sorted(maps.Keys(t.owned))
	return slices.MaxFunc(sources, func(a, b uint64) int { return cmp.Compare(t.owned[a], t.owned[b]) })
}

// evict drops headers that a source is charged for, and all that follow them,
// until at least n are gone: first those whose best descendant has the least
// work, of these the oldest. It spares those that are kept and, if below is
// given, those whose best descendant has at least that much work. It returns
// how many headers are gone.
//
// Sorting takes a pass over the whole tree, and so it makes an eighth of the
// room there is in one go.
func (t *Tree) evict(n int, source uint64, below *uint256.Uint256, kept map[chainhash.Hash]bool) int {
	t.passes++
	n = max(n, t.maxPerSource/8)
	children := t.children()
	best := t.bestDescendants()
	var order []*Header
	t.least[source] = leastOf(t.headers, best, source)
	for hash, h := range t.headers {
		if h.Source == source && !kept[hash] && (below == nil || best[hash].Lt(below)) {
			order = append(order, h)
		}
	}
	slices.SortFunc(order, func(a, b *Header) int {
		return cmp.Or(best[a.Hash].Cmp(best[b.Hash]), cmp.Compare(b.Height(), a.Height()), cmp.Compare(a.seq, b.seq))
	})
	gone := 0
	for _, h := range order {
		if gone >= n {
			break
		}
		gone += t.dropBranch(h.Hash, children)
	}
	return gone
}

// leastOf returns the least work of a branch through a header of a source, given the most
// work through each header.
func leastOf(headers map[chainhash.Hash]*Header, best map[chainhash.Hash]*uint256.Uint256, source uint64) (least uint256.Uint256) {
	first := true
	for hash, h := range headers {
		if work := best[hash]; h.Source == source && (first || work.Lt(&least)) {
			least, first = *work, false
		}
	}
	return least
}

// children returns the hashes of the headers that follow each header.
func (t *Tree) children() map[chainhash.Hash][]chainhash.Hash {
	children := make(map[chainhash.Hash][]chainhash.Hash)
	for hash, h := range t.headers {
		parent := h.PrevBlock()
		children[parent] = append(children[parent], hash)
	}
	return children
}

// bestDescendants returns for each header the most work that a branch through
// it has.
func (t *Tree) bestDescendants() map[chainhash.Hash]*uint256.Uint256 {
	order := slices.SortedFunc(maps.Values(t.headers), func(a, b *Header) int {
		return cmp.Compare(b.Height(), a.Height())
	})
	best := make(map[chainhash.Hash]*uint256.Uint256, len(order))
	for _, h := range order {
		work := best[h.Hash]
		if work == nil {
			work = &h.Work
			best[h.Hash] = work
		}
		parent := h.PrevBlock()
		if other := best[parent]; other == nil || work.Gt(other) {
			best[parent] = work
		}
	}
	return best
}

// DropBranch drops a header and all that follow it.
func (t *Tree) DropBranch(hash chainhash.Hash) { t.dropBranch(hash, t.children()) }

// dropBranch drops a header and all that follow it, and returns their number.
func (t *Tree) dropBranch(hash chainhash.Hash, children map[chainhash.Hash][]chainhash.Hash) int {
	gone := 0
	for open := []chainhash.Hash{hash}; len(open) > 0; {
		last := open[len(open)-1]
		open = append(open[:len(open)-1], children[last]...)
		if t.Drop(last) {
			gone++
		}
	}
	return gone
}

// Drop drops one header. It reports false if there was none.
func (t *Tree) Drop(hash chainhash.Hash) bool {
	h := t.headers[hash]
	if h == nil {
		return false
	}
	delete(t.headers, hash)
	clear(t.least)
	if t.owned[h.Source]--; t.owned[h.Source] == 0 {
		delete(t.owned, h.Source)
	}
	return true
}

// Prune drops the headers that are no longer connected to the main chain.
func (t *Tree) Prune(onMain func(consensus.BlockID) bool) {
	children := t.children()
	for _, h := range slices.Collect(maps.Values(t.headers)) {
		parent := h.PrevBlock()
		if t.headers[h.Hash] != nil && t.headers[parent] == nil && !onMain(consensus.BlockID{Height: h.Height() - 1, Hash: parent}) {
			t.dropBranch(h.Hash, children)
		}
	}
}

// Disown makes the headers of a source count against no source.
func (t *Tree) Disown(source uint64) {
	delete(t.wait, source)
	if t.owned[source] == 0 || source == NoSource {
		return
	}
	for _, h := range t.headers {
		if h.Source == source {
			h.Source = NoSource
		}
	}
	t.owned[NoSource] += t.owned[source]
	delete(t.owned, source)
	clear(t.least)
}
