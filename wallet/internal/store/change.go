package store

import (
	"context"
	"errors"
	"hash/crc32"
	"slices"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
)

// Change is the body of a writing transaction. It gets the newest snapshot and
// returns the one that shall follow it.
type Change func(tx *bolt.Tx, now *state.Snapshot) (next *state.Snapshot, err error)

// Update runs one writing transaction: what the function returns is stored and
// installed. When it returns an error, or nil for the snapshot, nothing is stored
// at all.
func (s *Store) Update(ctx context.Context, fn Change) error {
	return s.write(ctx, fn, func(*state.Snapshot) bool { return false })
}

// Advance is Update for new blocks: when they change no row, they may be stored with
// those that follow.
func (s *Store) Advance(ctx context.Context, fn Change) error {
	return s.write(ctx, fn, s.quiet)
}

// quiet reports whether a snapshot, of a transaction that has changed no row, can wait
// to be stored. The wallets of a set are not all stored at the same block.
func (s *Store) quiet(next *state.Snapshot) bool {
	return next.MayWait(s.stored, consensus.Height(crc32.ChecksumIEEE([]byte(s.cfg.Path))%state.QuietBlocks))
}

// Persist stores the blocks that changed no row and are not stored yet: what a client was told must not
// be ahead of the file, which after a crash, or in a copy, would go through them with other scripts. It
// does nothing if there are none, or if the file is damaged. The error is ErrDiskFull, or one of the system.
func (s *Store) Persist(ctx context.Context) error {
	if !s.ahead.Load() || s.Damage() != nil {
		return nil
	}
	return s.alone(ctx, func() error {
		tx, err := s.DB.Begin(true)
		if err != nil {
			return orClosed(err)
		}
		defer s.rollback(tx) // has no effect after a commit
		now := *s.Now()
		now.Accounts = slices.Clone(now.Accounts) // which are edited when they are saved
		if err := s.save(tx, &now); err != nil {
			return err
		}
		s.install(&now)
		return nil
	})
}

func (s *Store) write(ctx context.Context, fn Change, mayWait func(*state.Snapshot) bool) error {
	return s.alone(ctx, func() error {
		s.draft = nil
		defer func() { s.draft = nil }()
		return s.commit(fn, mayWait)
	})
}

// alone calls a function with the turn held. What it finds damaged is recorded.
func (s *Store) alone(ctx context.Context, fn func() error) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if s.stuck.Load() {
		return s.Damage()
	}
	return s.noteDamage(Guard(fn))
}

// commit is the transaction of write. The caller holds the turn.
func (s *Store) commit(fn Change, mayWait func(*state.Snapshot) bool) error {
	tx, err := s.DB.Begin(true)
	if err != nil {
		return orClosed(err)
	}
	defer s.rollback(tx) // has no effect after a commit
	old := s.Now()
	next, err := fn(tx, old)
	if err != nil || next == nil {
		return err
	}
	resolved := *next
	if s.draft != nil {
		resolved.Pool = s.draft
	}
	resolved.ResolveJobs(old, uint32(s.cfg.Now().Unix()))
	resolved.Waiting = resolved.Pool.MinedFrom
	if len(resolved.Birthdays.Anchors) > len(old.Birthdays.Anchors) {
		if err := resolved.DropAnchors(tx); err != nil {
			return err
		}
	}
	if stats := tx.Stats(); stats.GetNodeCount() == 0 && mayWait(&resolved) {
		s.ahead.Store(true)
		s.installed(&resolved)
		return nil
	}
	stored := resolved
	stored.Changes++
	stored.NoteRewind(old)
	if err := s.save(tx, &stored); err != nil {
		return err
	}
	s.installed(&stored)
	return nil
}

// save ends a transaction with the snapshot that follows from it, which is not installed yet.
func (s *Store) save(tx *bolt.Tx, next *state.Snapshot) error {
	if err := next.Save(tx, s.stored); err != nil {
		return err
	}
	next.ID = tx.ID()
	s.next.Store(next)
	if err := tx.Commit(); err != nil {
		return errors.Join(orDiskFull(err), s.Load()) // it may have reached the file even so
	}
	s.stored = next
	s.ahead.Store(false)
	return nil
}

// rollback ends a writing transaction that was not committed.
func (s *Store) rollback(tx *bolt.Tx) {
	s.stuck.Store(true)
	_ = tx.Rollback() // which panics over a damaged list of free pages
	s.stuck.Store(false)
}

// installed installs a snapshot that a change has made.
func (s *Store) installed(next *state.Snapshot) {
	s.install(next)
	s.cfg.Changed()
}

// install makes a snapshot the newest one.
func (s *Store) install(next *state.Snapshot) {
	old := s.Now()
	s.scripts.install(next.Scripts)
	s.now.Store(next)
	s.cfg.Installed(old, next)
}

// View runs one reading transaction together with the snapshot of the same
// state.
func (s *Store) View(ctx context.Context, fn func(tx *bolt.Tx, s *state.Snapshot) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return s.noteDamage(s.Inspect(fn))
}

// Inspect is View for a caller that looks for damage: what it finds is not recorded.
func (s *Store) Inspect(fn func(tx *bolt.Tx, s *state.Snapshot) error) error {
	return Guard(func() error {
		tx, of, err := s.begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		return fn(tx, of)
	})
}

// begin begins a reading transaction and finds its snapshot: the newest one, or
// right after a commit the one about to be installed. When another commit came
// in between it is neither, and is read from the file.
func (s *Store) begin() (*bolt.Tx, *state.Snapshot, error) {
	now := s.Now()
	tx, err := s.DB.Begin(false)
	if err != nil {
		return nil, nil, orClosed(err)
	}
	for _, of := range []*state.Snapshot{now, s.next.Load(), s.Now()} {
		if of != nil && of.ID == tx.ID() {
			return tx, of, nil
		}
	}
	of, err := state.LoadSnapshot(tx)
	if err != nil {
		return nil, nil, errors.Join(err, tx.Rollback())
	}
	return tx, of, nil
}

// orClosed returns ErrClosed for the error of a file that was closed.
func orClosed(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
