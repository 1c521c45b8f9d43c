package snapshot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// flaky is a source whose opens are scripted.
type flaky struct {
	data []byte
	open []func(rest []byte) (io.Reader, int64, error) // the last one again and again
	from []int64                                       // where it was opened
}

type nopCloser struct{ io.Reader }

func (nopCloser) Close() error { return nil }

func (f *flaky) Open(_ context.Context, _ string, from int64) (io.ReadCloser, int64, error) {
	next := f.open[min(len(f.from), len(f.open)-1)]
	f.from = append(f.from, from)
	r, size, err := next(f.data[from:])
	return nopCloser{r}, size, err
}

func (f *flaky) Close() error   { return nil }
func (f *flaky) String() string { return "flaky" }

// upTo opens the file and has it break off with an error after n bytes.
func upTo(n int, err error) func([]byte) (io.Reader, int64, error) {
	return func(rest []byte) (io.Reader, int64, error) {
		return io.MultiReader(bytes.NewReader(rest[:min(n, len(rest))]), iotest.ErrReader(err)), -1, nil
	}
}

func refuses(err error) func([]byte) (io.Reader, int64, error) {
	return func([]byte) (io.Reader, int64, error) { return nil, 0, err }
}

// TestStreamResumes: whatever breaks off, all bytes are read once and in order, as long as
// each attempt but three in a row brings something.
func TestStreamResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 50 {
			data := make([]byte, 1+r.IntN(400))
			for i := range data {
				data[i] = byte(r.Uint32())
			}
			f := &flaky{data: data}
			for range 12 {
				f.open = append(f.open, upTo(1+r.IntN(40), []error{io.EOF, io.ErrUnexpectedEOF, errors.New("reset")}[r.IntN(3)]))
				if r.IntN(3) == 0 {
					f.open = append(f.open, refuses(errors.New("busy")))
				}
			}
			f.open = append(f.open, upTo(len(data), io.EOF))
			b := &Blob{Size: int64(len(data)), SHA256: sha256.Sum256(data)}
			s := newStream(f, "file", b, true, new(rate))
			skip := r.IntN(len(data))
			got := make([]byte, len(data)-skip)
			if err := errors.Join(s.skip(t.Context(), int64(skip)), s.read(t.Context(), got), s.end(b)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, data[skip:]) {
				t.Fatal("other bytes")
			}
			s.close()
		}
	})
}

// TestStreamGivesUp: with the sentence of what is wrong, and in bounded time.
func TestStreamGivesUp(t *testing.T) {
	data := make([]byte, 100)
	slow := fmt.Errorf("nothing came for 20 s: %w", ErrSlow)
	for _, tt := range []struct {
		name   string
		open   []func([]byte) (io.Reader, int64, error)
		want   Reason
		says   string
		opened int
	}{
		{"ends early", []func([]byte) (io.Reader, int64, error){upTo(10, io.EOF), upTo(0, io.EOF)}, Truncated, "ends after 10 of 100 bytes", 4},
		{"breaks", []func([]byte) (io.Reader, int64, error){upTo(10, errors.New("reset")), upTo(0, errors.New("reset"))}, Unreachable, "cannot be read after 10 bytes: reset", 4},
		{"slow", []func([]byte) (io.Reader, int64, error){upTo(10, slow)}, Slow, "comes too slowly after 10 bytes: nothing came", 1},
		{"does not answer", []func([]byte) (io.Reader, int64, error){refuses(slow)}, Slow, "does not come", 1},
		{"refuses", []func([]byte) (io.Reader, int64, error){refuses(errors.New("500"))}, Unreachable, "cannot be read: 500", 4},
		{"drops", []func([]byte) (io.Reader, int64, error){upTo(1, io.EOF)}, Truncated, "ends after 65 of 100 bytes", 65},
		{"says another size", []func([]byte) (io.Reader, int64, error){func([]byte) (io.Reader, int64, error) { return nil, 99, nil }}, Truncated, "has 99 bytes and not 100", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				f := &flaky{data: data, open: tt.open}
				s := newStream(f, "file", &Blob{Size: 100}, false, new(rate))
				err := s.read(t.Context(), make([]byte, 100))
				var fault *Fault
				if !errors.As(err, &fault) || fault.Reason != tt.want || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v", err)
				}
				if len(f.from) != tt.opened {
					t.Errorf("opened at %v", f.from)
				}
				if took := time.Since(began); took > 30*time.Second {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// TestStreamEndsWithItsContext, also in a pause.
func TestStreamEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		s := newStream(&flaky{open: []func([]byte) (io.Reader, int64, error){refuses(errors.New("busy"))}}, "file", &Blob{Size: 9}, false, new(rate))
		if err := s.read(ctx, make([]byte, 9)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// TestEndlessFile: what goes on after its size is refused, and not read.
func TestEndlessFile(t *testing.T) {
	f := &flaky{data: make([]byte, 1000), open: []func([]byte) (io.Reader, int64, error){upTo(1000, io.EOF)}}
	b := &Blob{Size: 100}
	s := newStream(f, "file", b, false, new(rate))
	if err := s.read(t.Context(), make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	var fault *Fault
	if err := s.end(b); !errors.As(err, &fault) || fault.Reason != Oversized || !strings.Contains(err.Error(), "goes on after 100 bytes") {
		t.Errorf("got %v", err)
	}
	if s.off != 100 {
		t.Errorf("read %d bytes", s.off)
	}
}
