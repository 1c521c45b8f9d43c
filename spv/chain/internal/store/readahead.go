package store

import "unsafe"

// aheadBytes is how far ahead of a scan the file is read.
const aheadBytes = 4 << 20

// ReadAhead has the system read the file ahead of a scan. bbolt tells it that
// it will read in no order, and so it fetches each page by itself when a scan
// comes to it, which makes the first scan after a restart of the machine ten
// times slower than the disk. Rows lie in the file nearly in the order in which
// they were written.
type ReadAhead struct {
	ask func(from, n int64) // has the system read a part of the file
	end int64               // the end of what was asked for
}

// ReadAhead begins with a scan of the file.
func (s *Store) ReadAhead() ReadAhead {
	return ReadAhead{ask: func(from, n int64) { willNeed(s.file, from, n) }}
}

// Row records that the scan is at a row, at which a cursor of the transaction is.
func (a *ReadAhead) Row(tx *Txn, at *Cursor, value []byte) {
	if at.inNewer { // it is not in the file
		return
	}
	start := tx.DB().Info().Data                             // of the file in memory, which stays while tx is open
	here := uintptr(unsafe.Pointer(unsafe.SliceData(value))) //nolint:gosec // compared, never followed
	a.at(int64(here - start))
}

// at records that the scan is at an offset of the file.
func (a *ReadAhead) at(offset int64) {
	switch {
	case offset < a.end-aheadBytes || offset >= a.end: // somewhere else
		a.ask(offset, aheadBytes)
		a.end = offset + aheadBytes
	case offset >= a.end-aheadBytes/2:
		a.ask(a.end, aheadBytes/2)
		a.end += aheadBytes / 2
	}
}
