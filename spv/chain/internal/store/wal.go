package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/spvd/spvd/spv/consensus"
)

// The write-ahead log is a file beside the store with the newest blocks, which spare the
// store a write for each of them: bbolt writes at least four pages, and the leaves of the
// last rows have five to ten pages each. Its records follow each other from the beginning
// of the file:
//
//	checksum (4): CRC-32C over the rest of the record
//	size of what follows (4)
//	format (1): 1
//	the tip that it follows: hash of the newest header (32), height of the newest
//	filter (4), Tip.Cuts (8)
//	number of headers (2), headers (180 each)
//	number of filters (2), each: size (uvarint), bytes
//
// Numbers are big-endian. A record only adds to the chain. All else is written to the
// store, and so is what does not fit the log any longer; with that, all that is in the
// log is in the store, and its next record is written to the beginning of the file. What
// follows the last record there are records of before: none follows the tip, because the
// tip of a state of the chain never comes again with as many cuts and filters.
const (
	walFormat     = 1
	walRecordHead = ChecksumSize + 4
	walTipSize    = chainhash.HashSize + 4 + 8

	// LogSize is how long the log may be, in bytes: about 190 blocks with short filters.
	LogSize = 64 << 10

	// MaxRecord is the size of the largest record, in bytes. Larger writes, as of a first
	// sync, are written to the store directly: twice would be more.
	MaxRecord = 8 << 10
)

// LogPath returns the path of the log of a store.
func LogPath(path string) string { return path + "-wal" }

// wal is the write-ahead log of a store.
type wal struct {
	path   string
	noSync bool
	file   *os.File // nil until it is needed
	end    int64    // where the next record goes
	closed bool     // no record may be added until the log starts from its beginning
}

// append adds a record to the log, from the beginning of the file if nothing in it is
// needed, and makes it durable.
func (w *wal) append(record []byte, fresh bool) error {
	if fresh {
		w.end, w.closed = 0, false
	}
	if w.closed || w.end+int64(len(record)) > LogSize {
		return errors.New("the write-ahead log is full")
	}
	if err := w.open(); err != nil {
		return err
	}
	if _, err := w.file.WriteAt(record, w.end); err != nil {
		return err
	}
	if !w.noSync {
		if err := w.file.Sync(); err != nil {
			return err
		}
	}
	w.end += int64(len(record))
	return nil
}

// open opens the file to write to it, or creates it.
func (w *wal) open() error {
	if w.file != nil {
		return nil
	}
	err := statWAL(w.path)
	created := errors.Is(err, fs.ErrNotExist)
	if err != nil && !created {
		return err
	}
	if w.file, err = os.OpenFile(w.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if created && !w.noSync {
		return SyncDir(filepath.Dir(w.path))
	}
	return nil
}

// statWAL refuses what is no file: to open a pipe would wait for its other end.
func statWAL(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %s: not a regular file", path)
	}
	return err
}

// read returns what the log holds, records of before included. It is empty if there is
// no file.
func (w *wal) read() ([]byte, error) {
	if err := statWAL(w.path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	file, err := os.Open(w.path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(file, LogSize))
	return b, errors.Join(err, file.Close())
}

// check verifies the records up to the end of the log.
func (w *wal) check() error {
	b, err := w.read()
	if err != nil {
		return err
	}
	for at := int64(0); at < w.end; {
		_, size, ok := ParseRecord(b[min(at, int64(len(b))):])
		if !ok {
			return Corrupt("the write-ahead log is damaged at byte %d", at)
		}
		at += int64(size)
	}
	return nil
}

func (w *wal) close() error {
	if w.file == nil {
		return nil
	}
	file := w.file
	w.file = nil
	return file.Close()
}

// Record is a record of the log: what is added to the chain.
type Record struct {
	Tip           chainhash.Hash   // the newest header before
	FiltersHeight consensus.Height // the newest filter before
	Cuts          uint64
	Headers       []consensus.Header
	Filters       [][]byte
}

// Follows reports whether the record was written when the chain ended at a tip.
func (r *Record) Follows(tip *Tip) bool {
	return r.Tip == tip.Headers.Hash && r.FiltersHeight == tip.Filters.Height && r.Cuts == tip.Cuts
}

// MostOfRecord returns the size in bytes that a record has at most, with so many headers, and
// filters of so many bytes in all.
func MostOfRecord(headers, filters, filterBytes int) int {
	return walRecordHead + 1 + walTipSize + 4 + headers*consensus.HeaderSize + 3*filters + filterBytes
}

// Encode encodes the record.
func (r *Record) Encode() []byte {
	b := make([]byte, walRecordHead, MaxRecord)
	b = append(b, walFormat)
	b = append(b, r.Tip[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(r.FiltersHeight))
	b = binary.BigEndian.AppendUint64(b, r.Cuts)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Headers)))
	for i := range r.Headers {
		b = append(b, r.Headers[i][:]...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Filters)))
	for _, f := range r.Filters {
		b = binary.AppendUvarint(b, uint64(len(f)))
		b = append(b, f...)
	}
	binary.BigEndian.PutUint32(b[ChecksumSize:], uint32(len(b)-walRecordHead))
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[ChecksumSize:], castagnoli))
	return b
}

// ParseRecord parses the record that b begins with, and returns its size. It reports
// false if that is not a complete record.
func ParseRecord(b []byte) (r Record, size int, ok bool) {
	if len(b) < walRecordHead {
		return r, 0, false
	}
	n := binary.BigEndian.Uint32(b[ChecksumSize:])
	if int64(n) > int64(len(b)-walRecordHead) {
		return r, 0, false
	}
	size = walRecordHead + int(n)
	if binary.BigEndian.Uint32(b) != crc32.Checksum(b[ChecksumSize:size], castagnoli) {
		return r, 0, false
	}
	return r, size, r.parse(b[walRecordHead:size])
}

// parse parses what follows the head of a record.
func (r *Record) parse(b []byte) bool {
	if len(b) < 1+walTipSize+2 || b[0] != walFormat {
		return false
	}
	r.Tip = chainhash.Hash(b[1:])
	b = b[1+chainhash.HashSize:]
	r.FiltersHeight = consensus.Height(binary.BigEndian.Uint32(b))
	r.Cuts = binary.BigEndian.Uint64(b[4:])
	headers := int(binary.BigEndian.Uint16(b[12:]))
	b = b[14:]
	if len(b) < headers*consensus.HeaderSize+2 {
		return false
	}
	r.Headers = make([]consensus.Header, headers)
	for i := range r.Headers {
		r.Headers[i] = consensus.Header(b)
		b = b[consensus.HeaderSize:]
	}
	filters := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	for range filters {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return false
		}
		r.Filters = append(r.Filters, b[n:n+int(size):n+int(size)])
		b = b[n+int(size):]
	}
	return len(b) == 0
}
