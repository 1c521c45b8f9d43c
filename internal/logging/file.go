package logging

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/jrick/logrotate/rotator"
)

// Limits of the log files on disk.
const (
	fileKilobytes = 10_000 // size at which a file is rotated, before compression
	keptFiles     = 5      // compressed old files
)

// File is a log file that is rotated when it has grown large.
type File struct{ r *rotator.Rotator }

// OpenFile opens a log file for appending. It makes the directories above it
// that are missing, for the user alone.
func OpenFile(path string) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make log directory: %w", err)
	}
	r, err := rotator.New(path, fileKilobytes, false, keptFiles)
	if err != nil {
		return nil, fmt.Errorf("open log file: %w", err)
	}
	return &File{r: r}, nil
}

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) { return f.r.Write(p) }

// Close waits for the compression of old files to end.
func (f *File) Close() error { return f.r.Close() }
