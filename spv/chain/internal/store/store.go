package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/spvd/spvd/internal/bboltcheck"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// PageSize is the page size of the file on every platform, in bytes. Rows
	// are made to fill pages of this size.
	PageSize = 4096

	// leafPages is the number of pages that two full rows fill. bbolt puts two
	// rows of this kind into a leaf, and rewrites the last leaf, of up to four,
	// with every commit.
	leafPages = 5

	// MaxRow is the size of the largest row, checksum included, of which two
	// fit such a leaf: it has a header of 16 bytes, and each row there another
	// 16 bytes and its key of 4.
	MaxRow = (leafPages*PageSize-16)/2 - 16 - 4

	// growth is how much the file is enlarged by at a time, in bytes, and
	// growthShare what part of it once that is more: each time has to wait for
	// the disk. They bound how much of the file is empty.
	growth      = 2 << 20
	growthShare = 16

	// mapSize is how much of the address space is set aside for the file where
	// that costs nothing, in bytes. As long as the file is smaller, it is never
	// mapped again, for which a flush would have to wait for all readers.
	mapSize = 1 << 30

	// lockPatience is how long Open waits for another process to let go of the
	// file.
	lockPatience = 250 * time.Millisecond
)

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Store is the file: rows in, rows out, all of a transaction or nothing. It
// knows the layout of rows and nothing about which chain is best.
//
// A damaged file must not take the process down. bbolt maps the file, follows
// what it finds there and panics, or reads where nothing is mapped. So what it
// navigates by is verified before it opens the file, see [bboltcheck], and
// every transaction runs under guard.
type Store struct {
	Path string // of the file
	Torn error  // what is wrong with one of the two meta pages; nil if nothing is

	db   *bbolt.DB
	file *os.File // the one that db has open
	asIs bool     // it may not be changed by itself

	wal     wal                     // changed only in a transaction that writes
	version atomic.Pointer[version] // the newest
}

// Options say which file is opened, and how.
type Options struct {
	Path   string
	Params *consensus.Params // of the network, for a file that is created

	// AsIs opens what is there: no file is created, and its write-ahead log stays.
	AsIs bool

	// NoSync does not wait for the disk: for tests that no power failure can happen in.
	NoSync bool
}

// Open opens the file, or creates it with nothing but the genesis block if
// it may. Its pages are verified, and no row is read. Errors wrap ErrCorrupt or ErrInUse, or are those
// of the system.
func Open(o Options) (*Store, error) {
	path := o.Path
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !o.AsIs:
		err = createStore(o)
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("open %s: not a regular file", path)
	case err == nil && info.Size() == 0:
		err = fmt.Errorf("open %s: %w", path, Corrupt("the file is empty"))
	}
	if err != nil {
		return nil, err
	}
	torn, err := inspect(path)
	if err != nil {
		return nil, err
	}
	s, err := openFile(path, o.NoSync)
	if err != nil {
		return nil, err
	}
	s.Torn, s.asIs = torn, o.AsIs
	return s, nil
}

// createStore makes a store with the genesis block under another name and
// moves it into place, so that there never is half a store.
func createStore(o Options) error {
	fresh := o.Path + ".new"
	for _, name := range []string{fresh, LogPath(o.Path)} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("create chain store: %w", err)
		}
	}
	s, err := openFile(fresh, o.NoSync)
	if err != nil {
		return err
	}
	err = s.Update("create", func(tx *Txn) error { return writeGenesis(tx, o.Params) })
	if err := errors.Join(err, s.Close()); err != nil {
		return fmt.Errorf("create chain store: %w", err)
	}
	if err := os.Rename(fresh, o.Path); err != nil {
		return fmt.Errorf("create chain store: %w", err)
	}
	return SyncDir(filepath.Dir(o.Path))
}

// SyncDir makes the names in a directory durable. Windows has no such call.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

// inspect verifies what bbolt will navigate by. It holds the lock that readers
// share meanwhile, for which bbolt needs no more than an intact meta page. If
// one of these is torn, so is the last write, and the one before counts.
func inspect(path string) (torn, err error) {
	s := &Store{Path: path}
	err = guard(path, "open", func() error {
		if err := s.open(&bbolt.Options{ReadOnly: true}); err != nil {
			return err
		}
		defer s.db.Close()
		var err error
		torn, err = bboltcheck.Verify(s.file, PageSize)
		torn = asCorrupt(torn)
		return asCorrupt(err)
	})
	return torn, err
}

