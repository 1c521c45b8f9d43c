package chain

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
	// pageSize is the page size of the file on every platform, in bytes. Rows
	// are made to fill pages of this size.
	pageSize = 4096

	// leafPages is the number of pages that two full rows fill. bbolt puts two
	// rows of this kind into a leaf, and rewrites the last leaf, of up to four,
	// with every commit.
	leafPages = 5

	// maxRow is the size of the largest row, checksum included, of which two
	// fit such a leaf: it has a header of 16 bytes, and each row there another
	// 16 bytes and its key of 4.
	maxRow = (leafPages*pageSize-16)/2 - 16 - 4

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

// store is the file: rows in, rows out, all of a transaction or nothing. It
// knows the layout of rows and nothing about which chain is best.
//
// A damaged file must not take the process down. bbolt maps the file, follows
// what it finds there and panics, or reads where nothing is mapped. So what it
// navigates by is verified before it opens the file, see [bboltcheck], and
// every transaction runs under guard.
type store struct {
	path string
	db   *bbolt.DB
	file *os.File // the one that db has open
	torn error    // what is wrong with one of the two meta pages; nil if nothing is
	asIs bool     // it may not be changed by itself

	wal     wal                     // changed only in a transaction that writes
	version atomic.Pointer[version] // the newest
}

// openStore opens the file, or creates it with nothing but the genesis block if
// it may.
func openStore(cfg Config) (*store, error) {
	path := cfg.Path
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !cfg.AsIs:
		err = createStore(cfg)
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("open %s: not a regular file", path)
	case err == nil && info.Size() == 0:
		err = fmt.Errorf("open %s: %w", path, corrupt("the file is empty"))
	}
	if err != nil {
		return nil, err
	}
	torn, err := inspect(path)
	if err != nil {
		return nil, err
	}
	s, err := openFile(path, cfg.noSync)
	if err != nil {
		return nil, err
	}
	s.torn, s.asIs = torn, cfg.AsIs
	return s, nil
}

// createStore makes a store with the genesis block under another name and
// moves it into place, so that there never is half a store.
func createStore(cfg Config) error {
	fresh := cfg.Path + ".new"
	for _, name := range []string{fresh, walPath(cfg.Path)} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("create chain store: %w", err)
		}
	}
	s, err := openFile(fresh, cfg.noSync)
	if err != nil {
		return err
	}
	err = s.update("create", func(tx *txn) error { return writeGenesis(tx, cfg.Params) })
	if err := errors.Join(err, s.close()); err != nil {
		return fmt.Errorf("create chain store: %w", err)
	}
	if err := os.Rename(fresh, cfg.Path); err != nil {
		return fmt.Errorf("create chain store: %w", err)
	}
	return syncDir(filepath.Dir(cfg.Path))
}

// syncDir makes the names in a directory durable. Windows has no such call.
func syncDir(dir string) error {
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
	s := &store{path: path}
	err = guard(path, "open", func() error {
		if err := s.open(&bbolt.Options{ReadOnly: true}); err != nil {
			return err
		}
		defer s.db.Close()
		var err error
		torn, err = bboltcheck.Verify(s.file, pageSize)
		torn = asCorrupt(torn)
		return asCorrupt(err)
	})
	return torn, err
}

// openFile opens a file that is known to be intact, or new.
func openFile(path string, noSync bool) (*store, error) {
	s := &store{path: path, wal: wal{path: walPath(path), noSync: noSync}}
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
func (s *store) open(options *bbolt.Options) (err error) {
	s.version.Store(new(version))
	options.Timeout = lockPatience
	options.PageSize = pageSize
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
	s.db, err = bbolt.Open(s.path, 0o600, options)
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
	return corrupt("%v", err)
}

// close closes the file after the transactions that still run. Rows that are only in the
// write-ahead log are put into the file before: an older version of the program does not
// know the log. They stay in the log if that fails. It may be called again.
func (s *store) close() error {
	if v := s.version.Load(); v != nil && v.newer != nil && !s.asIs {
		_ = s.update("close", func(*txn) error { return nil })
	}
	if err := errors.Join(s.db.Close(), s.wal.close()); err != nil {
		return fmt.Errorf("close chain store %s: %w", s.path, err)
	}
	return nil
}

// view runs fn on a snapshot. Slices that it gets from the store are valid only
// until it returns.
func (s *store) view(op string, fn func(tx *txn) error) error {
	return guard(s.path, op, func() error {
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
			return fn(&txn{tx, v.newer})
		}
	})
}

// newest returns the snapshot that a transaction begins with that keeps others from
// writing.
func (s *store) newest(tx *bbolt.Tx) *txn {
	return &txn{tx, s.version.Load().of(tx.ID() - 1).newer}
}

// update runs fn in the transaction that is committed, and is durable, when it
// returns nil. The rows that were in the write-ahead log only are put into the file with it.
func (s *store) update(op string, fn func(tx *txn) error) error {
	return guard(s.path, op, func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			s.db.AllocSize = max(growth, int(tx.Size()/growthShare)) // used by this commit only
			last := s.version.Load().of(tx.ID() - 1)
			t := &txn{Tx: tx}
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

// log appends a record to the write-ahead log, which is durable when it returns nil, and
// makes the rows of the plan visible that it stands for.
func (s *store) log(op string, record []byte, p *plan, meta []plannedRow) error {
	return guard(s.path, op, func() error {
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

// guard runs fn and turns what bbolt does with a damaged file into an error. It
// gives every error the operation and the path.
func guard(path, op string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = corrupt("%s %s: %v", op, path, r)
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
	bucketMeta    = []byte("meta")
	bucketHeaders = []byte("headers")
	bucketFilters = []byte("filters")
	bucketHashes  = []byte("hashes")
)

// checksumSize is the size of the checksum that every row starts with.
const checksumSize = 4

// bucketOf returns a bucket of the store. Rows are appended: leaves are filled
// to the end.
func bucketOf(tx *txn, name []byte) (*rows, error) {
	b := tx.Bucket(name)
	if b == nil {
		return nil, corrupt("bucket %s is missing", name)
	}
	b.FillPercent = 1
	return &rows{b, tx.newer.of(name)}, nil
}

// heightKey returns the key of the row that starts at a height.
func heightKey(h consensus.Height) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(h))
}

// keyHeight returns the height of a key.
func keyHeight(key []byte) (consensus.Height, error) {
	if len(key) != 4 || key[0]&0x80 != 0 {
		return 0, corrupt("key %x is no height", key)
	}
	return consensus.Height(binary.BigEndian.Uint32(key)), nil
}

// seal writes the checksum of a row, over its key and what follows the
// checksum, to its beginning: CRC-32C.
func seal(key, row []byte) {
	binary.BigEndian.PutUint32(row, checksum(key, row[checksumSize:]))
}

// unseal verifies the checksum of a row and returns what follows it.
func unseal(bucket, key, row []byte) ([]byte, error) {
	if len(row) < checksumSize || binary.BigEndian.Uint32(row) != checksum(key, row[checksumSize:]) {
		return nil, corrupt("row %x of bucket %s does not have its checksum", key, bucket)
	}
	return row[checksumSize:], nil
}

func checksum(key, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, body)
}
