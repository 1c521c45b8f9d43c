package bboltcheck

import (
	"fmt"
	"io"
)

// Damage describes the damage of a file.
type Damage struct{ Text string }

// Error returns the text.
func (d *Damage) Error() string { return d.Text }

// damage returns the error for damage.
func damage(format string, args ...any) error {
	return &Damage{Text: fmt.Sprintf(format, args...)}
}

// Verify verifies the structure by which bbolt navigates in a file with pages of the given
// size in bytes: that one of the meta pages is intact, that the pages form trees inside the
// file, that no page is part of two elements, and that no page in use is on the free list,
// where it would be overwritten. Leaves are read only where a free page may be part of one.
//
// One of the two meta pages may be damaged: the commit that wrote it did not complete, and
// bbolt continues with the other one. torn says so; it is a [*Damage] or nil.
func Verify(r io.ReaderAt, pageSize int) (torn, err error) {
	w := walk{r: r, pageSize: uint64(pageSize)}
	err = w.run()
	return w.torn, err
}

// VerifyAll verifies each byte of each page in use, in addition to the checks of [Verify]:
// both meta pages are intact, and all bytes outside keys and values are exactly those that
// bbolt writes. Keys and values themselves are not checked. Unless sequences is true, no
// bucket has a sequence number.
func VerifyAll(r io.ReaderAt, pageSize int, sequences bool) error {
	w := walk{r: r, pageSize: uint64(pageSize), full: true, sequences: sequences}
	return w.run()
}
