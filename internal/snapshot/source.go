package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spvd/spvd/spv/consensus"
)

// ErrSlow is the error of a source that has stopped to deliver bytes, or delivers too few.
var ErrSlow = errors.New("too few bytes come")

// Source is where the files of a snapshot are read from. Its methods may be called from
// any goroutine. Nothing that it delivers is trusted.
type Source interface {
	// Open opens a file from an offset on. The size is that of the whole file, or -1 if
	// the source does not say. The error wraps fs.ErrNotExist if there is no such file.
	// Reads end with an error when ctx ends, and with one that wraps ErrSlow when the
	// bytes do not come. The caller closes the file.
	Open(ctx context.Context, name string, from int64) (file io.ReadCloser, size int64, err error)

	// Close releases what the source holds between files. It may be called again.
	Close() error

	// String names the source for users, without a password.
	String() string
}

// Dir is a directory as a source.
type Dir string

// Open opens a regular file of the directory.
func (d Dir) Open(_ context.Context, name string, from int64) (io.ReadCloser, int64, error) {
	path := filepath.Join(string(d), name)
	info, err := os.Stat(path) // before it is opened: to open a pipe could wait for ever
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// Close does nothing.
func (d Dir) Close() error { return nil }

// String returns the path.
func (d Dir) String() string { return string(d) }

// Load reads and parses the manifest of a network from a source. Every error but that of
// ctx is a [*Fault].
func Load(ctx context.Context, src Source, p *consensus.Params) (*Manifest, error) {
	name := ManifestName(p)
	s := stream{src: src, name: name, size: -1, limit: MaxManifest, rate: new(rate)}
	defer s.close()
	b, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	return ParseManifest(p, b)
}

// opened sorts the errors of Source.Open.
func opened(name string, err error) *Fault {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault(Missing, "there is no file %s", name)
	case errors.Is(err, ErrSlow):
		return fault(Slow, "%s does not come", name).because(err)
	}
	return fault(Unreachable, "%s cannot be read", name).because(err)
}
