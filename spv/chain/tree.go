package chain

import (
	"cmp"
	"maps"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// nobody is the source of headers that count against no live source: those that
// were on the main chain, and those of sources that are gone.
const nobody uint64 = 0

// sideHeader is a header on a side branch. It has passed all rules.
type sideHeader struct {
	consensus.Header
	hash   chainhash.Hash
	work   uint256.Uint256 // of the branch up to it, the main chain below included
	source uint64          // that it counts against
	seq    uint64          // its place in the order of arrival
}

// tree holds the side branches in memory, all headers by their hashes. The
// parent of each is in it too or is on the main chain.
//
// It has room for max headers, and maxPerSource for each source. When a source
// has reached its bound, its branches with the least work make room, oldest
// first, and a branch with even less is not taken. When all together have
// reached theirs, the source with the most headers makes room: so the flood of
// one source pushes out nothing but itself.
type tree struct {
	headers           map[chainhash.Hash]*sideHeader
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

func newTree(most, mostPerSource int) tree {
	return tree{
		headers:      make(map[chainhash.Hash]*sideHeader),
		owned:        make(map[uint64]int),
		least:        make(map[uint64]uint256.Uint256),
		wait:         make(map[uint64]int),
		max:          most,
		maxPerSource: min(mostPerSource, most),
	}
}

// path returns the headers of the branch that ends in a block, oldest first,
// down to the one whose parent is on the main chain. It is empty if the block
// is on no side branch.
func (t *tree) path(tip chainhash.Hash) []*sideHeader {
	var path []*sideHeader
	for h := t.headers[tip]; h != nil; h = t.headers[h.PrevBlock()] {
		path = append(path, h)
	}
	slices.Reverse(path)
	return path
}

// insert takes headers, each the child of the one before it, as far as there is
// room, and returns how many it took. The first is the child of the last header
// of below, the branch they belong to, none of which makes room for them.
func (t *tree) insert(fresh, below []*sideHeader, source uint64) int {
	if len(fresh) == 0 {
		return 0
	}
	kept := map[chainhash.Hash]bool{}
	for _, h := range below {
		kept[h.hash] = true
	}
	best := &fresh[len(fresh)-1].work
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
		t.headers[h.hash] = h
		t.owned[source]++
	}
	if least, ok := t.least[source]; ok && room > 0 && fresh[room-1].work.Lt(&least) {
		t.least[source] = fresh[room-1].work
	}
	return room
}

// mayReplace reports whether headers of a source may make room for a branch of the same
// source with the given work: something may be worth less, and the source has offered
// enough since room was last made among its own.
func (t *tree) mayReplace(source uint64, work *uint256.Uint256) bool {
	if least, ok := t.least[source]; ok && work.LtEq(&least) {
		return false
	}
	if source != nobody && t.wait[source] > 0 {
		return false
	}
	t.wait[source] = t.maxPerSource / 8
	return true
}

// heaviest returns the source with the most headers, of several the oldest.
func (t *tree) heaviest() uint64 {
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
func (t *tree) evict(n int, source uint64, below *uint256.Uint256, kept map[chainhash.Hash]bool) int {
	t.passes++
	n = max(n, t.maxPerSource/8)
	children := t.children()
	best := t.bestDescendants()
	var order []*sideHeader
	t.least[source] = leastOf(t.headers, best, source)
	for hash, h := range t.headers {
		if h.source == source && !kept[hash] && (below == nil || best[hash].Lt(below)) {
			order = append(order, h)
		}
	}
	slices.SortFunc(order, func(a, b *sideHeader) int {
		return cmp.Or(best[a.hash].Cmp(best[b.hash]), cmp.Compare(b.Height(), a.Height()), cmp.Compare(a.seq, b.seq))
	})
	gone := 0
	for _, h := range order {
		if gone >= n {
			break
		}
		gone += t.dropBranch(h.hash, children)
	}
	return gone
}

// leastOf returns the least work of a branch through a header of a source, given the most
// work through each header.
func leastOf(headers map[chainhash.Hash]*sideHeader, best map[chainhash.Hash]*uint256.Uint256, source uint64) (least uint256.Uint256) {
	first := true
	for hash, h := range headers {
		if work := best[hash]; h.source == source && (first || work.Lt(&least)) {
			least, first = *work, false
		}
	}
	return least
}

// children returns the hashes of the headers that follow each header.
func (t *tree) children() map[chainhash.Hash][]chainhash.Hash {
	children := make(map[chainhash.Hash][]chainhash.Hash)
	for hash, h := range t.headers {
		parent := h.PrevBlock()
		children[parent] = append(children[parent], hash)
	}
	return children
}

// bestDescendants returns for each header the most work that a branch through
// it has.
func (t *tree) bestDescendants() map[chainhash.Hash]*uint256.Uint256 {
	order := slices.SortedFunc(maps.Values(t.headers), func(a, b *sideHeader) int {
		return cmp.Compare(b.Height(), a.Height())
	})
	best := make(map[chainhash.Hash]*uint256.Uint256, len(order))
	for _, h := range order {
		work := best[h.hash]
		if work == nil {
			work = &h.work
			best[h.hash] = work
		}
		parent := h.PrevBlock()
		if other := best[parent]; other == nil || work.Gt(other) {
			best[parent] = work
		}
	}
	return best
}

// dropBranch drops a header and all that follow it, and returns their number.
func (t *tree) dropBranch(hash chainhash.Hash, children map[chainhash.Hash][]chainhash.Hash) int {
	gone := 0
	for open := []chainhash.Hash{hash}; len(open) > 0; {
		last := open[len(open)-1]
		open = append(open[:len(open)-1], children[last]...)
		if t.drop(last) {
			gone++
		}
	}
	return gone
}

// drop drops one header. It reports false if there was none.
func (t *tree) drop(hash chainhash.Hash) bool {
	h := t.headers[hash]
	if h == nil {
		return false
	}
	delete(t.headers, hash)
	clear(t.least)
	if t.owned[h.source]--; t.owned[h.source] == 0 {
		delete(t.owned, h.source)
	}
	return true
}

// prune drops the headers that are no longer connected to the main chain.
func (t *tree) prune(onMain func(consensus.BlockID) bool) {
	children := t.children()
	for _, h := range slices.Collect(maps.Values(t.headers)) {
		parent := h.PrevBlock()
		if t.headers[h.hash] != nil && t.headers[parent] == nil && !onMain(consensus.BlockID{Height: h.Height() - 1, Hash: parent}) {
			t.dropBranch(h.hash, children)
		}
	}
}

// disown makes the headers of a source count against no source.
func (t *tree) disown(source uint64) {
	delete(t.wait, source)
	if t.owned[source] == 0 || source == nobody {
		return
	}
	for _, h := range t.headers {
		if h.source == source {
			h.source = nobody
		}
	}
	t.owned[nobody] += t.owned[source]
	delete(t.owned, source)
	clear(t.least)
}

// sideView is a side branch as the rules see it: the main chain up to the fork
// and the branch from there on.
type sideView struct {
	main *mainView
	fork consensus.Height
	path []*sideHeader
	work uint256.Uint256 // of the branch up to its tip
}

// At implements Ancestors.
func (v *sideView) At(h consensus.Height) *consensus.Header {
	switch {
	case h <= v.fork:
		return v.main.At(h)
	case h > v.tip():
		return nil
	}
	return &v.path[h-v.fork-1].Header
}

// tip returns the height of the newest block of the branch.
func (v *sideView) tip() consensus.Height { return v.fork + consensus.Height(len(v.path)) }
