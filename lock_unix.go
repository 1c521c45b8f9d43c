//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package spvd

import (
	"errors"
	"os"
	"syscall"
)

// openLockable opens the lock file and locks it, or returns errLocked.
func openLockable(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, &os.PathError{Op: "flock", Path: name, Err: err}
}
