package wallet

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
)

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

	// stored is the snapshot that the file holds. The newest one may be ahead of it
	// by blocks that changed no row: see quiet. The holder of the turn owns it.
	stored *state.Snapshot

	// Only who holds the turn uses these.
	draft  *ledger.Pool // of the update, once that changes unmined transactions
	warned time.Time    // of a full pool, last

	forgetOnce sync.Once             // what the pool takes is no longer counted
	damaged    atomic.Pointer[error] // what was first found damaged; nil for nothing
	repaired   atomic.Bool           // damage was repaired; the set takes the wallet along again
	stuck      atomic.Bool           // a writing transaction could not be ended, nor can the file
	crowded    atomic.Uint64         // how often a relayed transaction made room for another
	crowdedAt  atomic.Int64          // when it last did, in Unix seconds; zero for never

	changed chan struct{} // see Changed
	pokes   pokes         // see Watch
}

// Open opens a wallet, and creates it if its file does not exist. The error is
// ErrCorrupt, ErrNewerFormat, ErrOtherNetwork, ErrInUse or ErrDiskFull, or one of the system,
// and names the file. A file that cannot be opened is left as it is.
func Open(cfg Config) (*Wallet, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	db, err := openFile(&cfg)
	if err != nil {
		return nil, fmt.Errorf("open wallet %s: %w", cfg.Path, err)
	}
	w := &Wallet{cfg: cfg, db: db, turn: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	if err = w.load(); err == nil {
		err = w.forgetAll(context.Background())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open wallet %s: %w", cfg.Path, err), db.Close())
	}
	return w, nil
}

// load reads what is kept in memory.
func (w *Wallet) load() error {
	return guard(func() error {
		return w.db.View(func(tx *bolt.Tx) error {
			s, err := state.LoadSnapshot(tx)
			if err != nil {
				return err
			}
			w.stored = s
			w.install(s)
			return nil
		})
	})
}

// Close stores the blocks that changed nothing and closes the file. It waits for
// running transactions; methods called afterwards return errors.
func (w *Wallet) Close() error {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	w.forgetOnce.Do(func() { w.cfg.shared.used.Add(-int64(w.now.Load().Pool.Held)) })
	if w.stuck.Load() {
		return w.damage()
	}
	return guard(func() (err error) {
		if w.now.Load() != w.stored && w.damage() == nil {
			err = w.db.Update(func(tx *bolt.Tx) error { return w.now.Load().Save(tx, w.stored) })
			w.stored = w.now.Load()
		}
		return errors.Join(err, w.db.Close())
	})
}

// damage returns what was first found damaged in the file since it was opened, nil for
// nothing. It names the file.
func (w *Wallet) damage() error {
	if err := w.damaged.Load(); err != nil {
		return *err
	}
	return nil
}

// noteDamage records damage that a transaction has found, and returns its error.
func (w *Wallet) noteDamage(err error) error {
	if !errors.Is(err, ErrCorrupt) && !errors.Is(err, errDefect) {
		return err
	}
	found := fmt.Errorf("%s: %w", w.cfg.Path, err)
	if w.damaged.CompareAndSwap(nil, &found) {
		w.cfg.Log.Error("Wallet failed", "path", w.cfg.Path, "err", err)
		poke(w.changed)
		w.pokes.poke()
	}
	return err
}

// Changed is poked (capacity one) after everything that changed what the
// wallet watches, holds or has applied. It has one reader, the syncer.
func (w *Wallet) Changed() <-chan struct{} { return w.changed }

// Watch returns a channel that is poked (capacity one) like that of Changed, and when
// Synced is called, until ctx ends; it is never closed. There may be any number of
// readers. A reader that is poked reads what it wants to know itself: one that acts only
// while the status of the syncer is synced misses nothing.
func (w *Wallet) Watch(ctx context.Context) <-chan struct{} { return w.pokes.watch(ctx) }

// Synced pokes the readers of Watch. The syncer calls it when its status has become synced.
func (w *Wallet) Synced() { w.pokes.poke() }

// Status is how far a wallet has got.
type Status struct {
	// Tip is the newest block applied, TipTime its timestamp.
	Tip     consensus.BlockID
	TipTime time.Time

	// Scanned is the last block that has been searched for everything. It is
	// below Tip while newly watched scripts are being looked for in old blocks.
	Scanned consensus.BlockID

	// Birthday is the first height that is searched, consensus.Never if that is not
	// known yet or nothing is watched.
	Birthday consensus.Height

	// Accounts is the number of accounts, Scripts that of watched scripts.
	Accounts, Scripts int

	// Epoch is another number each time a rescan was canceled, zero at first: what
	// the rescan had found below the birthdays is forgotten.
	Epoch uint32

	// Changes is another number each time anything but the tip has changed: what
	// History, Unspent and the like return for the same blocks. It is not stored.
	Changes uint64
}

// Status returns how far the wallet has got. It never blocks on storage.
func (w *Wallet) Status() Status { return w.status(w.now.Load()) }

// status returns how far an installed snapshot is.
func (w *Wallet) status(s *state.Snapshot) Status {
	tip, _ := state.BlockAt(s.Blocks, s.Tip.Height)
	return Status{
		Tip:      s.Tip,
		TipTime:  tip.When(),
		Scanned:  s.Cursor,
		Birthday: w.births.First(s),
		Accounts: len(s.Accounts),
		Scripts:  len(s.Scripts),
		Epoch:    s.Epoch(),
		Changes:  s.Changes,
	}
}

// change is the body of a writing transaction. It gets the newest snapshot and
// returns the one that shall follow it.
type change func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error)

