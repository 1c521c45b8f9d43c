package parent

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
)

// Pipe is one end of a pipe to the program that has started the daemon. It is used by one
// goroutine.
type Pipe struct {
	file *os.File

	// cut is whether closing the file ends a read or a write that waits.
	cut bool
}

// Open returns the pipe of a number, which is the descriptor or handle of an open file. The
// error says that there is no such file.
func Open(number uintptr) (*Pipe, error) {
	f, cut, err := open(number)
	if err != nil {
		return nil, fmt.Errorf("%d is not the number of an open file: %w", number, err)
	}
	return &Pipe{f, cut}, nil
}

// Close closes the pipe.
func (p *Pipe) Close() error { return p.file.Close() }

// AwaitEnd reads and drops what comes until the other end is closed, and closes the pipe. It
// returns nil, the error of reading, or that of ctx when that ends first.
func (p *Pipe) AwaitEnd(ctx context.Context) error {
	defer p.file.Close()
	return p.during(ctx, func() error {
		_, err := io.Copy(io.Discard, p.file)
		return err
	})
}

// Send writes messages. It returns the error of writing, or that of ctx when that ends while
// the other end takes nothing; then the pipe is closed.
func (p *Pipe) Send(ctx context.Context, messages ...Message) error {
	var all []byte
	for _, m := range messages {
		b, err := m.encode()
		if err != nil {
			return err
		}
		all = append(all, b...)
	}
	return p.during(ctx, func() error {
		_, err := p.file.Write(all)
		return err
	})
}

// during returns the error of work on the file, or that of ctx when that ends first, which
// closes the file. Where that does not end work, it is left to the end of the process.
func (p *Pipe) during(ctx context.Context, work func() error) error {
	done := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { done <- work() })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		p.file.Close() // its error changes nothing
		if p.cut {
			wg.Wait()
		}
		return ctx.Err()
	}
}
