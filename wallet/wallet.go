package wallet

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/spvd/spvd/spv/chain"
)

// openTimeout is how long Open waits for another process to let go of the
// file.
const openTimeout = time.Second

// Wallet is a named set of accounts, addresses and scripts, and what the chain
// says about them. All methods may be called from any goroutine, except that
// Locator and Apply have one caller at a time, the syncer.
type Wallet struct {
	cfg Config
	db  *bolt.DB

	watch
	steps

	// turn admits one writer at a time. It covers a file transaction and the
	// installation of its outcome in memory, and is waited for with a context.
	turn chan struct{}

	changed chan struct{} // see Changed
	pokes   pokes         // see Watch
}

// Open opens a wallet, and creates it if its file does not exist.
func Open(cfg Config) (*Wallet, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	db, err := openFile(&cfg)
	if err != nil {
		return nil, fmt.Errorf("open wallet %s: %w", cfg.Path, err)
	}
	w := &Wallet{cfg: cfg, db: db, turn: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	if err := w.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open wallet %s: %w", cfg.Path, err), db.Close())
	}
	return w, nil
}

// openFile opens the file and brings its format up to date.
func openFile(cfg *Config) (*bolt.DB, error) {
	db, err := openBolt(cfg.Path)
	if err != nil {
		return nil, err
	}
	if err := db.Update(func(tx *bolt.Tx) error { return prepare(tx, cfg) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openBolt opens the file. Damage that bbolt panics over is an error.
func openBolt(path string) (db *bolt.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w (%v)", ErrCorrupt, p)
		}
	}()
	db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: openTimeout, FreelistType: bolt.FreelistMapType})
	var system syscall.Errno
	switch {
	case err == nil, errors.As(err, &system):
		return db, err
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrInUse
	}
	return nil, fmt.Errorf("%w (%w)", ErrCorrupt, err)
}

// load reads what is kept in memory.
func (w *Wallet) load() error {
	return w.db.View(func(tx *bolt.Tx) error {
		s, err := loadSnapshot(tx)
		if err != nil {
			return err
		}
		w.install(s)
		return nil
	})
}

// Close closes the file. It waits for transactions under way; methods called
// afterwards return errors.
func (w *Wallet) Close() error { return w.db.Close() }

// Changed is poked (capacity one) after everything that changed what the
// wallet watches, holds or has applied. It has one reader, the syncer.
func (w *Wallet) Changed() <-chan struct{} { return w.changed }

// Watch returns a channel that is poked (capacity one) like that of Changed,
// until ctx ends; it is never closed. There may be any number of readers. Who
// is poked reads what it wants to know itself.
func (w *Wallet) Watch(ctx context.Context) <-chan struct{} { return w.pokes.watch(ctx) }

// Status is how far a wallet has got.
type Status struct {
	// Tip is the newest block applied, TipTime its timestamp.
	Tip     chain.BlockID
	TipTime time.Time

	// Scanned is the last block that has been searched for everything. It is
	// below Tip while newly watched scripts are being looked for in old blocks.
	Scanned chain.BlockID

	// Birthday is the first height that is searched, chain.Never if that is not
	// known yet or nothing is watched.
	Birthday chain.Height

	// Accounts is the number of accounts, Scripts that of watched scripts.
	Accounts, Scripts int

	// Forgot is another number each time a rescan was canceled, zero at first: what
	// the rescan had found below the birthdays is forgotten.
	Forgot uint32
}

// Status returns how far the wallet has got. It never blocks on storage.
func (w *Wallet) Status() Status {
	s := w.now.Load()
	tip, _ := blockAt(s.blocks, s.tip.Height)
	return Status{
		Tip:      s.tip,
		TipTime:  tip.when(),
		Scanned:  s.cursor,
		Birthday: s.firstBirth(0, s.count()),
		Accounts: len(s.accounts),
		Scripts:  len(s.scripts),
		Forgot:   s.forgot(),
	}
}

// update runs one writing transaction. The function gets the newest snapshot
// and returns the one that shall follow it, which is stored and installed. When
// it returns an error, or nil for the snapshot, nothing is stored at all.
func (w *Wallet) update(ctx context.Context, fn func(tx *bolt.Tx, s *snapshot) (*snapshot, error)) error {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	tx, err := w.db.Begin(true)
	if err != nil {
		return orClosed(err)
	}
	defer tx.Rollback() // has no effect after a commit
	old := w.now.Load()
	next, err := fn(tx, old)
	if err != nil || next == nil {
		return err
	}
	settled := *next
	settled.settleJobs(old, w.seconds())
	settled.waiting = anyUnmined(tx)
	if err := settled.save(tx, old); err != nil {
		return err
	}
	installed := settled
	installed.id = tx.ID()
	w.next.Store(&installed)
	if err := tx.Commit(); err != nil {
		return errors.Join(err, w.load()) // it may have reached the file even so
	}
	w.install(&installed)
	poke(w.changed)
	w.pokes.poke()
	return nil
}

// view runs one reading transaction together with the snapshot of the same
// state.
func (w *Wallet) view(ctx context.Context, fn func(tx *bolt.Tx, s *snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	tx, s, err := w.begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(tx, s)
}

// begin begins a reading transaction and finds its snapshot: the newest one, or
// right after a commit the one about to be installed. When another commit came
// in between it is neither, and is read from the file.
func (w *Wallet) begin() (*bolt.Tx, *snapshot, error) {
	now := w.now.Load()
	tx, err := w.db.Begin(false)
	if err != nil {
		return nil, nil, orClosed(err)
	}
	for _, s := range []*snapshot{now, w.next.Load(), w.now.Load()} {
		if s != nil && s.id == tx.ID() {
			return tx, s, nil
		}
	}
	s, err := loadSnapshot(tx)
	if err != nil {
		return nil, nil, errors.Join(err, tx.Rollback())
	}
	return tx, s, nil
}

// orClosed returns ErrClosed for the error of a file that was closed.
func orClosed(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