// update runs one writing transaction: what the function returns is stored and
// installed. When it returns an error, or nil for the snapshot, nothing is stored
// at all.
func (w *Wallet) update(ctx context.Context, fn change) error {
	return w.write(ctx, fn, func(*state.Snapshot) bool { return false })
}

// advance is update for new blocks: when they change no row, they may be stored with
// those that follow.
func (w *Wallet) advance(ctx context.Context, fn change) error {
	return w.write(ctx, fn, w.quiet)
}

// quiet reports whether a snapshot, of a transaction that has changed no row, can wait
// to be stored. The wallets of a set are not all stored at the same block.
func (w *Wallet) quiet(s *state.Snapshot) bool {
	return s.MayWait(w.stored, consensus.Height(crc32.ChecksumIEEE([]byte(w.cfg.Path))%state.QuietBlocks))
}

func (w *Wallet) write(ctx context.Context, fn change, mayWait func(*state.Snapshot) bool) error {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if w.stuck.Load() {
		return w.damage()
	}
	w.draft = nil
	defer func() { w.draft = nil }()
	return w.noteDamage(guard(func() error { return w.commit(fn, mayWait) }))
}

// commit is the transaction of write. The caller holds the turn.
func (w *Wallet) commit(fn change, mayWait func(*state.Snapshot) bool) error {
	tx, err := w.db.Begin(true)
	if err != nil {
		return orClosed(err)
	}
	defer w.rollback(tx) // has no effect after a commit
	old := w.now.Load()
	next, err := fn(tx, old)
	if err != nil || next == nil {
		return err
	}
	settled := *next
	if w.draft != nil {
		settled.Pool = w.draft
	}
	settled.ResolveJobs(old, w.seconds())
	settled.Waiting = ledger.AnyUnmined(tx)
	if len(settled.Anchors) > len(old.Anchors) {
		if err := settled.DropAnchors(tx); err != nil {
			return err
		}
	}
	if stats := tx.Stats(); stats.GetNodeCount() == 0 && mayWait(&settled) {
		w.installed(&settled)
		return nil
	}
	if err := settled.Save(tx, w.stored); err != nil {
		return err
	}
	stored := settled
	stored.ID = tx.ID()
	stored.Changes++
	w.next.Store(&stored)
	if err := tx.Commit(); err != nil {
		return errors.Join(orDiskFull(err), w.load()) // it may have reached the file even so
	}
	w.stored = &stored
	w.installed(&stored)
	return nil
}

// rollback ends a writing transaction that was not committed.
func (w *Wallet) rollback(tx *bolt.Tx) {
	w.stuck.Store(true)
	_ = tx.Rollback() // which panics over a damaged list of free pages
	w.stuck.Store(false)
}

// installed installs a snapshot and pokes the readers.
func (w *Wallet) installed(s *state.Snapshot) {
	more := s.Imports != w.now.Load().Imports
	w.install(s)
	if more && w.cfg.imports != nil {
		w.cfg.imports.Add(1)
	}
	poke(w.changed)
	w.pokes.poke()
}

// view runs one reading transaction together with the snapshot of the same
// state.
func (w *Wallet) view(ctx context.Context, fn func(tx *bolt.Tx, s *state.Snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return w.noteDamage(guard(func() error {
		tx, s, err := w.begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		return fn(tx, s)
	}))
}

// begin begins a reading transaction and finds its snapshot: the newest one, or
// right after a commit the one about to be installed. When another commit came
// in between it is neither, and is read from the file.
func (w *Wallet) begin() (*bolt.Tx, *state.Snapshot, error) {
	now := w.now.Load()
	tx, err := w.db.Begin(false)
	if err != nil {
		return nil, nil, orClosed(err)
	}
	for _, s := range []*state.Snapshot{now, w.next.Load(), w.now.Load()} {
		if s != nil && s.ID == tx.ID() {
			return tx, s, nil
		}
	}
	s, err := state.LoadSnapshot(tx)
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
