package store

import (
	"context"
	"errors"
	"hash/crc32"

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

func (s *Store) write(ctx context.Context, fn Change, mayWait func(*state.Snapshot) bool) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if s.stuck.Load() {
		return s.Damage()
	}
	s.draft = nil
	defer func() { s.draft = nil }()
	return s.noteDamage(Guard(func() error { return s.commit(fn, mayWait) }))
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
		s.installed(&resolved)
		return nil
	}
	if err := resolved.Save(tx, s.stored); err != nil {
		return err
	}
	stored := resolved
	stored.ID = tx.ID()
	stored.Changes++
	stored.NoteRewind(old)
	s.next.Store(&stored)
	if err := tx.Commit(); err != nil {
		return errors.Join(orDiskFull(err), s.Load()) // it may have reached the file even so
	}
	s.stored = &stored
	s.installed(&stored)
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
