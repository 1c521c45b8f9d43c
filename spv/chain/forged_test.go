package chain

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// rewrite changes a row and seals it again: its checksum is right.
func rewrite(bucket, key []byte, change func(body []byte) []byte) func(tx *store.Txn) error {
	return func(tx *store.Txn) error {
		b := tx.Bucket(bucket)
		row := bytes.Clone(b.Get(key))
		row = append(row[:store.ChecksumSize], change(row[store.ChecksumSize:])...)
		store.Seal(key, row)
		return b.Put(key, row)
	}
}

// flipAt flips the lowest bit of a byte; from the end if the place is negative.
func flipAt(place int) func([]byte) []byte {
	return func(b []byte) []byte {
		if place < 0 {
			place += len(b)
		}
		b[place] ^= 1
		return b
	}
}

// moveRow moves rows from one key to another.
func moveRow(bucket []byte, from, to consensus.Height) func(tx *store.Txn) error {
	return func(tx *store.Txn) error {
		b := tx.Bucket(bucket)
		row := bytes.Clone(b.Get(store.HeightKey(from)))
		if err := b.Delete(store.HeightKey(from)); err != nil {
			return err
		}
		store.Seal(store.HeightKey(to), row)
		return b.Put(store.HeightKey(to), row)
	}
}

// splitFilters splits the first filter row in two.
func splitFilters(tx *store.Txn) error {
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return err
	}
	var row store.FilterRow
	if err := row.Read(b, 0); err != nil {
		return err
	}
	p := store.NewPlan(nil)
	p.Begin(store.BucketFilters, 0, 0, false)
	for _, part := range []struct{ from, to consensus.Height }{{0, 5}, {5, row.End()}} {
		var k store.FilterPacker
		k.Reset(part.from)
		for _, f := range row.Filters[part.from:part.to] {
			k.Add(f)
		}
		p.FilterRow(&k)
	}
	return p.Apply(tx)
}

// joinFilters puts the first filter of the second row at the end of the first.
func joinFilters(tx *store.Txn) error {
	b, err := store.RowsOf(tx, store.BucketFilters)
	if err != nil {
		return err
	}
	var first, second store.FilterRow
	if err := first.Read(b, 0); err != nil {
		return err
	}
	if err := second.Read(b, first.End()); err != nil {
		return err
	}
	k := store.FilterPacker{Filters: append(first.Filters, second.Filters[0])}
	rest := store.FilterPacker{First: second.First + 1, Filters: second.Filters[1:]}
	p := store.NewPlan(nil)
	p.Begin(store.BucketFilters, 0, 0, false)
	p.FilterRow(&k)
	p.FilterRow(&rest)
	if err := b.Delete(store.HeightKey(second.First)); err != nil {
		return err
	}
	return p.Apply(tx)
}

// changeTip changes the tip row.
func changeTip(change func(t *store.Tip)) func(tx *store.Txn) error {
	return func(tx *store.Txn) error {
		tip, err := store.ReadTip(tx)
		if err != nil {
			return err
		}
		change(&tip)
		return store.WriteTip(tx, &tip)
	}
}

