package testnet_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// prefixOf returns the blocks of a chain from height one on as Prefix reads them.
func prefixOf(t *testing.T, c *testnet.Chain) []byte {
	t.Helper()
	var b []byte
	add := func(item []byte) {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(item))), item...)
	}
	for h := consensus.Height(1); h <= c.Height(); h++ {
		raw, err := c.Block(h).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		add(raw)
		add(c.Filter(h))
	}
	return b
}

// TestBranchOnAPrefix: a branch on blocks that were read keeps all rules of headers, and
// a chain is read as it was.
func TestBranchOnAPrefix(t *testing.T) {
	const version = 12 // newer than that of other generated blocks
	c := generate(t, testnet.Config{Seed: 5}).Grow(testnet.Branch{Blocks: 300, Seed: 5, Version: version})
	read, err := testnet.Prefix(consensus.SimNet(), bytes.NewReader(prefixOf(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	if read.Tip() != c.Tip() || read.Block(200).BlockHash() != c.ID(200).Hash {
		t.Errorf("read a chain with the tip %v, want %v", read.Tip(), c.Tip())
	}
	if !bytes.Equal(read.Filter(150), c.Filter(150)) {
		t.Error("read another filter of block 150")
	}
	const late = 10 * time.Second
	fork := read.Grow(testnet.Branch{At: 300, Blocks: 900, Seed: 6, Late: late})
	checkHeaders(t, fork)
	if got := fork.At(fork.Height()).Version(); got != version {
		t.Errorf("the branch has blocks of version %d, want that of the prefix, %d", got, version)
	}
	limit := consensus.SimNet().ChainParams.PowLimitBits
	if got := fork.At(fork.Height()).Bits(); got != limit {
		t.Errorf("the branch ends with difficulty %08x, want the least, %08x", got, limit)
	}
}

// TestPrefixRefuses: what is no chain of blocks with their filters is refused by block.
func TestPrefixRefuses(t *testing.T) {
	c := generate(t, testnet.Config{Seed: 5, Blocks: 3})
	good := prefixOf(t, c)
	first := 4 + int(binary.LittleEndian.Uint32(good))
	filter := 4 + int(binary.LittleEndian.Uint32(good[first:]))
	flipped := bytes.Clone(good)
	flipped[first+filter-1] ^= 1
	huge := binary.LittleEndian.AppendUint32(nil, wire.MaxBlockPayload+1)
	for name, test := range map[string]struct {
		in   []byte
		want string
	}{
		"nothing":                {nil, "no blocks"},
		"a block left out":       {good[first+filter:], "read block 1 of prefix"},
		"a block without filter": {good[:first], "read block 1 of prefix: read filter"},
		"half a block":           {good[:first/2], "read block 1 of prefix"},
		"another filter":         {flipped, "does not commit"},
		"an oversized block":     {huge, "an item of"},
	} {
		_, err := testnet.Prefix(consensus.SimNet(), bytes.NewReader(test.in))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, test.want)
		}
	}
}
