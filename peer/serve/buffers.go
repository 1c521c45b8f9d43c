package serve

import (
	"slices"
	"sync"
)

const (
	// maxKept is the greatest capacity in bytes of a buffer that is used again.
	maxKept = 1 << 20

	// slack is how many bytes of memory a payload that waits may take beside twice its own.
	slack = 4 << 10
)

// buffers are the memory of payloads that were written, which is used again. Any goroutine may
// call its methods.
type buffers struct{ free sync.Pool } // of *[]byte

// get returns an empty buffer: one to be used again, or else a new one with room for so many
// bytes.
func (b *buffers) get(size int) []byte {
	if buf, ok := b.free.Get().(*[]byte); ok {
		return (*buf)[:0]
	}
	return make([]byte, 0, size)
}

// put takes a buffer back that nothing refers to any more.
func (b *buffers) put(buf []byte) {
	if cap(buf) > 0 && cap(buf) <= maxKept {
		b.free.Put(&buf)
	}
}

// fit returns the bytes of a buffer in memory that is not much larger, so that answers to a client
// that does not read take no more memory than their size says. The buffer may be taken back.
func (b *buffers) fit(buf []byte) []byte {
	if cap(buf) <= 2*len(buf)+slack {
		return buf
	}
	small := slices.Clone(buf)
	b.put(buf)
	return small
}
