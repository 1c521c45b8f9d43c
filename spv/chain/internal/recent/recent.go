package recent

import (
	"math/bits"
	"slices"

	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd/spv/consensus"
)

// Room is made for partSize headers at a time, a power of two: 217 kB. Up to maxSpare parts that
// are not in use are kept, about as many as a write frees.
const (
	partSize = 1024
	maxSpare = 12
)

// Headers are the newest ones of a branch without a gap: a number of them, and all that are not
// written yet.
type Headers struct {
	size        int              // how many are kept at least, if there are as many
	part        consensus.Height // the length of parts
	shift       uint8            // its logarithm
	parts       [][]Link         // from the height base on
	spare       [][]Link         // parts that are not in use
	base        consensus.Height // a multiple of part, at or below first
	first, next consensus.Height // the heights from first to before next are held
}

// Link is a header of a branch, and the work of the branch up to it.
type Link struct {
	Header consensus.Header
	Work   uint256.Uint256

	run int32 // how many blocks in a row have its version, itself the last, as far as that is known
}

// New returns none yet, from a height on; as many as size, a power of two, are kept at least.
func New(first consensus.Height, size int) Headers {
	w := Headers{size: size, part: consensus.Height(min(size, partSize)), first: first, next: first}
	w.shift = uint8(bits.TrailingZeros(uint(w.part)))
	w.base = first - first%w.part
	return w
}

// At returns the link at a height, or nil if it is not held. It is valid until
// the next push or cut.
func (w *Headers) At(h consensus.Height) *Link {
	if h < w.first || h >= w.next {
		return nil
	}
	return w.slot(h)
}

// VersionRun implements [consensus.VersionRuns].
func (w *Headers) VersionRun(h consensus.Height) int {
	if l := w.At(h); l != nil {
		return int(l.run)
	}
	return 1
}

func (w *Headers) slot(h consensus.Height) *Link {
	return &w.parts[uint(h-w.base)>>(w.shift&63)][h&(w.part-1)]
}

// Push adds the next header. If there are enough, it drops the oldest ones that
// are not above the given height, up to which headers are on disk.
func (w *Headers) Push(h *consensus.Header, work *uint256.Uint256, flushed consensus.Height) {
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
	run := int32(1)
	if last := w.At(w.next - 1); last != nil && last.Header.Version() == h.Version() {
		run += last.run
	}
	*w.slot(w.next) = Link{*h, *work, run}
	w.next++
}

// free keeps a part to be used again.
func (w *Headers) free(part []Link) {
	if len(w.spare) < maxSpare {
		w.spare = append(w.spare, part)
	}
}

// unused returns a part.
func (w *Headers) unused() []Link {
	n := len(w.spare)
	if n == 0 {
		return make([]Link, w.part)
	}
	part := w.spare[n-1]
	w.spare = w.spare[:n-1]
	return part
}

// Cut drops the headers from a height on. From below the oldest one, all of them.
func (w *Headers) Cut(next consensus.Height) {
	if next < w.base {
		w.parts = nil
		w.base = next - next%w.part
	}
	w.next = next
	w.first = min(w.first, next)
}

// First returns the height of the oldest header that is held.
func (w *Headers) First() consensus.Height { return w.first }

// Next returns the height after the newest header.
func (w *Headers) Next() consensus.Height { return w.next }

// Trim gives memory back that is not in use.
func (w *Headers) Trim() { w.spare = nil }

// Reuse takes over the memory of headers that are no longer used.
func (w *Headers) Reuse(old *Headers) {
	w.spare = slices.Concat(old.parts, old.spare)
	w.spare = w.spare[:min(len(w.spare), maxSpare)]
}