// A store that is wrong is found to be so even if all its checksums are right:
// everything is proven again.
func TestCheckProvesEverything(t *testing.T) {
	const head = store.HeaderRowHead - store.ChecksumSize
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(60), 5000, 30, 1)
	p := earlyParams(blocks, 1000)
	row := func(h consensus.Height) []byte { return store.HeightKey(store.RowStart(h)) }
	for name, forge := range map[string]func(tx *store.Txn) error{
		"work before a row":       rewrite(store.BucketHeaders, row(500), flipAt(31)),
		"hash of the last header": rewrite(store.BucketHeaders, row(500), flipAt(32)),
		"header":                  rewrite(store.BucketHeaders, row(500), flipAt(head+5*consensus.HeaderSize+offExtraData)),
		"first header of a row":   rewrite(store.BucketHeaders, row(500), flipAt(head+offNonce)),
		"genesis block":           rewrite(store.BucketHeaders, row(0), flipAt(head+offNonce)),
		"last header":             rewrite(store.BucketHeaders, row(5000), flipAt(-1)),
		"header row too short":    rewrite(store.BucketHeaders, row(500), func(b []byte) []byte { return b[:len(b)-consensus.HeaderSize] }),
		"header row missing":      func(tx *store.Txn) error { return tx.Bucket(store.BucketHeaders).Delete(row(500)) },
		"header row at wrong key": moveRow(store.BucketHeaders, store.RowStart(5000), store.RowStart(5000)+1),
		"early filter":            rewrite(store.BucketFilters, store.HeightKey(0), flipAt(-1)),
		"last filter":             func(tx *store.Txn) error { return forgeLastFilter(tx) },
		"filter rows split":       splitFilters,
		"filter rows joined":      joinFilters,
		"filter row at wrong key": moveRow(store.BucketFilters, 0, 1),
		"index entry":             rewrite(store.BucketHashes, store.HeightKey(0), flipAt(700*store.IndexEntry)),
		"index offset":            rewrite(store.BucketHashes, store.HeightKey(0), flipAt(700*store.IndexEntry+5)),
		"index row missing":       func(tx *store.Txn) error { return tx.Bucket(store.BucketHashes).Delete(store.HeightKey(0)) },
		"index row too many":      moveRow(store.BucketHashes, 0, store.SegmentBlocks),
		"tip height":              changeTip(func(t *store.Tip) { t.Headers.Height-- }),
		"tip hash":                changeTip(func(t *store.Tip) { t.Headers.Hash[0]++ }),
		"tip work":                changeTip(func(t *store.Tip) { t.Work.AddUint64(1) }),
		"filters height":          changeTip(func(t *store.Tip) { t.Filters.Height-- }),
		"filters hash":            changeTip(func(t *store.Tip) { t.Filters.Hash[0]++ }),
		"floor":                   changeTip(func(t *store.Tip) { t.Floor = 1; t.Filters.Height = 0 }),
		"floor above the filters": changeTip(func(t *store.Tip) { t.Floor = t.Filters.Height + 2 }),
		"floor that is negative":  changeTip(func(t *store.Tip) { t.Floor = -1 }),
		"filters above the tip":   changeTip(func(t *store.Tip) { t.Above = store.Span{First: t.Filters.Height + 2, Last: t.Headers} }),
		"filters above no gap":    changeTip(func(t *store.Tip) { t.Above = store.Span{First: t.Filters.Height + 1, Last: t.Headers} }),
		"hash over early filters": rewrite(store.BucketMeta, store.KeyEarly, flipAt(10)),
		"count of early filters":  rewrite(store.BucketMeta, store.KeyEarly, func(b []byte) []byte { binary.BigEndian.PutUint32(b, 7); return b }),
		"unknown row in meta":     func(tx *store.Txn) error { return store.WriteMeta(tx, []byte("zebra"), make([]byte, 8)) },
		"unknown bucket":          func(tx *store.Txn) error { _, err := tx.CreateBucket([]byte("zebra")); return err },
		"sequence number":         func(tx *store.Txn) error { return tx.Bucket(store.BucketHeaders).SetSequence(1) },
		"network":                 rewrite(store.BucketMeta, store.KeyNetwork, flipAt(3)),
		"format":                  rewrite(store.BucketMeta, store.KeyFormat, flipAt(3)),
	} {
		t.Run(name, func(t *testing.T) {
			c := forgedStore(t, p, blocks)
			if err := c.store.Update("forge", forge); err != nil {
				t.Fatal(err)
			}
			err := c.Check(t.Context())
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrOtherNetwork) {
				t.Fatalf("want a corrupt store, got %v", err)
			}
			t.Log(err)
		})
	}
}

// forgedStore returns a store of all blocks, to be forged.
func forgedStore(t *testing.T, p *consensus.Params, blocks *testChain) *Chain {
	t.Helper()
	c := reopen(t, Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p, noWAL: true})
	blocks.feed(t, p, c, 0, 2000, 1)
	if err := addUpTo(t, p, c, blocks, blocks.height()); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	return c
}

