package parent

import (
	"os"
	"strconv"
	"syscall"
)

// open returns an open file, of which commands inherit nothing. Closing it does not end a read.
func open(handle uintptr) (f *os.File, cut bool, err error) {
	if _, err := syscall.GetFileType(syscall.Handle(handle)); err != nil {
		return nil, false, err
	}
	if err := syscall.SetHandleInformation(syscall.Handle(handle), syscall.HANDLE_FLAG_INHERIT, 0); err != nil {
		return nil, false, err
	}
	return os.NewFile(handle, "pipe "+strconv.Itoa(int(handle))), false, nil
}
