package snapshot

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// Chain is the chain that segments are written from; *chain.Reader is one.
type Chain interface {
	// Scan calls fn with each block of the main chain from one height to another, and
	// returns the error of fn, or one that wraps chain.ErrStale if blocks have left the
	// chain meanwhile.
	Scan(from, to consensus.Height, fn func(id consensus.BlockID, h *consensus.Header, filter []byte) error) error
}

// Writer writes the snapshot of a network into a directory, of which it is the only writer.
type Writer struct {
	Params *consensus.Params
	Dir    string

	// Blocks is the number of blocks of a segment; zero is the number of the network, which is
	// the only one that others expect.
	Blocks int

	// Before is called before each operation on the directory or its files, with the name of
	// the operation. With an error the operation fails with that. Nil: none does.
	Before func(operation string) error
}

// blocks returns the number of blocks of a segment.
func (w *Writer) blocks() int { return int(orDefault(int64(w.Blocks), int64(BlocksOf(w.Params)))) }

// Open creates the directory if it does not exist, removes what a killed process has left
// unfinished, and returns the manifest: that of an empty snapshot if there is none. The
// error is a [*Fault] for a manifest that cannot be used, or one of the file system.
func (w *Writer) Open(ctx context.Context) (*Manifest, error) {
	if err := w.before("open"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(w.Dir, 0o755); err != nil { //nolint:gosec // it is served to others
		return nil, err
	}
	if err := removeRests(w.Dir, w.Params.ChainParams.Name); err != nil {
		return nil, fmt.Errorf("remove unfinished files: %w", err)
	}
	m, err := Load(ctx, Dir(w.Dir), w.Params)
	var f *Fault
	if errors.As(err, &f) && f.Reason == Missing {
		m := NewManifest(w.Params)
		m.Blocks = w.blocks()
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if want := w.blocks(); m.Blocks != want {
		return nil, fault(Malformed, "the segments have %d blocks, and this program writes segments of %d", m.Blocks, want)
	}
	return m, nil
}

// Write writes the files of the segment with an index and returns the segment. Both files
// are durable when it returns; the manifest is another step. It reads the chain twice: first
// the headers and the sizes of the filters, then the filters. The error wraps chain.ErrStale
// if the blocks have left the chain meanwhile.
func (w *Writer) Write(ctx context.Context, c Chain, index int) (Segment, error) {
	return w.make(ctx, c, index, w.replace)
}

// putter makes a file of what a function writes.
type putter func(name string, write func(io.Writer) error) error

// Errors of Check.
var (
	// ErrDiffers says that a segment is not that of the chain.
	ErrDiffers = errors.New("it is not what the chain has")

	// ErrDamaged says that a file is not the one that the manifest names.
	ErrDamaged = errors.New("its files are damaged")
)

// Check compares a segment with the chain, and its files with the manifest, byte for byte.
// The error wraps ErrDiffers or ErrDamaged, chain.ErrStale as for Write, or is one of the
// file system or the store.
func (w *Writer) Check(ctx context.Context, c Chain, s *Segment) error {
	want, err := w.make(ctx, c, int(s.First)/s.Blocks(), func(_ string, write func(io.Writer) error) error {
		return write(io.Discard)
	})
	if err != nil {
		return err
	}
	if want != *s {
		return fmt.Errorf("%v: %w", s, ErrDiffers)
	}
	for name, blob := range map[string]*Blob{s.HeadersName(w.Params): &s.Headers, s.FiltersName(w.Params): &s.Filters} {
		st := newStream(Dir(w.Dir), name, blob, true, new(rate))
		err := errors.Join(st.skip(ctx, blob.Size), st.end(blob))
		st.close()
		var f *Fault
		if errors.As(err, &f) {
			return fmt.Errorf("%v: %w: %w", s, ErrDamaged, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Remove removes the files of a segment that the manifest no longer names. Files that are not
// there are no error.
func (w *Writer) Remove(s *Segment) error {
	var errs []error
	for _, name := range []string{s.HeadersName(w.Params), s.FiltersName(w.Params)} {
		if err := w.before("remove"); err != nil {
			errs = append(errs, err)
			continue
		}
		if err := os.Remove(filepath.Join(w.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// make makes the files of the segment with an index, each by a call of put.
func (w *Writer) make(ctx context.Context, c Chain, index int, put putter) (Segment, error) {
	blocks := w.blocks()
	s := Segment{First: consensus.Height(index * blocks), Last: consensus.Height((index+1)*blocks - 1)}
	headers := make([]byte, 0, blocks*consensus.HeaderSize)
	table := make([]byte, 0, blocks*lengthSize)
	err := c.Scan(s.First, s.Last, func(id consensus.BlockID, h *consensus.Header, filter []byte) error {
		headers = append(headers, h[:]...)
		table = binary.LittleEndian.AppendUint32(table, uint32(len(filter)))
		s.Hash = id.Hash
		return context.Cause(ctx)
	})
	if err != nil {
		return s, fmt.Errorf("read %v: %w", &s, err)
	}
	if size := int64(len(table)) + sizeOf(table); size > MaxFilters {
		return s, fmt.Errorf("read %v: the filters take %d bytes, more than %d", &s, size, MaxFilters)
	}
	if s.Headers, err = blob(s.HeadersName(w.Params), put, func(to io.Writer) error {
		_, err := to.Write(headers)
		return err
	}); err != nil {
		return s, fmt.Errorf("write %v: %w", &s, err)
	}
	if s.Filters, err = blob(s.FiltersName(w.Params), put, func(to io.Writer) error {
		return writeFilters(ctx, to, c, &s, table)
	}); err != nil {
		return s, fmt.Errorf("write %v: %w", &s, err)
	}
	return s, nil
}

// writeFilters writes a table and the filters that it is the table of.
func writeFilters(ctx context.Context, to io.Writer, c Chain, s *Segment, table []byte) error {
	if _, err := to.Write(table); err != nil {
		return err
	}
	var last consensus.BlockID
	at := 0
	err := c.Scan(s.First, s.Last, func(id consensus.BlockID, _ *consensus.Header, filter []byte) error {
		if int(binary.LittleEndian.Uint32(table[at:])) != len(filter) {
			return chain.ErrStale
		}
		at += lengthSize
		last = id
		if _, err := to.Write(filter); err != nil {
			return err
		}
		return context.Cause(ctx)
	})
	if err == nil && last.Hash != s.Hash {
		return chain.ErrStale
	}
	return err
}

// blob writes a file and returns its size and hash.
func blob(name string, put putter, write func(io.Writer) error) (Blob, error) {
	sum := sha256.New()
	var size counter
	err := put(name, func(f io.Writer) error {
		b := bufio.NewWriterSize(f, 256<<10)
		return errors.Join(write(io.MultiWriter(b, sum, &size)), b.Flush())
	})
	return Blob{Size: int64(size), SHA256: [32]byte(sum.Sum(nil))}, err
}

// Publish replaces the manifest. The files of its segments must be there.
func (w *Writer) Publish(m *Manifest) error {
	err := w.replace(ManifestName(w.Params), func(f io.Writer) error {
		_, err := f.Write(m.Encode())
		return err
	})
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// counter counts the bytes that are written to it.
type counter int64

// Write counts bytes and never fails.
func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
