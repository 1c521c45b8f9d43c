//go:build unix

package parent

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// handDown returns the number of a copy of an open file, as a program hands it down.
func handDown(t *testing.T, f *os.File) uintptr {
	t.Helper()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return uintptr(fd)
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func open1(t *testing.T, f *os.File) *Pipe {
	t.Helper()
	p, err := Open(handDown(t, f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// decode reads a message as dcrwallet's parents do.
func decode(t *testing.T, r io.Reader) Message {
	t.Helper()
	read := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	head := read(2)
	if head[0] != 1 {
		t.Fatalf("version %d", head[0])
	}
	m := Message{Type: string(read(int(head[1])))}
	m.Payload = read(int(binary.LittleEndian.Uint32(read(4))))
	return m
}

// TestFraming: the bytes of a message are those that dcrwallet writes, and what is too long is
// refused.
func TestFraming(t *testing.T) {
	got, err := Message{ListenerType, []byte("127.0.0.1:9")}.encode()
	if want := "\x01\x0fjsonrpclistener\x0b\x00\x00\x00127.0.0.1:9"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if _, err := (Message{Type: strings.Repeat("x", 256)}).encode(); err == nil {
		t.Error("a type of 256 bytes was encoded")
	}
}

// TestMessagesArrive: what is sent is read, also when it is more than a pipe holds.
func TestMessagesArrive(t *testing.T) {
	r, w := pipe(t)
	p := open1(t, w)
	w.Close()
	large := Message{ClientCertType, bytes.Repeat([]byte("x"), 1<<20)}
	var wg sync.WaitGroup
	var sent error
	wg.Go(func() { sent = p.Send(t.Context(), large, Message{ListenerType, nil}) })
	if m := decode(t, r); m.Type != large.Type || !bytes.Equal(m.Payload, large.Payload) {
		t.Errorf("message %s of %d bytes", m.Type, len(m.Payload))
	}
	if m := decode(t, r); m.Type != ListenerType || len(m.Payload) != 0 {
		t.Errorf("message %+v", m)
	}
	wg.Wait()
	if sent != nil {
		t.Error(sent)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if n, err := r.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after Close %d bytes are read, %v", n, err)
	}
}

// TestEndIsNoticed: what the parent writes is dropped, and its end ends the wait.
func TestEndIsNoticed(t *testing.T) {
	r, w := pipe(t)
	p := open1(t, r)
	if _, err := w.Write(make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := p.AwaitEnd(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWaitsEndWithContext: neither a silent parent nor one that reads nothing holds up a stop.
func TestWaitsEndWithContext(t *testing.T) {
	_, w := pipe(t)
	write := open1(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := write.Send(ctx, Message{Payload: make([]byte, 1<<20)}); !errors.Is(err, context.Canceled) {
			t.Errorf("Send: %v", err)
		}
	})
	cancel()
	wg.Wait()
	silent, _ := pipe(t)
	read := open1(t, silent)
	wg.Go(func() {
		if err := read.AwaitEnd(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("AwaitEnd: %v", err)
		}
	})
	wg.Wait()
}

// TestNotAFile: a number of no open file is refused.
func TestNotAFile(t *testing.T) {
	if _, err := Open(99999); err == nil || !strings.Contains(err.Error(), "99999") {
		t.Errorf("got %v", err)
	}
}

// TestCommandsInheritNothing: the copy that the daemon has is closed in a command that it runs.
func TestCommandsInheritNothing(t *testing.T) {
	_, w := pipe(t)
	fd := handDown(t, w)
	if _, err := Open(fd); err != nil {
		t.Fatal(err)
	}
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0)
	if errno != 0 || flags&syscall.FD_CLOEXEC == 0 {
		t.Errorf("flags %d, %v", flags, errno)
	}
}
