package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// newSuffix ends the names of files that are not whole yet.
const newSuffix = ".new"

// replace writes a file under another name, makes it durable and moves it into place, so
// that readers and a restart find the whole file or none. After an error the other file is
// gone, and nothing has changed, unless it was the last step that failed.
func (w *Writer) replace(name string, write func(io.Writer) error) (err error) {
	fresh := filepath.Join(w.Dir, name+newSuffix)
	if err := w.before("create"); err != nil {
		return err
	}
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644) //nolint:gosec // it is served to others
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			if rest := os.Remove(fresh); !errors.Is(rest, fs.ErrNotExist) {
				err = errors.Join(err, rest)
			}
		}
	}()
	err = write(writerFunc(func(b []byte) (int, error) {
		if err := w.before("write"); err != nil {
			return 0, err
		}
		return f.Write(b)
	}))
	if err == nil {
		err = w.before("sync")
	}
	if err := errors.Join(err, f.Sync(), f.Close(), w.before("rename")); err != nil {
		return err
	}
	if err := os.Rename(fresh, filepath.Join(w.Dir, name)); err != nil {
		return err
	}
	if err := w.before("sync directory"); err != nil {
		return err
	}
	return syncDir(w.Dir)
}

// before calls the hook of the writer before an operation.
func (w *Writer) before(operation string) error {
	if w.Before == nil {
		return nil
	}
	return w.Before(operation)
}

// writerFunc is a function as a writer.
type writerFunc func(b []byte) (int, error)

// Write calls the function.
func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// syncDir makes the names in a directory durable. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

// removeRests removes the files of a network that a killed process has left unfinished.
func removeRests(dir, network string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range list {
		name := entry.Name()
		if strings.HasPrefix(name, network) && strings.HasSuffix(name, newSuffix) && entry.Type().IsRegular() {
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
