package store

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
)

// Config is what a store is opened with. All fields are needed.
type Config struct {
	Path     string            // of the file, which is created if it does not exist
	Network  *chaincfg.Params  // that the wallet is for
	Birthday birthday.Birthday // of imports that name none, of a file that is created
	Log      *slog.Logger
	Now      func() time.Time

	// Installed is called with each snapshot that has become the newest one, and the one
	// before it, nil for the first. Changed is called after each change, and when damage is
	// found first. Both are called with the turn held, and must not use it.
	Installed func(old, s *state.Snapshot)
	Changed   func()
}

// Store is an open file of a wallet, and its snapshots. Any goroutine may call any method
// of it, except that Draft belongs to a change that runs.
type Store struct {
	cfg Config

	// DB is the file itself. What is changed in it but by Update is in no snapshot.
	DB *bolt.DB

	now  atomic.Pointer[state.Snapshot]
	next atomic.Pointer[state.Snapshot] // about to be committed, or installed since

	scripts scripts      // of now
	births  state.Births // of now

	// turn admits one writer at a time. It covers a file transaction and the
	// installation of its outcome in memory, and is waited for with a context.
	turn chan struct{}

	// stored is the snapshot that the file holds. The newest one may be ahead of it
	// by blocks that changed no row: see quiet. The holder of the turn owns it.
	stored *state.Snapshot
	ahead  atomic.Bool // the newest snapshot is

	// draft is the pool of a change, once that changes unmined transactions. The holder
	// of the turn owns it.
	draft *ledger.Pool

	damaged atomic.Pointer[error] // what was first found damaged; nil for nothing
	stuck   atomic.Bool           // a writing transaction could not be ended, nor can the file
}

// Open opens the file of a wallet, and creates it if it does not exist. The error is
// ErrCorrupt, ErrNewerFormat, ErrOtherNetwork, ErrInUse or ErrDiskFull, or one of the system.
// A file that cannot be opened is left as it is.
func Open(cfg Config) (*Store, error) {
	db, err := openFile(&cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, DB: db, turn: make(chan struct{}, 1)}
	if err := s.Load(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Load makes what the file holds the newest snapshot. Only the holder of the turn calls it, or
// a caller that knows that there is no change.
func (s *Store) Load() error {
	return Guard(func() error {
		return s.DB.View(func(tx *bolt.Tx) error {
			loaded, err := state.LoadSnapshot(tx)
			if err != nil {
				return err
			}
			s.stored = loaded
			s.ahead.Store(false)
			s.install(loaded)
			return nil
		})
	})
}

// Close stores the blocks that changed nothing and closes the file. It waits for
// running transactions; methods called afterwards return errors.
func (s *Store) Close() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.stuck.Load() {
		return s.Damage()
	}
	return Guard(func() (err error) {
		if now := s.Now(); now != s.stored && s.Damage() == nil {
			err = s.DB.Update(func(tx *bolt.Tx) error { return now.Save(tx, s.stored) })
			s.stored = now
		}
		return errors.Join(err, s.DB.Close())
	})
}

// Now returns the newest snapshot. It never blocks on storage.
func (s *Store) Now() *state.Snapshot { return s.now.Load() }

// Find returns the number of a payment script, which may be newer than a snapshot taken before.
func (s *Store) Find(pay []byte) (uint32, bool) { return s.scripts.find(pay) }

// FirstBirth returns the lowest birth of all scripts of a snapshot that was installed, or
// state.Unborn without any.
func (s *Store) FirstBirth(of *state.Snapshot) consensus.Height { return s.births.First(of) }

// Pool returns the unmined transactions as a transaction of the file sees them: a writing one
// with what it has changed, a reading one those of its snapshot. The pool must not be changed.
func (s *Store) Pool(tx *bolt.Tx, of *state.Snapshot) *ledger.Pool {
	switch {
	case !tx.Writable():
		return of.Pool
	case s.draft != nil:
		return s.draft
	}
	return s.Now().Pool
}

// Draft returns the pool that the change which runs may change.
func (s *Store) Draft() *ledger.Pool {
	if s.draft == nil {
		s.draft = s.Now().Pool.Clone()
	}
	return s.draft
}

// Dropped returns the transactions that the change which runs has dropped from the pool.
func (s *Store) Dropped() []chainhash.Hash {
	if s.draft == nil {
		return nil
	}
	return s.draft.Dropped
}

// Damage returns what was first found damaged in the file since it was opened or mended, nil
// for nothing. It names the file.
func (s *Store) Damage() error {
	if err := s.damaged.Load(); err != nil {
		return *err
	}
	return nil
}

// Mended says that what was found damaged is damaged no more.
func (s *Store) Mended() { s.damaged.Store(nil) }

// noteDamage records damage that a transaction has found, and returns its error.
func (s *Store) noteDamage(err error) error {
	if !errors.Is(err, state.ErrCorrupt) && !errors.Is(err, ErrDefect) {
		return err
	}
	found := fmt.Errorf("%s: %w", s.cfg.Path, err)
	if s.damaged.CompareAndSwap(nil, &found) {
		s.cfg.Log.Error("Wallet failed", "path", s.cfg.Path, "err", err)
		s.cfg.Changed()
	}
	return err
}
