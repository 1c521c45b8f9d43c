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

const (
	fileBatch  = 2048 // how many blocks of a file are read, proven and written at a time
	lengthSize = 4    // of an entry of the table that begins a file of filters
)

// Files does the least that any program does that imports a snapshot from the directory src: it
// reads each file once, hashes each header with both algorithms, compares it with its target and
// links it to its parent, hashes each filter and compares it with its header, and writes good
// headers and filters to two flat files in the directory dst, which it syncs once at the end. One
// goroutine for each processor does this for one segment after the other. If dst is empty, it
// writes nothing.
func Files(ctx context.Context, p *consensus.Params, src, dst string) (err error) {
	m, err := snapshot.Load(ctx, snapshot.Dir(src), p)
	if err != nil {
		return err
	}
	out, err := create(dst)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	at := int64(0) // where the filters of the segment begin in the flat file
	for i := range m.Segments {
		s, filtersAt := &m.Segments[i], at
		at += s.Filters.Size - lengthSize*int64(s.Blocks())
		parent := p.ChainParams.GenesisHash
		if i > 0 {
			parent = m.Segments[i-1].Hash
		}
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return segment(p, src, s, parent, out, filtersAt)
		})
	}
	return g.Wait()
}

// flat is the two flat files, which are nil if nothing is written.
type flat struct{ headers, filters *os.File }

// create makes the flat files, unless the directory is empty.
func create(dir string) (f flat, err error) {
	if dir == "" {
		return f, nil
	}
	if f.headers, err = os.Create(filepath.Join(dir, "headers")); err != nil {
		return f, err
	}
	if f.filters, err = os.Create(filepath.Join(dir, "filters")); err != nil {
		return f, errors.Join(err, f.headers.Close())
	}
	return f, nil
}

// write writes blocks from a height on, with filters at a place.
func (f flat) write(first consensus.Height, headers, filters []byte, at int64) error {
	if f.headers == nil {
		return nil
	}
	_, err := f.headers.WriteAt(headers, int64(first)*consensus.HeaderSize)
	_, failure := f.filters.WriteAt(filters, at)
	return errors.Join(err, failure)
}

// close waits for the disk, and closes the files.
func (f flat) close() error {
	if f.headers == nil {
		return nil
	}
	return errors.Join(f.headers.Sync(), f.filters.Sync(), f.headers.Close(), f.filters.Close())
}

// segment reads and proves one segment, and writes it with its filters at a place.
func segment(p *consensus.Params, dir string, s *snapshot.Segment, parent chainhash.Hash, out flat, filtersAt int64) error {
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
	table := make([]byte, lengthSize*s.Blocks())
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
		sizes := table[lengthSize*first:][:lengthSize*n]
		total := 0
		for i := range n {
			total += int(binary.LittleEndian.Uint32(sizes[lengthSize*i:]))
		}
		if cap(filters) < total {
			filters = make([]byte, total)
		}
		if _, err := filterFile.ReadAt(filters[:total], at); err != nil {
			return err
		}
		at += int64(total)
		proofs := filters[:total]
		if s.First == 0 && first == 0 { // the genesis block is known
			raw, proofs = raw[headerStride:], proofs[binary.LittleEndian.Uint32(sizes):]
			sizes = sizes[lengthSize:]
		}
		if parent, err = proveFiles(parent, raw, sizes, proofs); err != nil {
			return err
		}
		height := s.First + consensus.Height(first)
		if err := out.write(height, row[:n*consensus.HeaderSize], filters[:total], filtersAt); err != nil {
			return err
		}
		filtersAt += int64(total)
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
		n := binary.LittleEndian.Uint32(sizes[lengthSize*i:])
		root := (*consensus.Header)(raw[i*headerStride:]).StakeRoot()
		if n > 0 && chainhash.HashH(filters[:n]) != root {
			return parent, errors.New("a filter is not the committed one")
		}
		filters = filters[n:]
	}
	return proven.hashes[len(proven.hashes)-1], nil
}
