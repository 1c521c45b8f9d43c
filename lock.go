package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// errLocked is returned by lockExclusive while another process, or another
// handle of this one, holds the lock.
var errLocked = errors.New("locked")

// lock is a file that at most one running daemon holds. The system lets go of
// it when the process ends in whatever way, so a file that is left behind is no
// obstacle.
type lock struct{ file *os.File }

// takeLock takes the lock file, and writes the id of this process into it for
// others to name.
func takeLock(name string) (*lock, error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open lock file: %s is not a regular file (%s): remove it", name, info.Mode().Type())
	}
	f, err := openLockable(name)
	if errors.Is(err, errLocked) {
		return nil, takenError(name)
	}
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := writeID(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("write lock file: %w", err)
	}
	return &lock{file: f}, nil
}

// release lets go of the lock. The file stays: deleting it would let two later
// daemons lock two files of the same name.
func (l *lock) release() error { return l.file.Close() }

func writeID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// takenError says who holds the lock, as far as the file tells.
func takenError(name string) error {
	who := "another spvd"
	if f, err := os.Open(name); err == nil {
		defer f.Close()
		content, _ := io.ReadAll(io.LimitReader(f, 32)) // without it nobody is named
		if pid, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil {
			who = fmt.Sprintf("spvd with process id %d", pid)
		}
	}
	return fmt.Errorf("%s is running on this data (%s): stop it, or choose another directory with --appdata", who, name)
}
