//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// keyWait is how long a read waits for a key, in tenths of a second.
const keyWait = 1

// keyboard is a terminal that delivers single keys, and shows none.
type keyboard struct {
	fd     int
	before unix.Termios
}

// keyboardOf returns a function that makes a terminal deliver single keys, nil if the file is
// none.
func keyboardOf(f *os.File) func() (*keyboard, error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getAttributes)
	if err != nil {
		return nil
	}
	return func() (*keyboard, error) {
		raw := *before
		raw.Iflag &^= unix.BRKINT | unix.ICRNL | unix.INLCR | unix.IGNCR | unix.ISTRIP | unix.IXON
		raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.IEXTEN | unix.ISIG
		raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 0, keyWait
		if err := unix.IoctlSetTermios(fd, setAttributes, &raw); err != nil {
			return nil, fmt.Errorf("prepare the terminal: %w", err)
		}
		return &keyboard{fd: fd, before: *before}, nil
	}
}

// read returns the keys that are pressed within a moment, none if there are none. The error is
// io.EOF when there is no terminal any longer.
func (k *keyboard) read() ([]byte, error) {
	buf := make([]byte, 64)
	began := time.Now()
	n, err := unix.Read(k.fd, buf)
	switch {
	case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
		return nil, nil
	case err != nil:
		return nil, io.EOF
	case n <= 0 && time.Since(began) < keyWait*50*time.Millisecond: // it has not waited
		return nil, io.EOF
	}
	return buf[:n], nil
}

// restore makes the terminal what it was.
func (k *keyboard) restore() error { return unix.IoctlSetTermios(k.fd, setAttributes, &k.before) }
