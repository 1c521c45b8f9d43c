package chain

import (
	"math/bits"
	"slices"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// recentHeaders is the number of newest headers that are kept in memory, if
// there are as many. It is a power of two, and more than the rules look back on
// any network, see [consensus.Reach], so that they seldom have to ask the disk.
const recentHeaders = 4096

// A window makes room for windowPart headers at a time, a power of two: 217 kB.
// It keeps up to maxSpareParts that are not in use, about as many as a write
// frees.
const (
	windowPart    = 1024
	maxSpareParts = 12
)

// window holds the newest headers of the main chain without a gap: a number of
// them, and all that are not written yet.
type window struct {
	size        int              // how many are kept at least, if there are as many
	part        consensus.Height // the length of parts
	shift       uint8            // its logarithm
	parts       [][]link         // from the height base on
	spare       [][]link         // parts that are not in use
	base        consensus.Height // a multiple of part, at or below first
	first, next consensus.Height // the heights from first to before next are held
}

// link is a header of the main chain and the work of the chain up to it.
type link struct {
	header consensus.Header
	work   uint256.Uint256
}

// newWindow returns an empty window that keeps a number of headers that is a
// power of two.
func newWindow(first consensus.Height, size int) window {
	w := window{size: size, part: consensus.Height(min(size, windowPart)), first: first, next: first}
	w.shift = uint8(bits.TrailingZeros(uint(w.part)))
	w.base = first - first%w.part
	return w
}

// at returns the link at a height, or nil if it is not held. It is valid until
// the next push or cut.
func (w *window) at(h consensus.Height) *link {
	if h < w.first || h >= w.next {
		return nil
	}
	return w.slot(h)
}

func (w *window) slot(h consensus.Height) *link {
	return &w.parts[uint(h-w.base)>>(w.shift&63)][h&(w.part-1)]
}

// push adds the next header. If there are enough, it drops the oldest ones that
// are not above the given height, up to which headers are on disk.
func (w *window) push(h *consensus.Header, work *uint256.Uint256, flushed consensus.Height) {
	for int(w.next-w.first) >= w.size && w.first <= flushed {
		w.first++
	}
	for w.first-w.base >= w.part {
		w.free(w.parts[0])
		w.parts = slices.Delete(w.parts, 0, 1)
		w.base += w.part
	}
	if int((w.next-w.base)/w.part) == len(w.parts) {
		w.parts = append(w.parts, w.unused())
	}
	*w.slot(w.next) = link{*h, *work}
	w.next++
}

// free keeps a part to be used again.
func (w *window) free(part []link) {
	if len(w.spare) < maxSpareParts {
		w.spare = append(w.spare, part)
	}
}

// unused returns a part.
func (w *window) unused() []link {
	n := len(w.spare)
	if n == 0 {
		return make([]link, w.part)
	}
	part := w.spare[n-1]
	w.spare = w.spare[:n-1]
	return part
}

// cut drops the headers from a height on. Below the window, it becomes empty.
func (w *window) cut(next consensus.Height) {
	if next < w.base {
		w.parts = nil
		w.base = next - next%w.part
	}
	w.next = next
	w.first = min(w.first, next)
}
