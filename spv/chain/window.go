package chain

import "github.com/decred/dcrd/math/uint256"

// recentHeaders is the number of newest headers that are kept in memory, if
// there are as many. It is a power of two, and more than the rules look back on
// any network, see [Reach], so that they seldom have to ask the disk.
const recentHeaders = 4096

// window holds the newest headers of the main chain without a gap. All that
// are not flushed yet are in it.
type window struct {
	ring        []link // its length is a power of two; a height is at its remainder
	first, next Height // the heights from first to before next are held
}

// link is a header of the main chain and the work of the chain up to it.
type link struct {
	header Header
	work   uint256.Uint256
}

// newWindow returns an empty window with room for a number of headers that is
// a power of two.
func newWindow(first Height, size int) window {
	return window{ring: make([]link, size), first: first, next: first}
}

// at returns the link at a height, or nil if it is not held. It is valid until
// the next push or cut.
func (w *window) at(h Height) *link {
	if h < w.first || h >= w.next {
		return nil
	}
	return w.slot(h)
}

func (w *window) slot(h Height) *link { return &w.ring[int(h)&(len(w.ring)-1)] }

// push adds the next header. It drops the oldest one for it unless that is
// above the given height, up to which headers are on disk.
func (w *window) push(h *Header, work *uint256.Uint256, flushed Height) {
	if int(w.next-w.first) == len(w.ring) {
		if w.first <= flushed {
			w.first++
		} else {
			w.double()
		}
	}
	*w.slot(w.next) = link{*h, *work}
	w.next++
}

// double makes room for as many headers again.
func (w *window) double() {
	wider := window{ring: make([]link, 2*len(w.ring)), first: w.first, next: w.next}
	for h := w.first; h < w.next; h++ {
		*wider.slot(h) = *w.slot(h)
	}
	*w = wider
}

// cut drops the headers from a height on. Below the window, it becomes empty.
func (w *window) cut(next Height) {
	w.next = next
	w.first = min(w.first, next)
}
