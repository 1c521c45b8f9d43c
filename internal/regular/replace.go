package regular

import (
	"os"
	"path/filepath"
)

// Replace replaces a file atomically: a reader sees the old content or the new one, and never the
// new one with another mode or group. The group is the number of one; nil leaves
// it to the system.
func Replace(name string, content []byte, mode os.FileMode, group *int) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once renamed
	_, err = f.Write(content)
	if err == nil && group != nil {
		err = f.Chown(-1, *group)
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
