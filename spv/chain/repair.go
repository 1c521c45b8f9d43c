package chain

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// repairChunk is how much Repair writes in one transaction, in bytes.
const repairChunk = 4 << 20

// Repair replaces a damaged store, which must not be open, with a new one that
// holds what can be proven of it: the headers up to the first that is missing,
// damaged, without its proof-of-work or not the child of the one before, and
// the filters of these, from the floor on, up to the first that is missing or damaged. Of two
// runs of filters, below and above a gap, it holds the longer one; so it does not hold early
// filters, those below DCP0005, where not all of them are there to be proven. It returns
// how far that is. Nothing is ever written to the damaged file; the new one
// takes its place when it is complete.
//
// The error wraps ErrCorrupt if there is nothing to keep.
func Repair(cfg Config) (State, error) {
	old, err := store.OpenDamaged(cfg.Path)
	if err != nil {
		return State{}, err
	}
	fresh := cfg
	fresh.Path, fresh.noWAL = fresh.Path+".repair", true
	kept, err := rebuild(old, fresh)
	if err := errors.Join(err, old.Close()); err != nil {
		return State{}, errors.Join(err, discard(fresh.Path))
	}
	if err := os.Rename(fresh.Path, cfg.Path); err != nil {
		return State{}, fmt.Errorf("repair chain store: %w", err)
	}
	return kept, store.SyncDir(filepath.Dir(cfg.Path))
}

// discard removes a file if it exists.
func discard(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("repair chain store: %w", err)
	}
	return nil
}

// rebuild copies what can be proven of a store to a new one.
func rebuild(old *store.Store, fresh Config) (State, error) {
	err := old.View("repair", func(tx *store.Txn) error { return store.CheckReadable(tx, fresh.Params) })
	if err := errors.Join(err, discard(fresh.Path)); err != nil {
		return State{}, err
	}
	c, err := open(fresh)
	if err != nil {
		return State{}, err
	}
	err = errors.Join(c.copyAll(old, c.copyHeaders), c.copyFloor(old), c.copyAll(old, c.copyFilters), c.copyLog(old))
	kept := c.State()
	if err := errors.Join(err, c.Close()); err != nil {
		return State{}, err
	}
	if kept.Tip.Height == 0 {
		return State{}, fmt.Errorf("repair %s: %w", old.Path, store.Corrupt("no header can be kept"))
	}
	return kept, nil
}

// copyAll stages and flushes what step takes from an old store, until it finds
// nothing more or damage.
func (c *Chain) copyAll(old *store.Store, step func(tx *store.Txn) error) error {
	for {
		err := old.View("repair", step)
		var broken *consensus.RuleError
		switch {
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrCorrupt), errors.As(err, &broken):
			return c.Flush()
		case err != nil:
			return err
		}
		if c.Pending() < repairChunk {
			continue
		}
		if err := c.Flush(); err != nil {
			return err
		}
	}
}

// copyFloor stages the floor of an old store, so that filters that it did not keep are not
// fetched again.
func (c *Chain) copyFloor(old *store.Store) error {
	var tip store.Tip
	err := old.View("repair", func(tx *store.Txn) (err error) {
		if tip, err = store.ReadOldTip(tx); err == nil {
			return nil
		}
		b, err := store.RowsOf(tx, store.BucketFilters)
		if err != nil {
			return err
		}
		key, _ := b.Cursor().First()
		tip.Floor, err = store.KeyHeight(key)
		return err
	})
	floor, active := tip.Floor, c.params.DCP0005
	switch {
	case err != nil: // what is left of the filters is not known
		return nil
	case tip.Above.Any() && tip.Above.Last.Height-tip.Above.First > tip.Filters.Height-floor:
		floor = tip.Above.First
	}
	if floor > 0 {
		floor = max(floor, active)
	}
	if floor = min(floor, c.tip.Headers.Height+1); floor < active {
		return nil
	}
	return c.RaiseFloor(floor)
}

// copyLog stages and flushes the blocks of the write-ahead log of an old store, if all
// that they follow could be kept.
func (c *Chain) copyLog(old *store.Store) error {
	var tip store.Tip
	if old.View("repair", func(tx *store.Txn) (err error) { tip, err = store.ReadOldTip(tx); return err }) != nil {
		return nil // which blocks the log follows is not known
	}
	b, err := old.Logged()
	if err != nil {
		return err
	}
	c.redoAll(b, tip.Cuts)
	return c.Flush()
}

// copyHeaders stages the headers of the next row.
func (c *Chain) copyHeaders(tx *store.Txn) error {
	b, err := store.RowsOf(tx, store.BucketHeaders)
	if err != nil {
		return err
	}
	next := c.tip.Headers.Height + 1
	row, err := store.ReadHeaderRow(b, next)
	if err != nil {
		return err
	}
	for h := next; h < row.End(); h++ {
		header := row.Header(h)
		hash := header.Hash()
		switch {
		case hash != row.Hash(h):
			return store.Corrupt("header %d does not have its hash", h)
		case header.PrevBlock() != c.tip.Headers.Hash || header.Height() != h:
			return store.Corrupt("header %d does not follow the one before", h)
		}
		if err := consensus.CheckHeader(c.params, header, &hash); err != nil {
			return store.Corrupt("%v", err)
		}
		c.push(header, hash)
	}
	return nil
}

// copyFilters stages the filters of the next row.
func (c *Chain) copyFilters(tx *store.Txn) error {
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return err
	}
	next := c.tip.Filters.Height + 1
	var row store.FilterRow
	if err := row.Read(b, next); err != nil {
		return err
	}
	targets, err := c.FilterTargets(next, int(row.End()-next))
	if err != nil || len(targets) == 0 {
		return errors.Join(err, ErrNotFound)
	}
	filters := make([][]byte, len(targets))
	for i := range targets {
		filters[i] = bytes.Clone(row.Filters[int(next-row.First)+i])
	}
	batch := consensus.RestoreFilters(c.params, targets, filters)
	if batch.Len() == 0 {
		return store.Corrupt("filter %d is not the one its header commits to", next)
	}
	return c.AddFilters(batch)
}
