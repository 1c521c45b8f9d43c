package chain

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
)

// The rows of format 2 are what they have always been, byte for byte. When this
// fails the format has changed: it needs a new number, and an upgrade.
func TestRowsAreGolden(t *testing.T) {
	blocks := newTestChain(t, consensus.SimNet()).mine(t, consensus.SimNet(), random(70), 3, 8, 1)
	c := forgedStore(t, earlyParams(blocks, 2), blocks)
	var got strings.Builder
	err := c.store.view("test", func(tx *txn) error {
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
	segment := appendSegment(nil, segmentBlocks, func(h consensus.Height) chainhash.Hash { return consensus.FilterHash([]byte{byte(h), byte(h >> 8)}) })
	seal(heightKey(segmentBlocks), segment)
	fmt.Fprintf(&got, "segment %x... %v\n", segment[:checksumSize+2*indexEntry], chainhash.HashH(segment))

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
	err := c.store.view("test", func(tx *txn) error {
		if err := tx.Bucket(bucketStale).ForEach(func(key, row []byte) error {
			_, err := fmt.Fprintf(got, "stale %x %x\n", key, row)
			return err
		}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(got, "meta %x %x\n", keyInvalid, tx.Bucket(bucketMeta).Get(keyInvalid))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every hash of a segment is found in it, wherever its entry is, and no other.
func TestSearchPrefix(t *testing.T) {
	for name, prefix := range map[string]func(i int) uint32{
		"spread":  func(i int) uint32 { return uint32(i) << 20 },
		"equal":   func(int) uint32 { return 7 },
		"low":     func(i int) uint32 { return uint32(i) },
		"high":    func(i int) uint32 { return ^uint32(i) },
		"doubles": func(i int) uint32 { return uint32(i/2) << 21 },
	} {
		row := appendSegment(nil, 0, func(h consensus.Height) (hash chainhash.Hash) {
			p := prefix(int(h))
			copy(hash[:], []byte{byte(p >> 24), byte(p >> 16), byte(p >> 8), byte(p)})
			return hash
		})
		entries := row[checksumSize:]
		for i := 0; i < segmentBlocks; i += 97 {
			for _, p := range []uint32{0, prefix(i), prefix(i) + 1, prefix(i) - 1, 1<<32 - 1} {
				want := 0
				for want < segmentBlocks && binary.BigEndian.Uint32(entries[want*indexEntry:]) < p {
					want++
				}
				if searchPrefix(entries, p) != want {
					t.Fatalf("%s: prefix %x is at %d, want %d", name, p, searchPrefix(entries, p), want)
				}
			}
		}
	}
}
