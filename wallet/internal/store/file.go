package store

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/spvd/spvd/internal/bboltcheck"
	"github.com/spvd/spvd/wallet/internal/state"
)

const (
	// openTimeout is how long Open waits for another process to let go of the file.
	openTimeout = time.Second

	// leastMap is how many bytes of a file are mapped at least, see mapAhead.
	leastMap = 256 << 20
)

// openFile opens the file and brings its format up to date, or creates it. It writes
// nothing to a file that is up to date or cannot be opened.
func openFile(cfg *Config) (*bolt.DB, error) {
	info, err := os.Stat(cfg.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, linked := os.Lstat(cfg.Path); linked == nil {
			return nil, errors.New("a link to a file that does not exist")
		}
		err = createFile(cfg)
	case err == nil && !info.Mode().IsRegular():
		err = errors.New("not a regular file")
	case err == nil && info.Size() == 0:
		err = fmt.Errorf("%w: it is empty", state.ErrCorrupt)
	}
	if err == nil {
		err = inspect(cfg.Path)
	}
	if err != nil {
		return nil, err
	}
	db, err := openBolt(cfg.Path, new(bolt.Options))
	if err != nil {
		return nil, err
	}
	err = Guard(func() error {
		run := db.View
		if err := db.View(func(tx *bolt.Tx) error {
			if !state.UpToDate(tx) {
				run = db.Update
			}
			return nil
		}); err != nil {
			return err
		}
		return run(func(tx *bolt.Tx) error { return state.Prepare(tx, cfg.Network) })
	})
	if err != nil {
		return nil, errors.Join(orDiskFull(err), db.Close())
	}
	return db, nil
}

// createFile makes a new wallet under another name and moves it into place: a file of a
// wallet's name is a whole wallet. When it fails it leaves nothing.
func createFile(cfg *Config) (err error) {
	fresh := cfg.Path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, orGone(os.Remove(fresh)))
		}
	}()
	db, err := openBolt(fresh, new(bolt.Options))
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error { return state.Create(tx, cfg.Network, cfg.Birthday) })
	if err := errors.Join(orDiskFull(err), db.Close()); err != nil {
		return err
	}
	if err := os.Rename(fresh, cfg.Path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(cfg.Path))
}

// orGone returns the error of removing a file, nil if there is none.
func orGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncDir makes the names in a directory durable. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// inspect verifies the pages that bbolt follows. It holds the lock that readers share
// meanwhile, for which bbolt needs no more than an intact meta page.
func inspect(path string) error {
	var file *os.File
	db, err := openBolt(path, &bolt.Options{ReadOnly: true, OpenFile: func(name string, flag int, perm os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag, perm)
		return file, err
	}})
	if err != nil {
		return err
	}
	_, err = bboltcheck.Verify(file, db.Info().PageSize)
	return errors.Join(asCorrupt(err), db.Close())
}

// openBolt opens a file that is new, or that inspect has found intact.
func openBolt(path string, options *bolt.Options) (db *bolt.DB, err error) {
	options.Timeout, options.FreelistType = openTimeout, bolt.FreelistMapType
	if !options.ReadOnly {
		options.InitialMmapSize = mapAhead(path)
	}
	err = Guard(func() error {
		db, err = bolt.Open(path, 0o600, options)
		return openError(err)
	})
	return db, err
}

// openError sorts the errors of bolt.Open: what is no error of the system is damage.
func openError(err error) error {
	var system syscall.Errno
	switch {
	case err == nil, errors.As(err, &system):
		return orDiskFull(err)
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrInUse
	}
	return fmt.Errorf("%w (%w)", state.ErrCorrupt, err)
}

// asCorrupt makes ErrCorrupt of damage to the pages.
func asCorrupt(err error) error {
	var d *bboltcheck.Damage
	if errors.As(err, &d) {
		return fmt.Errorf("%w (%s)", state.ErrCorrupt, d.Text)
	}
	return err
}

// ErrDefect is the error of a panic that is not one over damaged pages.
var ErrDefect = errors.New("a defect of this program, or damaged rows; the wallet's file is as it was")

// Guard runs fn, which reads or writes the file. What bbolt does over damaged pages is an error
// then: ErrCorrupt. Any other panic is ErrDefect.
func Guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			at, inBolt := panicked()
			_, fault := p.(interface{ Addr() uintptr })
			kind := ErrDefect
			if fault || inBolt {
				kind = state.ErrCorrupt
			}
			err = fmt.Errorf("%w (%v in %s)", kind, p, at)
		}
	}()
	return fn()
}

// panicked returns the file and line that have panicked, for a developer, and whether they are
// of bbolt. It is called by a function that recovers.
func panicked() (at string, inBolt bool) {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !more || f.Function != "" && !isRuntime(f.Function) {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line), strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
	}
}

// isRuntime reports whether a function is one of the Go runtime.
func isRuntime(function string) bool { return strings.HasPrefix(function, "runtime.") }

// mapAhead returns how many bytes of a file to map. A file that outgrows its map is
// mapped again, for which its writer waits until all readers are done: so four times
// the file is mapped, and at least leastMap. That takes addresses and no memory, which
// only systems with 64-bit addresses have enough of; Windows would make the file as
// long as the map.
func mapAhead(path string) int {
	if math.MaxInt < 1<<40 || runtime.GOOS == "windows" {
		return 0
	}
	size := int64(0)
	if info, err := os.Stat(path); err == nil {
		size = info.Size()
	}
	return int(max(4*size, leastMap))
}
