package chain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// The rows of format 2 are what they have always been, byte for byte. When this
// fails the format has changed: it needs a new number, and an upgrade.
func TestRowsAreGolden(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(70), 3, 8, 1)
	c := forgedStore(t, earlyParams(blocks, 2), blocks)
	var got strings.Builder
	err := c.store.View("test", func(tx *store.Txn) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(key, row []byte) error {
				_, err := fmt.Fprintf(&got, "%s %x %x\n", name, key, row)
				return err
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	staleRows(t, &got)
	segment := store.AppendSegment(nil, store.SegmentBlocks, func(h consensus.Height) chainhash.Hash { return consensus.FilterHash([]byte{byte(h), byte(h >> 8)}) })
	store.Seal(store.HeightKey(store.SegmentBlocks), segment)
	fmt.Fprintf(&got, "segment %x... %v\n", segment[:store.ChecksumSize+2*store.IndexEntry], chainhash.HashH(segment))

	want, err := os.ReadFile("testdata/rows-2.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got rows\n%s\nwant\n%s", got.String(), want)
	}
}

// staleRows adds the rows about blocks that have left the main chain, and of one that was found
// to be invalid, of a store that has reorganised.
func staleRows(t *testing.T, got *strings.Builder) {
	t.Helper()
	p, r := consensus.SimNet(), random(71)
	a := newTestChain(t, p).mine(t, p, r, 4, 8, 1)
	b := a.fork(2).mine(t, p, r, 3, 8, 1)
	c := reopen(t, Config{Path: filepath.Join(t.TempDir(), "stale.db"), Params: p, noWAL: true})
	a.feed(t, p, c, 0, 10, 1)
	mustFlush(t, c)
	b.feed(t, p, c, 2, 10, 1)
	mustFlush(t, c)
	if _, err := c.Invalidate(b.id(5)); err != nil {
		t.Fatal(err)
	}
	mustFlush(t, c)
	err := c.store.View("test", func(tx *store.Txn) error {
		if err := tx.Bucket(bucketStale).ForEach(func(key, row []byte) error {
			_, err := fmt.Fprintf(got, "stale %x %x\n", key, row)
			return err
		}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(got, "meta %x %x\n", keyInvalid, tx.Bucket(store.BucketMeta).Get(keyInvalid))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
