package logging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/jrick/logrotate/rotator"
)

// Limits of the log files on disk.
const (
	fileKilobytes = 10_000 // size at which a file is rotated, before compression
	keptFiles     = 5      // compressed old files
)

// modeEvery is how many bytes are written until the modes of all log files are set again: the
// rotator creates files that every user can read.
const modeEvery = 64 << 10

// File is a log file that is rotated when it has grown large. Only the user can read it and
// the old ones.
type File struct {
	r    *rotator.Rotator
	path string

	mu      sync.Mutex // guards written
	written int        // bytes since the modes were set
}

// OpenFile opens a log file for appending. It creates missing directories above it, for the
// user alone. It is an error if the path is not a regular file, but a symbolic link, for
// example, that another user may have put there.
func OpenFile(path string) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make log directory: %w", err)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("open log file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("open log file: %s is not a regular file (%s): remove it, or choose another directory with --logdir", path, info.Mode().Type())
	}
	made, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	if err := made.Close(); err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	r, err := rotator.New(path, fileKilobytes, false, keptFiles)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	f := &File{r: r, path: path}
	f.setModes()
	return f, nil
}

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.r.Write(p)
	f.mu.Lock()
	f.written += n
	due := f.written >= modeEvery
	if due {
		f.written = 0
	}
	f.mu.Unlock()
	if due {
		f.setModes()
	}
	return n, err
}

// setModes makes the file and the old ones readable by the user alone. A failure is ignored,
// as on a system without modes.
func (f *File) setModes() {
	old, _ := filepath.Glob(f.path + ".*")
	for _, name := range append(old, f.path) {
		if info, err := os.Lstat(name); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			_ = os.Chmod(name, 0o600)
		}
	}
}

// Close waits for the compression of old files to end.
func (f *File) Close() error {
	err := f.r.Close()
	f.setModes()
	return err
}
