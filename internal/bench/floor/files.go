package floor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/spv/consensus"
)

// fileBatch is how many blocks of a file are read and proven at a time.
const fileBatch = 2048

// Files does the least that any program does that imports a snapshot from a directory: it reads
// each file once, hashes each header with both algorithms, compares it with its target and links
// it to its parent, and hashes each filter and compares it with its header. It keeps nothing. One
// goroutine for each processor does this for one segment after the other.
func Files(ctx context.Context, p *consensus.Params, dir string) error {
	m, err := snapshot.Load(ctx, snapshot.Dir(dir), p)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range m.Segments {
		parent := p.ChainParams.GenesisHash
		if i > 0 {
			parent = m.Segments[i-1].Hash
		}
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return segment(p, dir, &m.Segments[i], parent)
		})
	}
	return g.Wait()
}

// segment reads and proves one segment.
func segment(p *consensus.Params, dir string, s *snapshot.Segment, parent chainhash.Hash) error {
	headerFile, err := os.Open(filepath.Join(dir, s.HeadersName(p)))
	if err != nil {
		return err
	}
	defer headerFile.Close()
	filterFile, err := os.Open(filepath.Join(dir, s.FiltersName(p)))
	if err != nil {
		return err
	}
	defer filterFile.Close()
	table := make([]byte, 4*s.Blocks())
	if _, err := filterFile.ReadAt(table, 0); err != nil {
		return err
	}
	at := int64(len(table))
	raw := make([]byte, 0, fileBatch*headerStride)
	row := make([]byte, fileBatch*consensus.HeaderSize)
	var filters []byte
	for first := 0; first < s.Blocks(); first += fileBatch {
		n := min(fileBatch, s.Blocks()-first)
		if _, err := headerFile.ReadAt(row[:n*consensus.HeaderSize], int64(first)*consensus.HeaderSize); err != nil {
			return err
		}
		raw = raw[:0]
		for i := range n {
			raw = append(append(raw, row[i*consensus.HeaderSize:][:consensus.HeaderSize]...), 0)
		}
		sizes := table[4*first:][:4*n]
		total := 0
		for i := range n {
			total += int(binary.LittleEndian.Uint32(sizes[4*i:]))
		}
		if cap(filters) < total {
			filters = make([]byte, total)
		}
		if _, err := filterFile.ReadAt(filters[:total], at); err != nil {
			return err
		}
		at += int64(total)
		if s.First == 0 && first == 0 { // the genesis block is known
			raw, filters = raw[headerStride:], filters[binary.LittleEndian.Uint32(sizes):]
			sizes = sizes[4:]
		}
		if parent, err = proveFiles(parent, raw, sizes, filters); err != nil {
			return err
		}
	}
	if parent != s.Hash {
		return fmt.Errorf("%v ends with %v", s, parent)
	}
	return nil
}

// proveFiles proves headers after a parent, and their filters, and returns the last hash.
func proveFiles(parent chainhash.Hash, raw, sizes, filters []byte) (chainhash.Hash, error) {
	proven, err := proveHeaders(parent, raw)
	if err != nil {
		return parent, err
	}
	for i := range proven.hashes {
		n := binary.LittleEndian.Uint32(sizes[4*i:])
		root := (*consensus.Header)(raw[i*headerStride:]).StakeRoot()
		if n > 0 && chainhash.HashH(filters[:n]) != root {
			return parent, errors.New("a filter is not the committed one")
		}
		filters = filters[n:]
	}
	return proven.hashes[len(proven.hashes)-1], nil
}