// openFile opens a file that is known to be intact, or new.
func openFile(path string, noSync bool) (*Store, error) {
	s := &Store{Path: path, wal: wal{path: LogPath(path), noSync: noSync}}
	err := guard(path, "open", func() error {
		options := bbolt.Options{FreelistType: bbolt.FreelistMapType, NoSync: noSync}
		if runtime.GOOS != "windows" && strconv.IntSize == 64 { // there the file would become as large
			options.InitialMmapSize = mapAhead(path)
		}
		return s.open(&options)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// OpenDamaged opens a damaged file, to read what can be read of it.
func OpenDamaged(path string) (*Store, error) {
	s := &Store{Path: path, asIs: true, wal: wal{path: LogPath(path)}}
	err := guard(path, "repair", func() error { return s.open(&bbolt.Options{ReadOnly: true}) })
	if err != nil {
		return nil, err
	}
	return s, nil
}

// mapAhead returns how much of the address space is set aside for a file, in bytes: room for
// it to double at least.
func mapAhead(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return mapSize
	}
	return max(mapSize, 2*int(info.Size()))
}

// open opens the file with options of which it sets the common ones. It leaves
// nothing open when it fails or panics.
func (s *Store) open(options *bbolt.Options) (err error) {
	s.version.Store(new(version))
	options.Timeout = lockPatience
	options.PageSize = PageSize
	options.NoStatistics = true
	options.OpenFile = func(name string, flag int, perm os.FileMode) (f *os.File, err error) {
		s.file, err = os.OpenFile(name, flag, perm)
		return s.file, err
	}
	defer func() {
		if s.db == nil && s.file != nil {
			_ = s.file.Close() // closed already unless bbolt panicked
		}
	}()
	s.db, err = bbolt.Open(s.Path, 0o600, options)
	return openError(err)
}

// openError sorts the errors of bbolt.Open: what is no error of the system is
// damage.
func openError(err error) error {
	var system syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.Is(err, berrors.ErrTimeout):
		return ErrInUse
	case errors.As(err, &system):
		return err
	}
	return Corrupt("%v", err)
}

// Close closes the file after the transactions that still run. Rows that are only in the
// write-ahead log are put into the file before: an older version of the program does not
// know the log. They stay in the log if that fails. It may be called again.
func (s *Store) Close() error {
	if v := s.version.Load(); v != nil && v.newer != nil && !s.asIs {
		_ = s.Update("close", func(*Txn) error { return nil })
	}
	if err := errors.Join(s.db.Close(), s.wal.close()); err != nil {
		return fmt.Errorf("close chain store %s: %w", s.Path, err)
	}
	return nil
}

// View runs fn on a snapshot. Slices that it gets from the store are valid only
// until it returns.
func (s *Store) View(op string, fn func(tx *Txn) error) error {
	return guard(s.Path, op, func() error {
		for {
			tx, err := s.db.Begin(false)
			if err != nil {
				return err
			}
			v := s.version.Load().of(tx.ID())
			if v == nil { // the file has changed more than once since the transaction began
				if err := tx.Rollback(); err != nil {
					return err
				}
				continue
			}
			defer func() { _ = tx.Rollback() }()
			return fn(&Txn{tx, v.newer})
		}
	})
}

// Update runs fn in the transaction that is committed, and is durable, when it
// returns nil. The rows that were in the write-ahead log only are put into the file with it.
func (s *Store) Update(op string, fn func(tx *Txn) error) error {
	return guard(s.Path, op, func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			s.db.AllocSize = max(growth, int(tx.Size()/growthShare)) // used by this commit only
			last := s.version.Load().of(tx.ID() - 1)
			t := &Txn{Tx: tx}
			if err := last.newer.put(t); err != nil {
				return err
			}
			if err := fn(t); err != nil {
				return err
			}
			// Reads that begin before the commit is complete need the version before.
			s.version.Store(&version{tx.ID(), nil, &version{last.id, last.newer, nil}})
			return nil
		})
	})
}

