package e2e

import (
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proxy"
)

// record is what a proxy saw, with heights in place of hashes.
type record struct {
	t       *testing.T
	frames  []proxy.Frame
	heights map[chainhash.Hash]int64 // of the node's main chain
}

// readRecord reads what passed a proxy before a node.
func readRecord(t *testing.T, p *proxy.Proxy, n *node.Node) *record {
	t.Helper()
	r := &record{t: t, frames: p.State().Frames, heights: make(map[chainhash.Hash]int64)}
	tip, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for height := range tip.Height + 1 {
		hash, err := n.Hash(t.Context(), height)
		if err != nil {
			t.Fatal(err)
		}
		r.heights[hash] = height
	}
	return r
}

// headersAfter returns the height that the first request for headers starts
// from.
func (r *record) headersAfter() int64 {
	r.t.Helper()
	for _, f := range r.frames {
		if f.Command != wire.CmdGetHeaders {
			continue
		}
		var m wire.MsgGetHeaders
		if err := f.Decode(&m); err != nil {
			r.t.Fatal(err)
		}
		return r.height(*m.BlockLocatorHashes[0])
	}
	r.t.Fatal("no headers were asked for")
	return 0
}

// filtersFrom returns the height of the lowest block whose filter was asked
// for.
func (r *record) filtersFrom() int64 {
	r.t.Helper()
	lowest := int64(-1)
	for _, f := range r.frames {
		var start chainhash.Hash
		switch f.Command {
		case wire.CmdGetCFiltersV2:
			var m wire.MsgGetCFsV2
			if err := f.Decode(&m); err != nil {
				r.t.Fatal(err)
			}
			start = m.StartHash
		case wire.CmdGetCFilterV2:
			var m wire.MsgGetCFilterV2
			if err := f.Decode(&m); err != nil {
				r.t.Fatal(err)
			}
			start = m.BlockHash
		default:
			continue
		}
		if height := r.height(start); lowest < 0 || height < lowest {
			lowest = height
		}
	}
	if lowest < 0 {
		r.t.Fatal("no filters were asked for")
	}
	return lowest
}

// height returns the height of a block, which must be on the node's chain.
func (r *record) height(hash chainhash.Hash) int64 {
	r.t.Helper()
	height, ok := r.heights[hash]
	if !ok {
		r.t.Fatalf("%v was asked for, which is not on the chain", hash)
	}
	return height
}

// filtersIn returns the blocks whose filters a message brings.
func filtersIn(f *proxy.Frame) []chainhash.Hash {
	var m wire.MsgCFiltersV2
	if f.Command != wire.CmdCFiltersV2 || f.Decode(&m) != nil {
		return nil
	}
	blocks := make([]chainhash.Hash, len(m.CFilters))
	for i, filter := range m.CFilters {
		blocks[i] = filter.BlockHash
	}
	return blocks
}
