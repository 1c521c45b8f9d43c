package snapshot

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

const (
	// maxResumes is how often a file is opened again in all when it ends early or fails, and
	// maxFruitless how often in a row without that another byte came.
	maxResumes   = 64
	maxFruitless = 3

	// resumePause is how long the first of these pauses takes; each of the next ones takes
	// twice as long.
	resumePause = 250 * time.Millisecond
)

// stream reads one file of a source from front to back, and resumes where it was when the
// source fails. It reads no byte beyond the size that it expects but one, which shows that
// the file is larger.
type stream struct {
	src   Source
	name  string
	size  int64     // as the manifest says; -1 for the manifest itself
	limit int64     // of the size, if that is not known
	sum   hash.Hash // over what was read; nil if that is of no use
	rate  *rate     // counts what was read

	file    io.ReadCloser // nil while none is open
	off     int64         // of the next byte
	resumes int
	barren  int // of these, in a row without a byte
}

// newStream returns a stream of a blob; hashed says whether its SHA-256 is compared.
func newStream(src Source, name string, b *Blob, hashed bool, r *rate) *stream {
	s := &stream{src: src, name: name, size: b.Size, rate: r}
	if hashed {
		s.sum = sha256.New()
	}
	return s
}

// close closes the file that is open, if there is one.
func (s *stream) close() {
	if s.file != nil {
		_ = s.file.Close() // nothing was written
		s.file = nil
	}
}

// skip goes on after n bytes that are of no use. They are read only if they are hashed.
func (s *stream) skip(ctx context.Context, n int64) error {
	if s.sum == nil {
		s.close()
		s.off += n
		return nil
	}
	b := make([]byte, min(n, 64<<10))
	for n > 0 {
		part := b[:min(n, int64(len(b)))]
		if err := s.read(ctx, part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

// read fills b with the next bytes. The error is a [*Fault], or the cause of ctx.
func (s *stream) read(ctx context.Context, b []byte) error {
	for rest := b; len(rest) > 0; {
		n, err := s.some(ctx, rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	if s.sum != nil {
		_, _ = s.sum.Write(b) // never fails
	}
	return nil
}

// some reads at least one byte, and opens or resumes the file for it.
func (s *stream) some(ctx context.Context, b []byte) (int, error) {
	for {
		if s.file == nil {
			if err := s.open(ctx); err != nil {
				if err := s.again(ctx, err, passes(err)); err != nil {
					return 0, err
				}
				continue
			}
		}
		n, err := s.file.Read(b)
		s.off += int64(n)
		s.rate.read.Add(int64(n))
		if n > 0 {
			s.barren = 0
			return n, nil
		}
		if err == nil {
			continue
		}
		s.close()
		f := fault(Unreachable, "%s cannot be read after %d bytes", s.name, s.off).because(err)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			f = fault(Truncated, "%s ends after %d of %d bytes", s.name, s.off, s.size)
		case errors.Is(err, ErrSlow):
			f = fault(Slow, "%s comes too slowly after %d bytes", s.name, s.off).because(err)
		}
		if err := s.again(ctx, f, f.Reason != Slow); err != nil {
			return 0, err
		}
	}
}

// open opens the file where the stream is. A file of another size than expected is
// refused before a byte of it is read.
func (s *stream) open(ctx context.Context) *Fault {
	file, size, err := s.src.Open(ctx, s.name, s.off)
	if err != nil {
		return opened(s.name, err)
	}
	s.file = file
	var f *Fault
	switch {
	case s.size < 0 && size > s.limit:
		f = fault(Oversized, "%s has %d bytes, more than %d", s.name, size, s.limit)
	case s.size < 0 || size < 0 || size == s.size:
		return nil
	case size < s.size:
		f = fault(Truncated, "%s has %d bytes and not %d", s.name, size, s.size)
	default:
		f = fault(Oversized, "%s has %d bytes and not %d", s.name, size, s.size)
	}
	s.close()
	return f
}

// passes reports whether a fault of open may be gone a moment later.
func passes(f *Fault) bool { return f.Reason == Unreachable }

// again pauses before the file is opened again, or returns why it is not: the source was
// given enough chances, ctx has ended, or the fault does not pass.
func (s *stream) again(ctx context.Context, f *Fault, passes bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.resumes++
	s.barren++
	if !passes || s.resumes > maxResumes || s.barren > maxFruitless {
		return f
	}
	return wait.For(ctx, resumePause<<(s.barren-1))
}

// end checks that the file ends here, and has its SHA-256 if that was computed.
func (s *stream) end(b *Blob) error {
	if s.file != nil {
		var one [1]byte
		if n, _ := s.file.Read(one[:]); n > 0 { // the error does not matter: all bytes are there
			return fault(Oversized, "%s goes on after %d bytes", s.name, s.size)
		}
	}
	if s.sum != nil && [32]byte(s.sum.Sum(nil)) != b.SHA256 {
		return fault(OtherBytes, "%s does not have the SHA-256 of the manifest", s.name)
	}
	return nil
}

// all reads a file whose size is not known to its end.
func (s *stream) all(ctx context.Context) ([]byte, error) {
	for {
		if err := s.open(ctx); err != nil {
			if err := s.again(ctx, err, passes(err)); err != nil {
				return nil, err
			}
			continue
		}
		b, err := io.ReadAll(io.LimitReader(ratedFile{s.file, s.rate}, s.limit+1))
		s.close()
		switch {
		case int64(len(b)) > s.limit:
			return nil, fault(Oversized, "%s has more than %d bytes", s.name, s.limit)
		case err == nil:
			return b, nil
		}
		f := fault(Unreachable, "%s cannot be read", s.name).because(err)
		if errors.Is(err, ErrSlow) {
			f = fault(Slow, "%s comes too slowly", s.name).because(err)
		}
		if err := s.again(ctx, f, f.Reason != Slow); err != nil {
			return nil, err
		}
	}
}
