package regular

import (
	"fmt"
	"io/fs"
	"os"
)

// Read returns the content of a file. The error is one of the system, such as fs.ErrNotExist,
// or says that it is not a regular file and what it is.
func Read(name string) ([]byte, error) {
	if err := Check(name); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

// Check returns an error of Read for a path that is no regular file, or does not exist.
func Check(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() && name != os.DevNull {
		return fmt.Errorf("%s is not a regular file (%s)", name, kind(info.Mode()))
	}
	return nil
}

// kind names the type of a file as users know it.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return mode.Type().String()
}
