package votecheck

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The file is a header and records, each of which is appended and made durable before
// what it says counts. A record is
//
//	2 bytes  the length of the body, big endian
//	4 bytes  CRC-32 (IEEE) of the kind and the body
//	1 byte   the kind
//	         the body, see rows.go
//
// A later record replaces an earlier one for the same key. What is behind the first
// record that is short or damaged is cut off: a crash can leave that, and what is lost is
// fetched again. When the file has become much larger than what counts it is written
// again beside the old one and put in its place.
const (
	journalName    = "spvd votes\n"
	journalVersion = 1

	headerSize = len(journalName) + 1 + 4 // name, version, network
	recordHead = 2 + 4 + 1

	// mostJournal is the size above which a file is none of ours: ten times what the
	// bounds of the state allow.
	mostJournal = 32 << 20
)

// The kinds of records.
const (
	recordResult = 'r'
	recordJob    = 'j'
	recordSpent  = 's'
)

// errUnusable means that a file is not a journal of this network and version.
var errUnusable = errors.New("is not a file of verified votes that this version can use")

// record is one record of a journal.
type record struct {
	kind byte
	body []byte
}

// append appends the encoded record.
func (r record) append(b []byte) []byte {
	sum := crc32.Update(crc32.ChecksumIEEE([]byte{r.kind}), crc32.IEEETable, r.body)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.body)))
	b = binary.BigEndian.AppendUint32(b, sum)
	return append(append(b, r.kind), r.body...)
}

// cutRecord returns the first record of b and what follows it; ok is false if there is no
// whole one.
func cutRecord(b []byte) (r record, rest []byte, ok bool) {
	if len(b) < recordHead {
		return r, b, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(b) < recordHead+n {
		return r, b, false
	}
	r = record{b[6], b[recordHead : recordHead+n]}
	sum := crc32.Update(crc32.ChecksumIEEE([]byte{r.kind}), crc32.IEEETable, r.body)
	return r, b[recordHead+n:], sum == binary.BigEndian.Uint32(b[2:])
}

// journal is the open file.
type journal struct {
	path    string
	network uint32
	file    *os.File
	size    int64 // of the whole records
}

// openJournal opens the file, which is made if it is missing, calls each for its records
// in order, and cuts off what is damaged at its end. The error is errUnusable, or one of
// the file.
func openJournal(path string, network uint32, each func(record)) (*journal, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() { // a pipe would hold us up
		return nil, fmt.Errorf("%s: %w: it is no regular file", path, errUnusable)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{path: path, network: network, file: f}
	if err := j.load(each); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// load reads the file.
func (j *journal) load(each func(record)) error {
	raw, err := io.ReadAll(io.LimitReader(j.file, mostJournal+1))
	if err != nil {
		return err
	}
	want := j.header()
	switch {
	case len(raw) > mostJournal:
		return fmt.Errorf("%s: %w: it has more than %d bytes", j.path, errUnusable, mostJournal)
	case len(raw) < headerSize && string(want[:len(raw)]) == string(raw): // new, or stopped while it was made
		if err := j.file.Truncate(0); err != nil {
			return err
		}
		j.size = 0
		return j.write(want)
	case len(raw) < headerSize || string(raw[:headerSize]) != string(want):
		return fmt.Errorf("%s: %w", j.path, errUnusable)
	}
	rest := raw[headerSize:]
	for {
		r, after, ok := cutRecord(rest)
		if !ok {
			break
		}
		each(r)
		rest = after
	}
	j.size = int64(len(raw) - len(rest))
	if len(rest) == 0 {
		return nil
	}
	return errors.Join(j.file.Truncate(j.size), j.file.Sync())
}

// header returns what the file begins with.
func (j *journal) header() []byte {
	return binary.BigEndian.AppendUint32(append([]byte(journalName), journalVersion), j.network)
}

// add appends records, all or, when the process ends meanwhile, the first ones. They are
// durable when it returns. After an error the file is as before or is closed.
func (j *journal) add(records ...record) error {
	var b []byte
	for _, r := range records {
		b = r.append(b)
	}
	return j.write(b)
}

// write appends bytes.
func (j *journal) write(b []byte) error {
	_, err := j.file.WriteAt(b, j.size)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(len(b))
	return nil
}

// replace writes a file of these records only, and puts it in the place of the old one.
// When it is interrupted there is the old one or the new one.
func (j *journal) replace(records []record) error {
	b := j.header()
	for _, r := range records {
		b = r.append(b)
	}
	f, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), j.path)
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	old := j.file
	j.file, j.size = f, int64(len(b))
	return old.Close()
}

// close closes the file.
func (j *journal) close() error { return j.file.Close() }

// setAside moves a file that cannot be used out of the way, and returns where it is.
func setAside(path string) (string, error) {
	aside := path + ".unusable"
	if err := os.Rename(path, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return filepath.Base(aside), nil
}