// Append appends a record to the write-ahead log, which is durable when it returns nil, and
// makes the rows of the plan visible that it stands for.
func (s *Store) Append(op string, record []byte, p *Plan, meta []Row) error {
	return guard(s.Path, op, func() error {
		tx, err := s.db.Begin(true) // so that nothing else writes, or closes the file
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		last := s.version.Load().of(tx.ID() - 1)
		if err := s.wal.append(record, last.newer == nil); err != nil {
			return err
		}
		s.version.Store(&version{last.id, last.newer.with(p, meta), last.before})
		return nil
	})
}

// Logged returns what the write-ahead log holds, records of before included. It is empty if there
// is no log.
func (s *Store) Logged() ([]byte, error) { return s.wal.read() }

// Replayed makes the rows of a plan visible, which the first bytes of the log stand for, up to end.
// It is called once, before the first reader. If stopped is true, no record may follow there.
func (s *Store) Replayed(p *Plan, meta []Row, end int, stopped bool) {
	s.wal.end, s.wal.closed = int64(end), stopped
	s.version.Store(&version{newer: (*newerRows)(nil).with(p, meta)})
}

// Check verifies each byte of the file that is in use, and the records of the write-ahead log that
// are not in it yet, and calls rows to check what they say. No update runs meanwhile.
func (s *Store) Check(rows func(tx *Txn) error) error {
	return guard(s.Path, "check", func() error {
		tx, err := s.db.Begin(true) // so that nothing moves meanwhile
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if err := bboltcheck.VerifyAll(s.file, PageSize, false); err != nil {
			return asCorrupt(err)
		}
		if err := checkTrees(tx); err != nil {
			return err
		}
		newest := &Txn{tx, s.version.Load().of(tx.ID() - 1).newer}
		if newest.newer != nil {
			if err := s.wal.check(); err != nil {
				return err
			}
		}
		return rows(newest)
	})
}

// checkTrees runs bbolt's own check. It follows what it finds on a goroutine
// where a fault is fatal: the pages must have been verified.
func checkTrees(tx *bbolt.Tx) error {
	var damage error
	for err := range tx.Check() {
		damage = errors.Join(damage, Corrupt("%v", err))
	}
	return damage
}

// guard runs fn and turns what bbolt does with a damaged file into an error. It
// gives every error the operation and the path.
func guard(path, op string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = Corrupt("%s %s: %v", op, path, r)
		}
	}()
	err = fn()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		err = ErrClosed
	}
	return fmt.Errorf("%s %s: %w", op, path, asDiskFull(err))
}

// Buckets. Keys are heights of four bytes, big-endian, except in the meta
// bucket. Every value starts with a checksum, see seal.
var (
	BucketMeta    = []byte("meta")
	BucketHeaders = []byte("headers")
	BucketFilters = []byte("filters")
	BucketHashes  = []byte("hashes")
)

// ChecksumSize is the size of the checksum that every row starts with.
const ChecksumSize = 4

// RowsOf returns a bucket of the store. Rows are appended: leaves are filled
// to the end.
func RowsOf(tx *Txn, name []byte) (*Rows, error) {
	b := tx.Bucket(name)
	if b == nil {
		return nil, Corrupt("bucket %s is missing", name)
	}
	b.FillPercent = 1
	return &Rows{b, tx.newer.of(name)}, nil
}

// HeightKey returns the key of the row that starts at a height.
func HeightKey(h consensus.Height) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(h))
}

// KeyHeight returns the height of a key.
func KeyHeight(key []byte) (consensus.Height, error) {
	if len(key) != 4 || key[0]&0x80 != 0 {
		return 0, Corrupt("key %x is no height", key)
	}
	return consensus.Height(binary.BigEndian.Uint32(key)), nil
}

// Seal writes the checksum of a row, over its key and what follows the
// checksum, to its beginning: CRC-32C.
func Seal(key, row []byte) {
	binary.BigEndian.PutUint32(row, checksum(key, row[ChecksumSize:]))
}

// Unseal verifies the checksum of a row and returns what follows it.
func Unseal(bucket, key, row []byte) ([]byte, error) {
	if len(row) < ChecksumSize || binary.BigEndian.Uint32(row) != checksum(key, row[ChecksumSize:]) {
		return nil, Corrupt("row %x of bucket %s does not have its checksum", key, bucket)
	}
	return row[ChecksumSize:], nil
}

func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, body)
}