// forgeLastFilter changes the last byte of the last filter row.
func forgeLastFilter(tx *store.Txn) error {
	key, _ := tx.Bucket(store.BucketFilters).Cursor().Last()
	return rewrite(store.BucketFilters, bytes.Clone(key), flipAt(-1))(tx)
}

// A header that has the right hash but breaks a rule is found.
func TestCheckKnowsTheRules(t *testing.T) {
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(61), 200, 30, 1)
	lax := *p
	lax.Waypoints = []consensus.BlockID{{Height: 100, Hash: blocks.hashes[99]}}
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p}
	c := reopen(t, cfg)
	blocks.feed(t, p, c, 0, 2000, 1)
	mustFlush(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Params = &lax
	c = reopen(t, cfg)
	if err := c.Check(t.Context()); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("want a corrupt store, got %v", err)
	}
}

func TestCheckIsCancelled(t *testing.T) {
	c := testStore(t, consensus.SimNet())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Check(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, ErrCorrupt) {
		t.Fatalf("got %v", err)
	}
}

// Repair keeps all headers below the first bad one, and all filters below the
// first bad one that these prove.
func TestRepairKeepsWhatIsProven(t *testing.T) {
	const head = store.HeaderRowHead - store.ChecksumSize
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(62), 3000, 100, 1)
	var row store.FilterRow
	for name, tc := range map[string]struct {
		forge            func(tx *store.Txn) error
		headers, filters consensus.Height
	}{
		"nothing": {func(*store.Txn) error { return nil }, 3000, 3000},
		"header":  {rewrite(store.BucketHeaders, store.HeightKey(store.RowStart(1000)), flipAt(head+10*consensus.HeaderSize+offNonce)), store.RowStart(1000) + 9, store.RowStart(1000) + 9},
		"header row": {func(tx *store.Txn) error {
			return tx.Bucket(store.BucketHeaders).Delete(store.HeightKey(store.RowStart(1000)))
		}, store.RowStart(1000) - 1, store.RowStart(1000) - 1},
		"index and tip": {func(tx *store.Txn) error {
			return errors.Join(tx.Bucket(store.BucketMeta).Delete(store.KeyTip), tx.DeleteBucket(store.BucketHashes))
		}, 3000, 3000},
		"filter row": {func(tx *store.Txn) error {
			return errors.Join(row.Read(&store.Rows{Bucket: tx.Bucket(store.BucketFilters)}, 2000), tx.Bucket(store.BucketFilters).Delete(store.HeightKey(row.First)))
		}, 3000, -1},
		"forged filters": {func(tx *store.Txn) error { return rewrite(store.BucketFilters, store.HeightKey(0), flipAt(-1))(tx) }, 3000, -2},
	} {
		t.Run(name, func(t *testing.T) {
			c := forgedStore(t, p, blocks)
			var first store.FilterRow
			if err := c.store.Update("forge", func(tx *store.Txn) error {
				if err := first.Read(&store.Rows{Bucket: tx.Bucket(store.BucketFilters)}, 0); err != nil {
					return err
				}
				return tc.forge(tx)
			}); err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			cfg := Config{Path: c.store.Path, Params: p}
			kept, err := Repair(cfg)
			if err != nil {
				t.Fatal(err)
			}
			filters := tc.filters
			switch filters {
			case -1:
				filters = row.First - 1
			case -2:
				filters = first.End() - 2
			}
			if kept.Tip != blocks.id(tc.headers) || kept.Filters != blocks.id(filters) {
				t.Fatalf("kept headers to %d and filters to %d, want %d and %d", kept.Tip.Height, kept.Filters.Height, tc.headers, filters)
			}
			c = reopen(t, cfg)
			mustCheck(t, c)
			blocks.feed(t, p, c, 0, 2000, 1)
			blocks.feedFilters(t, p, c)
			mustFlush(t, c)
			wantChain(t, c, blocks)
		})
	}
}
