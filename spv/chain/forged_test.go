package chain

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// rewrite changes a row and seals it again: its checksum is right.
func rewrite(bucket, key []byte, change func(body []byte) []byte) func(tx *txn) error {
	return func(tx *txn) error {
		b := tx.Bucket(bucket)
		row := bytes.Clone(b.Get(key))
		row = append(row[:checksumSize], change(row[checksumSize:])...)
		seal(key, row)
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
func moveRow(bucket []byte, from, to consensus.Height) func(tx *txn) error {
	return func(tx *txn) error {
		b := tx.Bucket(bucket)
		row := bytes.Clone(b.Get(heightKey(from)))
		if err := b.Delete(heightKey(from)); err != nil {
			return err
		}
		seal(heightKey(to), row)
		return b.Put(heightKey(to), row)
	}
}

// splitFilters splits the first filter row in two.
func splitFilters(tx *txn) error {
	b, err := bucketOf(tx, bucketFilters)
	if err != nil {
		return err
	}
	var row filterRow
	if err := row.read(b, 0); err != nil {
		return err
	}
	p := plan{buckets: []bucketPlan{{name: bucketFilters}}}
	for _, part := range []struct{ from, to consensus.Height }{{0, 5}, {5, row.end()}} {
		var k filterPacker
		k.reset(part.from)
		for _, f := range row.filters[part.from:part.to] {
			k.add(f)
		}
		p.filterRow(&k)
	}
	return p.apply(tx)
}

// joinFilters puts the first filter of the second row at the end of the first.
func joinFilters(tx *txn) error {
	b, err := bucketOf(tx, bucketFilters)
	if err != nil {
		return err
	}
	var first, second filterRow
	if err := first.read(b, 0); err != nil {
		return err
	}
	if err := second.read(b, first.end()); err != nil {
		return err
	}
	k := filterPacker{filters: append(first.filters, second.filters[0])}
	rest := filterPacker{first: second.first + 1, filters: second.filters[1:]}
	p := plan{buckets: []bucketPlan{{name: bucketFilters}}}
	p.filterRow(&k)
	p.filterRow(&rest)
	if err := b.Delete(heightKey(second.first)); err != nil {
		return err
	}
	return p.apply(tx)
}

// changeTip changes the tip row.
func changeTip(change func(t *storeTip)) func(tx *txn) error {
	return func(tx *txn) error {
		tip, err := readTip(tx)
		if err != nil {
			return err
		}
		change(&tip)
		return writeTip(tx, &tip)
	}
}

// A store that is wrong is found to be so even if all its checksums are right:
// everything is proven again.
func TestCheckProvesEverything(t *testing.T) {
	const head = headerRowHead - checksumSize
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(60), 5000, 30, 1)
	p := earlyParams(blocks, 1000)
	row := func(h consensus.Height) []byte { return heightKey(rowStart(h)) }
	for name, forge := range map[string]func(tx *txn) error{
		"work before a row":       rewrite(bucketHeaders, row(500), flipAt(31)),
		"hash of the last header": rewrite(bucketHeaders, row(500), flipAt(32)),
		"header":                  rewrite(bucketHeaders, row(500), flipAt(head+5*consensus.HeaderSize+offExtraData)),
		"first header of a row":   rewrite(bucketHeaders, row(500), flipAt(head+offNonce)),
		"genesis block":           rewrite(bucketHeaders, row(0), flipAt(head+offNonce)),
		"last header":             rewrite(bucketHeaders, row(5000), flipAt(-1)),
		"header row too short":    rewrite(bucketHeaders, row(500), func(b []byte) []byte { return b[:len(b)-consensus.HeaderSize] }),
		"header row missing":      func(tx *txn) error { return tx.Bucket(bucketHeaders).Delete(row(500)) },
		"header row at wrong key": moveRow(bucketHeaders, rowStart(5000), rowStart(5000)+1),
		"early filter":            rewrite(bucketFilters, heightKey(0), flipAt(-1)),
		"last filter":             func(tx *txn) error { return forgeLastFilter(tx) },
		"filter rows split":       splitFilters,
		"filter rows joined":      joinFilters,
		"filter row at wrong key": moveRow(bucketFilters, 0, 1),
		"index entry":             rewrite(bucketHashes, heightKey(0), flipAt(700*indexEntry)),
		"index offset":            rewrite(bucketHashes, heightKey(0), flipAt(700*indexEntry+5)),
		"index row missing":       func(tx *txn) error { return tx.Bucket(bucketHashes).Delete(heightKey(0)) },
		"index row too many":      moveRow(bucketHashes, 0, segmentBlocks),
		"tip height":              changeTip(func(t *storeTip) { t.headers.Height-- }),
		"tip hash":                changeTip(func(t *storeTip) { t.headers.Hash[0]++ }),
		"tip work":                changeTip(func(t *storeTip) { t.work.AddUint64(1) }),
		"filters height":          changeTip(func(t *storeTip) { t.filters.Height-- }),
		"filters hash":            changeTip(func(t *storeTip) { t.filters.Hash[0]++ }),
		"floor":                   changeTip(func(t *storeTip) { t.floor = 1; t.filters.Height = 0 }),
		"floor above the filters": changeTip(func(t *storeTip) { t.floor = t.filters.Height + 2 }),
		"floor that is negative":  changeTip(func(t *storeTip) { t.floor = -1 }),
		"filters above the tip":   changeTip(func(t *storeTip) { t.above = Span{t.filters.Height + 2, t.headers} }),
		"filters above no gap":    changeTip(func(t *storeTip) { t.above = Span{t.filters.Height + 1, t.headers} }),
		"hash over early filters": rewrite(bucketMeta, keyEarly, flipAt(10)),
		"count of early filters":  rewrite(bucketMeta, keyEarly, func(b []byte) []byte { binary.BigEndian.PutUint32(b, 7); return b }),
		"unknown row in meta":     func(tx *txn) error { return writeMeta(tx, []byte("zebra"), make([]byte, 8)) },
		"unknown bucket":          func(tx *txn) error { _, err := tx.CreateBucket([]byte("zebra")); return err },
		"sequence number":         func(tx *txn) error { return tx.Bucket(bucketHeaders).SetSequence(1) },
		"network":                 rewrite(bucketMeta, keyNetwork, flipAt(3)),
		"format":                  rewrite(bucketMeta, keyFormat, flipAt(3)),
	} {
		t.Run(name, func(t *testing.T) {
			c := forgedStore(t, p, blocks)
			if err := c.store.update("forge", forge); err != nil {
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
func forgeLastFilter(tx *txn) error {
	key, _ := tx.Bucket(bucketFilters).Cursor().Last()
	return rewrite(bucketFilters, bytes.Clone(key), flipAt(-1))(tx)
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
	const head = headerRowHead - checksumSize
	p := consensus.SimNet()
	blocks := newTestChain(t, p).mine(t, p, random(62), 3000, 100, 1)
	var row filterRow
	for name, tc := range map[string]struct {
		forge            func(tx *txn) error
		headers, filters consensus.Height
	}{
		"nothing":    {func(*txn) error { return nil }, 3000, 3000},
		"header":     {rewrite(bucketHeaders, heightKey(rowStart(1000)), flipAt(head+10*consensus.HeaderSize+offNonce)), rowStart(1000) + 9, rowStart(1000) + 9},
		"header row": {func(tx *txn) error { return tx.Bucket(bucketHeaders).Delete(heightKey(rowStart(1000))) }, rowStart(1000) - 1, rowStart(1000) - 1},
		"index and tip": {func(tx *txn) error {
			return errors.Join(tx.Bucket(bucketMeta).Delete(keyTip), tx.DeleteBucket(bucketHashes))
		}, 3000, 3000},
		"filter row": {func(tx *txn) error {
			return errors.Join(row.read(&rows{Bucket: tx.Bucket(bucketFilters)}, 2000), tx.Bucket(bucketFilters).Delete(heightKey(row.first)))
		}, 3000, -1},
		"forged filters": {func(tx *txn) error { return rewrite(bucketFilters, heightKey(0), flipAt(-1))(tx) }, 3000, -2},
	} {
		t.Run(name, func(t *testing.T) {
			c := forgedStore(t, p, blocks)
			var first filterRow
			if err := c.store.update("forge", func(tx *txn) error {
				if err := first.read(&rows{Bucket: tx.Bucket(bucketFilters)}, 0); err != nil {
					return err
				}
				return tc.forge(tx)
			}); err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			cfg := Config{Path: c.store.path, Params: p}
			kept, err := Repair(cfg)
			if err != nil {
				t.Fatal(err)
			}
			filters := tc.filters
			switch filters {
			case -1:
				filters = row.first - 1
			case -2:
				filters = first.end() - 2
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
