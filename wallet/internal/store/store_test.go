package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/state"
)

// calls are what a store calls.
type calls struct {
	installed []*state.Snapshot
	changed   int
}

// openStore opens a store, which is closed with the test unless that has closed it.
func openStore(t *testing.T, path string) (*Store, *calls) {
	t.Helper()
	c := new(calls)
	s, err := Open(Config{
		Path: path, Network: consensus.SimNet().ChainParams, Log: slog.New(slog.DiscardHandler),
		Now:       func() time.Time { return time.Unix(1_700_000_000, 0) },
		Installed: func(_, next *state.Snapshot) { c.installed = append(c.installed, next) },
		Changed:   func() { c.changed++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, c
}

// to returns a change that takes a wallet to a height.
func to(height consensus.Height) Change {
	return func(_ *bolt.Tx, now *state.Snapshot) (*state.Snapshot, error) {
		next := *now
		for h := now.Tip.Height + 1; h <= height; h++ {
			id := consensus.BlockID{Height: h, Hash: chainhash.Hash{byte(h), byte(h >> 8), 1}}
			next.Blocks = append(next.Blocks[:len(next.Blocks):len(next.Blocks)], remembered.Block{BlockID: id})
			next.Tip, next.Cursor, next.Common = id, id, id
		}
		return &next, nil
	}
}

// stored returns the snapshot that a copy of the file holds: the one after a crash now.
func stored(t *testing.T, s *Store) *state.Snapshot {
	t.Helper()
	raw, err := os.ReadFile(s.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "crashed.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	again, _ := openStore(t, path)
	return again.Now()
}

// sameState fails the test unless two snapshots have the same blocks, progress and accounts.
func sameState(t *testing.T, what string, got, want *state.Snapshot) {
	t.Helper()
	if got.Progress != want.Progress || !reflect.DeepEqual(got.Blocks, want.Blocks) || !reflect.DeepEqual(got.Accounts, want.Accounts) {
		t.Errorf("%s: %+v with %d blocks, want %+v with %d", what, got.Progress, len(got.Blocks), want.Progress, len(want.Blocks))
	}
}

// TestAnUpdateIsInFileAndSnapshot: what a change returns is the newest snapshot, and is what a
// process that is killed then finds in the file.
func TestAnUpdateIsInFileAndSnapshot(t *testing.T) {
	s, c := openStore(t, filepath.Join(t.TempDir(), "w.db"))
	for _, height := range []consensus.Height{1, 2, 40} {
		before := s.Now()
		if err := s.Update(t.Context(), to(height)); err != nil {
			t.Fatal(err)
		}
		now := s.Now()
		if now == before || now.Tip.Height != height || now.Changes != before.Changes+1 || c.installed[len(c.installed)-1] != now {
			t.Errorf("the newest snapshot is at %d with %d changes, want %d with %d", now.Tip.Height, now.Changes, height, before.Changes+1)
		}
		sameState(t, "after a crash", stored(t, s), now)
	}
	if c.changed != 3 || len(c.installed) != 4 {
		t.Errorf("%d pokes and %d snapshots for 3 changes and the opening", c.changed, len(c.installed))
	}
}

// TestNothingOfAFailedChangeIsKept: a change that returns an error, no snapshot, or panics leaves
// file and snapshot as they were, and the next one runs.
func TestNothingOfAFailedChangeIsKept(t *testing.T) {
	s, c := openStore(t, filepath.Join(t.TempDir(), "w.db"))
	if err := s.Update(t.Context(), to(3)); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("failed")
	key := []byte("written by a change that fails")
	for _, each := range []struct {
		name string
		end  func() (*state.Snapshot, error)
		want error
	}{
		{"an error", func() (*state.Snapshot, error) { return nil, failure }, failure},
		{"no snapshot", func() (*state.Snapshot, error) { return nil, nil }, nil},
		{"a panic", func() (*state.Snapshot, error) { panic("defect") }, ErrDefect},
	} {
		before, pokes := s.Now(), c.changed
		err := s.Update(t.Context(), func(tx *bolt.Tx, now *state.Snapshot) (*state.Snapshot, error) {
			if err := tx.Bucket(state.MetaBucket).Put(key, key); err != nil {
				return nil, err
			}
			s.Draft().Dropped = append(s.Draft().Dropped, chainhash.Hash{1})
			return each.end()
		})
		if !errors.Is(err, each.want) || s.Now() != before || len(s.Dropped()) > 0 {
			t.Errorf("%s: %v, want %v; the snapshot has changed: %v", each.name, err, each.want, s.Now() != before)
		}
		if damaged := s.Damage() != nil; damaged != (each.want == ErrDefect) || damaged != (c.changed > pokes) {
			t.Errorf("%s: damage %v, %d pokes", each.name, s.Damage(), c.changed-pokes)
		}
		if err := s.View(t.Context(), func(tx *bolt.Tx, _ *state.Snapshot) error {
			if tx.Bucket(state.MetaBucket).Get(key) != nil {
				t.Errorf("%s: the file has a row of it", each.name)
			}
			return nil
		}); err != nil {
			t.Errorf("%s: %v", each.name, err)
		}
	}
	s.Mended()
	if err := s.Update(t.Context(), to(4)); err != nil || s.Now().Tip.Height != 4 || s.Damage() != nil {
		t.Errorf("the change after these: %v, at %d, damage %v", err, s.Now().Tip.Height, s.Damage())
	}
}

// TestQuietBlocksWait: blocks that change no row are in the snapshot at once, and in the file with
// a later change or when the store is closed. A crash before that goes back to what was stored.
func TestQuietBlocksWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.db")
	s, c := openStore(t, path)
	if err := s.Update(t.Context(), to(1)); err != nil {
		t.Fatal(err)
	}
	// At which of them a wallet is stored follows from the name of its file, here a new one each time.
	kept := s.Now()
	writes := []consensus.Height{1}
	for height := consensus.Height(2); len(writes) < 3 || height <= writes[2]+1; height++ {
		if err := s.Advance(t.Context(), to(height)); err != nil {
			t.Fatal(err)
		}
		now := s.Now()
		if now.Tip.Height != height || c.changed != int(height) {
			t.Fatalf("the snapshot is at %d after %d pokes, want %d", now.Tip.Height, c.changed, height)
		}
		if height > 3*state.QuietBlocks {
			t.Fatalf("stored at %d only, of %d blocks", writes, height)
		}
		if now.Changes > kept.Changes {
			kept, writes = now, append(writes, height)
		}
	}
	if writes[1] > 1+state.QuietBlocks || writes[2] != writes[1]+state.QuietBlocks {
		t.Errorf("stored at %d, want each %d blocks", writes, state.QuietBlocks)
	}
	if kept == s.Now() {
		t.Fatal("no block waits at the end")
	}
	sameState(t, "after a crash", stored(t, s), kept)
	last := s.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, _ := openStore(t, path)
	sameState(t, "after a stop", again.Now(), last)
	reopenClosed(t, s)
}

// TestWhatWaitsIsPersisted for those who are told of it, and for copies. It changes nothing that anybody
// waits for.
func TestWhatWaitsIsPersisted(t *testing.T) {
	dir := t.TempDir()
	s, c := openStore(t, filepath.Join(dir, "w.db"))
	height := consensus.Height(0)
	wait := func() *state.Snapshot { // the last of three blocks waits, or of four
		for n := 0; n < 3 || !s.ahead.Load(); n++ {
			height++
			if err := s.Advance(t.Context(), to(height)); err != nil {
				t.Fatal(err)
			}
		}
		if last := stored(t, s).Tip.Height; last == height {
			t.Fatalf("block %d does not wait", height)
		}
		return s.Now()
	}
	last, changed := wait(), c.changed
	for range 2 {
		if err := s.Persist(t.Context()); err != nil {
			t.Fatal(err)
		}
		sameState(t, "after a crash", stored(t, s), last)
	}
	if c.changed != changed || s.Now().Changes != last.Changes {
		t.Errorf("%d pokes, want %d; %d changes, want %d", c.changed, changed, s.Now().Changes, last.Changes)
	}
	installed := len(c.installed)
	if err := s.Persist(t.Context()); err != nil || len(c.installed) != installed {
		t.Errorf("stored again: %v", err)
	}
	if err := s.View(t.Context(), func(_ *bolt.Tx, of *state.Snapshot) error {
		sameState(t, "read", of, last)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	last = wait()
	path := filepath.Join(dir, "copy.db")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	again, _ := openStore(t, path)
	sameState(t, "in a copy", again.Now(), last)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Persist(t.Context()); err != nil {
		t.Errorf("closed: %v", err)
	}
}

// reopenClosed fails the test unless a store that was closed says so.
func reopenClosed(t *testing.T, s *Store) {
	t.Helper()
	update := s.Update(t.Context(), to(1))
	view := s.View(t.Context(), func(*bolt.Tx, *state.Snapshot) error { return nil })
	if !errors.Is(update, ErrClosed) || !errors.Is(view, ErrClosed) {
		t.Errorf("closed, a change says %v and a read %v", update, view)
	}
}

// TestViewsAreOfOneMoment: while changes run, each read sees the rows of the snapshot that it is
// given, whichever that is.
func TestViewsAreOfOneMoment(t *testing.T) {
	s, _ := openStore(t, filepath.Join(t.TempDir(), "w.db"))
	s.DB.NoSync = true
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				err := s.View(t.Context(), func(tx *bolt.Tx, of *state.Snapshot) error {
					rows, err := state.LoadSnapshot(tx)
					if err == nil && (rows.Progress != of.Progress || rows.ID != of.ID) {
						t.Errorf("rows at %d of transaction %d, snapshot at %d of %d", rows.Tip.Height, rows.ID, of.Tip.Height, of.ID)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for height := consensus.Height(1); height <= 300; height++ {
		if err := s.Update(t.Context(), to(height)); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	readers.Wait()
}

// TestAChangeWaitsForItsTurn: a change that is called while another one runs ends with its context,
// and what it would have done is not done.
func TestAChangeWaitsForItsTurn(t *testing.T) {
	s, _ := openStore(t, filepath.Join(t.TempDir(), "w.db"))
	cause := errors.New("given up")
	err := s.Update(t.Context(), func(tx *bolt.Tx, now *state.Snapshot) (*state.Snapshot, error) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if err := s.Update(ctx, to(9)); !errors.Is(err, cause) {
			t.Errorf("a second change says %v, want %v", err, cause)
		}
		return to(1)(tx, now)
	})
	if err != nil || s.Now().Tip.Height != 1 {
		t.Errorf("at %d, want 1 (%v)", s.Now().Tip.Height, err)
	}
}

// TestBackupIsASnapshot: a copy is of one moment, a file of that name stays as it is, and no part
// of a copy that was given up is left.
func TestBackupIsASnapshot(t *testing.T) {
	dir := t.TempDir()
	s, _ := openStore(t, filepath.Join(dir, "w.db"))
	if err := s.Update(t.Context(), to(5)); err != nil {
		t.Fatal(err)
	}
	at := s.Now()
	path := filepath.Join(dir, "copy.db")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Backup(ended, path); !errors.Is(err, ErrBackup) || !errors.Is(err, context.Canceled) {
		t.Errorf("given up, it says %v", err)
	}
	if err := errors.Join(s.Backup(t.Context(), path), s.Update(t.Context(), to(6))); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path); !errors.Is(err, ErrBackupExists) {
		t.Errorf("over a file it says %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, raw) {
		t.Errorf("the file that was there has changed (%v)", err)
	}
	again, _ := openStore(t, path)
	sameState(t, "the copy", again.Now(), at)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("the directory has %v, want two files (%v)", files, err)
	}
}

// TestInUse: a file that another store has open is not opened, and stays usable there.
func TestInUse(t *testing.T) {
	s, _ := openStore(t, filepath.Join(t.TempDir(), "w.db"))
	if _, err := Open(s.cfg); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := s.Update(t.Context(), to(1)); err != nil {
		t.Error(err)
	}
}
