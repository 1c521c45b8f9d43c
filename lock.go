package spvd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// errLocked is returned by openLockable while another process, or another
// handle of this one, holds the lock.
var errLocked = errors.New("locked")

// InUseError says that another process, or another client of this one, uses a directory.
type InUseError struct {
	Path string // of the lock file
	PID  int    // of the process, zero if the file does not tell
}

// Error names the process and the lock file.
func (e *InUseError) Error() string {
	holder := "another spvd"
	if e.PID != 0 {
		holder = fmt.Sprintf("spvd with process id %d", e.PID)
	}
	return fmt.Sprintf("%s is running on this data (%s): stop it, or choose another directory", holder, e.Path)
}

// Lock is the right to use the data of a network: at most one client has it. The system
// releases it when the process ends in whatever way, so that a file which is left behind is
// no obstacle.
type Lock struct {
	dir  string
	file *os.File // nil once released
}

// TakeLock makes the directory of a network below a data directory, unless it exists, and
// takes its lock. Open does this by itself: it is for programs that have to hold the data
// before they open it, or instead. The error is an *InUseError or one of the file system.
func TakeLock(data string, network Network) (*Lock, error) {
	dir := network.Dir(data)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	f, err := takeLock(filepath.Join(dir, LockFile))
	if err != nil {
		return nil, err
	}
	return &Lock{dir: dir, file: f}, nil
}

// Release releases a lock that no client was opened with. It may be called again.
func (l *Lock) Release() error { return l.release() }

// release closes the file. The file stays: deleting it would let two later processes lock
// two files of the same name.
func (l *Lock) release() error {
	if l == nil || l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}

// takeLock takes a lock file, and writes the id of this process into it for others to name.
func takeLock(name string) (*os.File, error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open lock file: %s is not a regular file (%s): remove it", name, info.Mode().Type())
	}
	f, err := openLockable(name)
	if errors.Is(err, errLocked) {
		return nil, &InUseError{Path: name, PID: holderOf(name)}
	}
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := writeID(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("write lock file: %w", err)
	}
	return f, nil
}

func writeID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holderOf returns the id of the process that holds a lock, as far as the file tells.
func holderOf(name string) int {
	f, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer f.Close()
	content, _ := io.ReadAll(io.LimitReader(f, 32)) // without it no process is named
	pid, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return pid
}
