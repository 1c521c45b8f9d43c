package wallet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/apply"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/store"
)

// Wallet is a named set of accounts, addresses and scripts, and what the chain
// says about them. All methods may be called from any goroutine, except that
// Locator and Apply have one caller at a time, the syncer.
type Wallet struct {
	cfg     Config
	store   *store.Store // its file, and its snapshots
	applier *apply.Applier
	steps   *apply.Steps

	warned    time.Time     // of a full pool, last; the change that runs owns it
	repaired  atomic.Bool   // damage was repaired; the set takes the wallet along again
	crowded   atomic.Uint64 // how often a relayed transaction made room for another
	crowdedAt atomic.Int64  // when it last did, in Unix seconds; zero for never

	forgetOnce sync.Once // what the pool takes is no longer counted
	pokes      pokes     // see Watch
}

// Open opens a wallet, and creates it if its file does not exist. The error is
// ErrCorrupt, ErrNewerFormat, ErrOtherNetwork, ErrInUse or ErrDiskFull, or one of the system,
// and names the file. A file that cannot be opened is left as it is.
func Open(cfg Config) (*Wallet, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	w := &Wallet{cfg: cfg}
	var err error
	w.store, err = store.Open(store.Config{Path: cfg.Path, Network: cfg.Params.ChainParams, Birthday: cfg.Birthday,
		Log: cfg.Log, Now: cfg.Now, Installed: w.installed, Changed: w.pokes.poke})
	if err == nil {
		w.applier, w.steps = apply.New(apply.Config{Store: w.store, Log: cfg.Log, Now: cfg.Now, Edit: w.edit, StepRows: cfg.stepRows})
		if err = w.applier.Forget(context.Background()); err != nil {
			err = errors.Join(err, w.Close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open wallet %s: %w", cfg.Path, err)
	}
	return w, nil
}

// Close stores the blocks that changed nothing and closes the file. It waits for
// running transactions; methods called afterwards return errors.
func (w *Wallet) Close() error {
	err := w.store.Close()
	w.forgetOnce.Do(func() { w.cfg.shared.used.Add(-int64(w.store.Now().Pool.Held)) })
	return err
}

// installed counts for the set what a new snapshot changes.
func (w *Wallet) installed(old, s *state.Snapshot) {
	if old == nil {
		w.cfg.shared.used.Add(int64(s.Pool.Held))
		return
	}
	w.cfg.shared.used.Add(int64(s.Pool.Held - old.Pool.Held))
	if s.Imports > old.Imports && w.cfg.imports != nil {
		w.cfg.imports.Add(1)
	}
}

// Watch returns a channel that is poked (capacity one) after everything that changed what the
// wallet watches, holds or has applied, and when the syncer has become synced, until ctx ends;
// it is never closed. There may be any number of readers. A reader that is poked reads what it
// wants to know itself: one that acts only while the status of the syncer is synced misses
// nothing.
func (w *Wallet) Watch(ctx context.Context) <-chan struct{} { return w.pokes.watch(ctx) }

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

	// Searches is the number of the newest job up to which all are over, zero without one: with
	// it SearchedBy tells later what was searched again.
	Searches uint32

	// Changes is another number each time anything but the tip has changed: what
	// History, Unspent and the like return for the same blocks. It is not stored.
	Changes uint64
}

// Status returns how far the wallet has got. It never blocks on storage.
func (w *Wallet) Status() Status { return w.status(w.store.Now()) }

// status returns how far an installed snapshot is.
func (w *Wallet) status(s *state.Snapshot) Status {
	tip, _ := remembered.At(s.Blocks, s.Tip.Height)
	return Status{
		Tip:      s.Tip,
		TipTime:  tip.When(),
		Scanned:  s.Cursor,
		Birthday: w.store.FirstBirth(s),
		Accounts: len(s.Accounts),
		Scripts:  len(s.Scripts),
		Epoch:    s.Epoch(),
		Searches: s.EndedJobs(),
		Changes:  s.Changes,
	}
}

// SearchedAgain returns the first height of the blocks that came to be searched again since
// Status.Changes was a number, consensus.Never without any. A reader that looks at
// Status.Scanned now and then may have missed that it went back.
func (w *Wallet) SearchedAgain(changes uint64) consensus.Height {
	return w.store.Now().RewoundTo(changes)
}

// SearchedBy returns the first height that the jobs search which were not over when
// Status.Searches was a number, consensus.Never without any. It is the same after a restart. It
// is not known if one of these jobs is no longer remembered.
func (w *Wallet) SearchedBy(searches uint32) (from consensus.Height, known bool) {
	return w.store.Now().SearchedBy(searches)
}
