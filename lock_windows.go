package spvd

import (
	"errors"
	"os"
	"syscall"
)

// sharingViolation is ERROR_SHARING_VIOLATION: another handle forbids this
// kind of access.
const sharingViolation = syscall.Errno(32)

// openLockable opens the lock file so that others may only read it, or returns
// errLocked.
func openLockable(name string) (*os.File, error) {
	utf16, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	handle, err := syscall.CreateFile(utf16, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ,
		nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err == nil {
		return os.NewFile(uintptr(handle), name), nil
	}
	if errors.Is(err, sharingViolation) {
		return nil, errLocked
	}
	return nil, &os.PathError{Op: "open", Path: name, Err: err}
}
