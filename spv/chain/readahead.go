package chain

import (
	"os"
	"unsafe"
)

// aheadBytes is how far ahead of a scan the file is read.
const aheadBytes = 4 << 20

// readAhead has the system read the file ahead of a scan. bbolt tells it that
// it will read in no order, and so it fetches each page by itself when a scan
// comes to it, which makes the first scan after a restart of the machine ten
// times slower than the disk. Rows lie in the file nearly in the order in which
// they were written.
type readAhead struct {
	ask func(from, n int64) // has the system read a part of the file
	end int64               // the end of what was asked for
}

func newReadAhead(file *os.File) readAhead {
	return readAhead{ask: func(from, n int64) { willNeed(file, from, n) }}
}

// row records that the scan is at a row, which was read in the transaction.
func (a *readAhead) row(tx *txn, value []byte) {
	start := tx.DB().Info().Data                             // of the file in memory, which stays while tx is open
	here := uintptr(unsafe.Pointer(unsafe.SliceData(value))) //nolint:gosec // compared, never followed
	a.at(int64(here - start))
}

// at records that the scan is at an offset of the file.
func (a *readAhead) at(offset int64) {
	switch {
	case offset < a.end-aheadBytes || offset >= a.end: // somewhere else
		a.ask(offset, aheadBytes)
		a.end = offset + aheadBytes
	case offset >= a.end-aheadBytes/2:
		a.ask(a.end, aheadBytes/2)
		a.end += aheadBytes / 2
	}
}
